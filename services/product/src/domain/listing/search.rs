use contracts::product::{ProductCard, ProductSort};
use types::ProductId;

use super::filter::Sieve;
use super::{Filter, Listing, Place, Traits};

/// Ratings beyond this number make a product no more relevant.
const ENOUGH_RATINGS: u32 = 100;

/// A product that words are about, and how well they fit it, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub(super) slot: u32,
    rank: i32,
}

/// The products that words are about.
pub type Hits = Box<[Hit]>;

impl Listing {
    /// What PostgreSQL found, in the listing's own numbers; it may know a product that this listing does not know yet.
    pub fn hits(&self, found: &[(ProductId, i32)]) -> Hits {
        let hit = |(id, rank): &(ProductId, i32)| Some(Hit { slot: *self.slots.get(id)?, rank: *rank });
        let mut hits: Vec<Hit> = found.iter().filter_map(hit).collect();
        // As they lie in memory.
        hits.sort_unstable_by_key(|hit| hit.slot);
        hits.into_boxed_slice()
    }

    /// The hits after a place in the order of `sort`, and where they stand. Every order is descending.
    pub fn search(
        &self,
        hits: &Hits,
        filter: &Filter,
        sort: ProductSort,
        after: Option<Place>,
        rows: usize,
    ) -> Vec<(Place, ProductCard)> {
        let sieve = Sieve::new(filter, self);
        let mut found: Vec<(Place, u32)> = hits
            .iter()
            .filter_map(|hit| {
                let traits = &self.traits[hit.slot as usize];
                sieve
                    .passes(traits)
                    .then(|| (Place(key(traits, hit.rank, sort), self.ids[hit.slot as usize]), hit.slot))
            })
            .filter(|(place, _)| after.is_none_or(|after| *place < after))
            .collect();
        let descending = |a: &(Place, u32), b: &(Place, u32)| b.0.cmp(&a.0);
        if rows < found.len() {
            found.select_nth_unstable_by(rows, descending);
            found.truncate(rows);
        }
        found.sort_unstable_by(descending);
        found.into_iter().map(|(place, slot)| (place, self.card(slot))).collect()
    }
}

fn key(product: &Traits, rank: i32, sort: ProductSort) -> i64 {
    match sort {
        ProductSort::Newest => product.created,
        ProductSort::PriceAscending => -product.price,
        ProductSort::PriceDescending => product.price,
        ProductSort::Rating => i64::from(product.rating_hundredths),
        ProductSort::Relevance => {
            let ratings = i64::from(product.rating_count.min(ENOUGH_RATINGS));
            i64::from(rank) + ratings * i64::from(product.rating_hundredths) / 10
        }
    }
}
