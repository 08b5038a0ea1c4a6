use std::cmp::Reverse;

use contracts::product::{FacetCount, Facets, PriceBand};
use types::Money;

use super::filter::Sieve;
use super::{Filter, Hits, Listing};
use crate::domain::catalogue::Category;

/// The bounds between the price bands, in paise.
const BANDS: [i64; 4] = [50_000, 100_000, 250_000, 500_000];
/// Choices that a facet shows at most.
const MOST_CHOICES: usize = 20;

impl Listing {
    /// How the hits divide. Each facet leaves its own choice out of account, so that it can be changed.
    pub fn facets(&self, hits: &Hits, filter: &Filter, categories: &[Category]) -> Facets {
        let sieve = Sieve::new(filter, self);
        let mut total = 0;
        let mut in_category = vec![0; self.categories.names.len()];
        let mut of_brand = vec![0; self.brands.names.len()];
        let mut in_band = [0; BANDS.len() + 1];
        let mut with_stars = [0; 6];
        for product in hits.iter().map(|hit| &self.traits[hit.slot as usize]) {
            if !sieve.can_be_had(product) {
                continue;
            }
            let category = sieve.in_category(product);
            let brand = sieve.of_brand(product);
            let price = sieve.at_price(product);
            let rated = sieve.rated(product);
            total += u32::from(category && brand && price && rated);
            in_category[product.category as usize] += u32::from(brand && price && rated);
            of_brand[product.brand as usize] += u32::from(category && price && rated);
            in_band[BANDS.partition_point(|bound| *bound <= product.price)] += u32::from(category && brand && rated);
            with_stars[usize::from(product.rating_hundredths / 100).min(5)] += u32::from(category && brand && price);
        }
        let category = |(id, count)| {
            let category = categories.iter().find(|category| category.id == id)?;
            Some(FacetCount { value: category.slug.clone(), label: category.name.clone(), count })
        };
        let brand = |(name, count): (&str, u32)| FacetCount { value: name.to_owned(), label: name.to_owned(), count };
        Facets {
            total,
            categories: most(self.categories.names.iter().copied().zip(in_category).filter_map(category)),
            brands: most(self.brands.names.iter().map(|name| &**name).zip(of_brand).map(brand)),
            prices: in_band.into_iter().enumerate().filter(|(_, count)| *count > 0).map(band).collect(),
            ratings: (1..=4).rev().map(|least| at_least(least, &with_stars)).filter(|f| f.count > 0).collect(),
        }
    }
}

/// The choices that leave most; among equals the first by name.
fn most(choices: impl Iterator<Item = FacetCount>) -> Vec<FacetCount> {
    let mut choices: Vec<FacetCount> = choices.filter(|choice| choice.count > 0).collect();
    choices.sort_unstable_by(|a, b| Reverse(a.count).cmp(&Reverse(b.count)).then_with(|| a.label.cmp(&b.label)));
    choices.truncate(MOST_CHOICES);
    choices
}

fn band((number, count): (usize, u32)) -> PriceBand {
    let bound = |number: usize| BANDS.get(number).copied().map(Money::from_paise);
    PriceBand {
        min_price: number.checked_sub(1).and_then(bound).unwrap_or(Money::ZERO),
        max_price: bound(number).map(|above| above - Money::from_paise(1)),
        count,
    }
}

fn at_least(stars: usize, with_stars: &[u32; 6]) -> FacetCount {
    let count = with_stars[stars..].iter().sum();
    FacetCount { value: stars.to_string(), label: format!("{stars} stars and up"), count }
}
