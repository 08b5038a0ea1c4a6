use types::{CategoryId, Money};

use super::{Listing, Traits};

/// Which products.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One of these.
    pub categories: Option<Vec<CategoryId>>,
    pub brand: Option<String>,
    pub min_price: Option<Money>,
    pub max_price: Option<Money>,
    pub in_stock: bool,
    /// At least so many hundredths of a star.
    pub min_rating: Option<u16>,
}

/// A filter in the listing's own numbers.
pub(super) struct Sieve {
    categories: Option<Vec<bool>>,
    /// The brand; none at all if no product has it.
    brand: Option<Option<u32>>,
    min_price: i64,
    max_price: i64,
    in_stock: bool,
    min_rating: u16,
}

impl Sieve {
    pub fn new(filter: &Filter, listing: &Listing) -> Self {
        let categories = filter.categories.as_ref().map(|wanted| {
            let mut passes = vec![false; listing.categories.names.len()];
            for number in wanted.iter().filter_map(|id| listing.categories.numbers.get(id)) {
                passes[*number as usize] = true;
            }
            passes
        });
        Sieve {
            categories,
            brand: filter.brand.as_ref().map(|brand| listing.brands.numbers.get(brand.as_str()).copied()),
            min_price: filter.min_price.map_or(0, Money::paise),
            max_price: filter.max_price.map_or(i64::MAX, Money::paise),
            in_stock: filter.in_stock,
            min_rating: filter.min_rating.unwrap_or(0),
        }
    }

    pub fn passes(&self, product: &Traits) -> bool {
        self.can_be_had(product)
            && self.at_price(product)
            && self.rated(product)
            && self.of_brand(product)
            && self.in_category(product)
    }

    pub fn can_be_had(&self, product: &Traits) -> bool {
        product.on_sale && (product.in_stock || !self.in_stock)
    }

    pub fn in_category(&self, product: &Traits) -> bool {
        self.categories.as_ref().is_none_or(|passes| passes[product.category as usize])
    }

    pub fn of_brand(&self, product: &Traits) -> bool {
        self.brand.is_none_or(|brand| brand == Some(product.brand))
    }

    pub fn at_price(&self, product: &Traits) -> bool {
        (self.min_price..=self.max_price).contains(&product.price)
    }

    pub fn rated(&self, product: &Traits) -> bool {
        product.rating_hundredths >= self.min_rating
    }
}
