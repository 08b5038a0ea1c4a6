//! One product of the demonstration, by its number.

use std::time::Duration;

use types::{Money, Timestamp, VariantId};

use super::families::{Choice, FAMILIES, Family};
use super::more_families::MORE_FAMILIES;
use super::{HYDERABAD, Kind, WARANGAL, id, product_id};
use crate::domain::catalogue::slug_of;
use crate::store::bulk::{BulkProduct, BulkStock, BulkVariant};

/// A product has at most so many variants.
const MOST_VARIANTS: usize = 64;
const A_DAY: Duration = Duration::from_secs(24 * 3600);

fn families() -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().chain(MORE_FAMILIES)
}

/// How many products there are before a kind in a form comes again.
pub fn natural_count() -> usize {
    families().map(|family| family.kinds.len() * family.forms.len()).sum()
}

pub struct Goods {
    /// From 0.
    pub number: usize,
    family: &'static Family,
    kind: &'static (&'static str, i64),
    form: &'static (&'static str, i64),
    /// 0 for the natural ones.
    edition: usize,
}

impl Goods {
    pub fn of(number: usize) -> Self {
        let (mut place, edition) = (number % natural_count(), number / natural_count());
        let mut family = &FAMILIES[0];
        for candidate in families() {
            family = candidate;
            let size = family.kinds.len() * family.forms.len();
            if place < size {
                break;
            }
            place -= size;
        }
        let (kind, form) = (&family.kinds[place / family.forms.len()], &family.forms[place % family.forms.len()]);
        Goods { number, family, kind, form, edition }
    }

    pub fn title(&self) -> String {
        let title = format!("{} {}", self.kind.0, self.form.0);
        if self.edition == 0 { title } else { format!("{title}, Edition {}", self.edition + 1) }
    }

    pub fn product(&self, variants: &[BulkVariant], now: Timestamp) -> BulkProduct {
        let brands = self.family.brands;
        // Two families have kinds of one name.
        let slug = format!("{}-{}", slug_of(&self.title()), self.number + 1);
        let age = u32::try_from(chance(self.number, 7) % 400).unwrap_or(0);
        BulkProduct {
            id: product_id(self.number),
            slug,
            title: self.title(),
            brand: brands[self.number % brands.len()].to_owned(),
            description: self.family.about.to_owned(),
            category: self.family.category.to_owned(),
            hsn: self.family.hsn.to_owned(),
            return_days: self.family.return_days,
            options: self.family.options.iter().map(|(name, _)| (*name).to_owned()).collect(),
            image: variants
                .first()
                .map(|variant| format!("/api/v1/products/images/{}.svg", variant.sku))
                .unwrap_or_default(),
            created_at: now.minus(A_DAY * age),
        }
    }

    /// Every combination of choices.
    pub fn variants(&self) -> Vec<BulkVariant> {
        let mut combinations: Vec<Vec<&Choice>> = vec![Vec::new()];
        for (_, choices) in self.family.options {
            combinations = combinations
                .iter()
                .flat_map(|chosen| choices.iter().map(|choice| chosen.iter().copied().chain([choice]).collect()))
                .collect();
        }
        combinations.into_iter().enumerate().map(|(i, chosen)| self.variant(i, &chosen)).collect()
    }

    fn variant(&self, position: usize, chosen: &[&Choice]) -> BulkVariant {
        let price = self.kind.1 + self.form.1 + i64::try_from(self.edition % 40).unwrap_or(0) * 5;
        let price = chosen.iter().fold(price, |price, choice| (price * choice.1 / 100).max(1));
        let weight = chosen.iter().fold(self.family.grams, |weight, choice| weight * choice.2 / 100);
        // Some ten to forty per cent above, at a round number.
        let above = i64::try_from(chance(self.number, 3) % 31).unwrap_or(0) + 110;
        let mrp = (price * above / 100 / 10 + 1) * 10;
        let codes = chosen.iter().map(|choice| format!("-{}", code_of(choice.0)));
        BulkVariant {
            id: VariantId(id(Kind::Variant, (self.number * MOST_VARIANTS + position) as u128 + 1)),
            product_id: product_id(self.number),
            sku: format!("{}-{:03}{}", self.family.code, self.number + 1, codes.collect::<String>()),
            options: chosen.iter().map(|choice| choice.0.to_owned()).collect(),
            price: Money::from_rupees(price),
            mrp: Money::from_rupees(mrp),
            weight_grams: weight.max(1),
            position,
        }
    }

    /// Most is there in good number, some runs low, and a little is sold out.
    pub fn stock(&self, variant: &BulkVariant) -> [BulkStock; 2] {
        let luck = chance(self.number * MOST_VARIANTS + variant.position, 11);
        let (near, far) = match luck % 23 {
            0 => (0, 0),
            1 | 2 => (3, 0),
            _ => (20 + luck % 60, luck % 30),
        };
        let at = |location_id, on_hand: u64| BulkStock {
            variant_id: variant.id,
            location_id,
            on_hand: u32::try_from(on_hand).unwrap_or(0),
        };
        // What the tour buys is always there.
        if self.number == 0 {
            [at(HYDERABAD, 200), at(WARANGAL, 100)]
        } else {
            [at(HYDERABAD, near), at(WARANGAL, far)]
        }
    }
}

/// `Madder Red` is MADDER in a SKU, `250 g` is 250G.
fn code_of(choice: &str) -> String {
    choice.chars().filter(char::is_ascii_alphanumeric).take(6).map(|c| c.to_ascii_uppercase()).collect()
}

/// A number that looks random and is always the same (SplitMix64).
pub fn chance(number: usize, salt: u64) -> u64 {
    let mut z = (number as u64).wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{KURTA_SKU, TIFFIN_SKU, item};
    use std::collections::BTreeSet;

    #[test]
    fn every_article_has_a_sku_of_its_own_and_a_lawful_price() {
        assert!(natural_count() >= 300, "{} products", natural_count());
        let variants: Vec<BulkVariant> = (0..natural_count()).flat_map(|number| Goods::of(number).variants()).collect();
        let skus: BTreeSet<&str> = variants.iter().map(|variant| variant.sku.as_str()).collect();
        assert_eq!(skus.len(), variants.len());
        assert!(variants.iter().all(|variant| variant.price <= variant.mrp && variant.price.is_positive()));
    }

    #[test]
    fn the_articles_that_others_name_are_there() {
        let kurta = item(KURTA_SKU).unwrap();
        assert_eq!((kurta.title.as_str(), kurta.price), ("Hand-Block Cotton Straight Kurta", Money::from_rupees(899)));
        let tiffin = item(TIFFIN_SKU).unwrap();
        assert_eq!(tiffin.title, "Two-Tier Steel Tiffin Carrier");
    }
}
