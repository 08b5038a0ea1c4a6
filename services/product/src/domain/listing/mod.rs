//! The products on sale as lists show them, sorted and ready to be filtered: what [`crate::index`] keeps in memory.

mod facets;
mod filter;
mod search;

use std::collections::HashMap;

use contracts::product::{ProductCard, ProductSort, RatingSummary};
use serde::{Deserialize, Serialize};
use types::{CategoryId, Money, ProductId, Timestamp};

pub use filter::Filter;
use filter::Sieve;
pub use search::{Hit, Hits};

/// More changes than this are put in their places by sorting everything once.
const FEW: usize = 100;

/// What a list shows of a product, and whether it may.
#[derive(Clone, Debug)]
pub struct Listed {
    pub on_sale: bool,
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: String,
    pub category_id: CategoryId,
    pub price: Money,
    pub mrp: Money,
    pub image: Option<String>,
    pub rating: RatingSummary,
    pub in_stock: bool,
    pub created_at: Timestamp,
    /// Counts the edits of the product: while it stays, so do the words that the product is found by.
    pub version: i64,
}

/// Where a product stands in a list: the number that the list is sorted by, then the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(pub i64, pub ProductId);

/// What a product is filtered and sorted by: small, so that a hundred thousand of them are looked through in a millisecond.
#[derive(Clone, Copy, Debug)]
struct Traits {
    price: i64,
    /// In microseconds since 1970.
    created: i64,
    /// Indexes into the listing's own brands and categories.
    brand: u32,
    category: u32,
    rating_count: u32,
    rating_hundredths: u16,
    in_stock: bool,
    on_sale: bool,
}

/// What else a card shows.
#[derive(Debug)]
struct Texts {
    slug: Box<str>,
    title: Box<str>,
    image: Option<Box<str>>,
    mrp: Money,
    version: i64,
}

/// Products by slot: a number that a product keeps as long as the listing lives.
#[derive(Debug, Default)]
pub struct Listing {
    slots: HashMap<ProductId, u32>,
    ids: Vec<ProductId>,
    traits: Vec<Traits>,
    texts: Vec<Texts>,
    brands: Names<Box<str>>,
    categories: Names<CategoryId>,
    /// The slots of what is on sale, in ascending order each.
    by_age: Vec<u32>,
    by_price: Vec<u32>,
    by_rating: Vec<u32>,
    generation: u64,
}

#[derive(Clone, Copy)]
enum Order {
    Age,
    Price,
    Rating,
}

impl Listing {
    /// A number that changes whenever products come, go, or may be found by other words.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// One of many products; they stand in no list before [`Listing::sort`].
    pub fn add(&mut self, product: Listed) {
        let slot = self.slots.get(&product.id).copied();
        self.put(slot, product);
    }

    /// Brings products up to date: new ones come, those no longer on sale go.
    pub fn update(&mut self, changed: Vec<Listed>) {
        if changed.len() > FEW {
            changed.into_iter().for_each(|product| self.add(product));
            return self.sort();
        }
        for product in changed {
            let slot = self.slots.get(&product.id).copied();
            if let Some(slot) = slot {
                self.take_out(slot);
            }
            let slot = self.put(slot, product);
            self.put_in(slot);
        }
    }

    /// The products after a place in the order of `sort`, and where they stand.
    pub fn list(
        &self,
        filter: &Filter,
        sort: ProductSort,
        after: Option<Place>,
        rows: usize,
    ) -> Vec<(Place, ProductCard)> {
        let (order, descending) = match sort {
            ProductSort::Newest | ProductSort::Relevance => (Order::Age, true),
            ProductSort::PriceAscending => (Order::Price, false),
            ProductSort::PriceDescending => (Order::Price, true),
            ProductSort::Rating => (Order::Rating, true),
        };
        let sieve = Sieve::new(filter, self);
        let slots = self.order(order);
        let place = |slot: &u32| self.place(order, *slot);
        let found = |slot: &u32| sieve.passes(&self.traits[*slot as usize]);
        let row = |slot: &u32| (place(slot), self.card(*slot));
        if descending {
            let end = after.map_or(slots.len(), |after| slots.partition_point(|slot| place(slot) < after));
            slots[..end].iter().rev().filter(|slot| found(slot)).take(rows).map(row).collect()
        } else {
            let start = after.map_or(0, |after| slots.partition_point(|slot| place(slot) <= after));
            slots[start..].iter().filter(|slot| found(slot)).take(rows).map(row).collect()
        }
    }

    fn card(&self, slot: u32) -> ProductCard {
        let slot = slot as usize;
        let (traits, texts) = (&self.traits[slot], &self.texts[slot]);
        ProductCard {
            id: self.ids[slot],
            slug: texts.slug.to_string(),
            title: texts.title.to_string(),
            brand: self.brands.name(traits.brand).to_string(),
            category_id: *self.categories.name(traits.category),
            price: Money::from_paise(traits.price),
            mrp: texts.mrp,
            image: texts.image.as_deref().map(str::to_owned),
            rating: RatingSummary { average_hundredths: traits.rating_hundredths, count: traits.rating_count },
            in_stock: traits.in_stock,
        }
    }

    fn put(&mut self, slot: Option<u32>, product: Listed) -> u32 {
        let traits = Traits {
            price: product.price.paise(),
            created: product.created_at.as_microseconds(),
            brand: self.brands.number(product.brand.into_boxed_str()),
            category: self.categories.number(product.category_id),
            rating_count: product.rating.count,
            rating_hundredths: product.rating.average_hundredths,
            in_stock: product.in_stock,
            on_sale: product.on_sale,
        };
        let texts = Texts {
            slug: product.slug.into_boxed_str(),
            title: product.title.into_boxed_str(),
            image: product.image.map(String::into_boxed_str),
            mrp: product.mrp,
            version: product.version,
        };
        match slot {
            Some(slot) => {
                let index = slot as usize;
                if self.texts[index].version != texts.version || self.traits[index].on_sale != traits.on_sale {
                    self.generation += 1;
                }
                (self.traits[index], self.texts[index]) = (traits, texts);
                slot
            }
            None => {
                self.generation += 1;
                let slot = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
                self.slots.insert(product.id, slot);
                self.ids.push(product.id);
                self.traits.push(traits);
                self.texts.push(texts);
                slot
            }
        }
    }

    fn put_in(&mut self, slot: u32) {
        if !self.traits[slot as usize].on_sale {
            return;
        }
        for order in [Order::Age, Order::Price, Order::Rating] {
            let place = self.place(order, slot);
            let index = self.order(order).partition_point(|other| self.place(order, *other) < place);
            self.order_mut(order).insert(index, slot);
        }
    }

    fn take_out(&mut self, slot: u32) {
        if !self.traits[slot as usize].on_sale {
            return;
        }
        for order in [Order::Age, Order::Price, Order::Rating] {
            let place = self.place(order, slot);
            let index = self.order(order).partition_point(|other| self.place(order, *other) < place);
            self.order_mut(order).remove(index);
        }
    }

    /// Puts everything on sale in its places.
    pub fn sort(&mut self) {
        let on_sale = (0..).zip(&self.traits).filter(|(_, traits)| traits.on_sale).map(|(slot, _)| slot);
        let slots: Vec<u32> = on_sale.collect();
        for order in [Order::Age, Order::Price, Order::Rating] {
            let mut sorted = slots.clone();
            sorted.sort_unstable_by_key(|slot| self.place(order, *slot));
            *self.order_mut(order) = sorted;
        }
    }

    fn place(&self, order: Order, slot: u32) -> Place {
        let traits = &self.traits[slot as usize];
        let key = match order {
            Order::Age => traits.created,
            Order::Price => traits.price,
            Order::Rating => i64::from(traits.rating_hundredths),
        };
        Place(key, self.ids[slot as usize])
    }

    fn order(&self, order: Order) -> &[u32] {
        match order {
            Order::Age => &self.by_age,
            Order::Price => &self.by_price,
            Order::Rating => &self.by_rating,
        }
    }

    fn order_mut(&mut self, order: Order) -> &mut Vec<u32> {
        match order {
            Order::Age => &mut self.by_age,
            Order::Price => &mut self.by_price,
            Order::Rating => &mut self.by_rating,
        }
    }
}

/// Numbers for values that many products share.
#[derive(Debug)]
struct Names<T> {
    names: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names { names: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn number(&mut self, name: T) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> &T {
        &self.names[number as usize]
    }
}

#[cfg(test)]
mod tests;
