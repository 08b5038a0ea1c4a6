//! The demonstration's catalogue: believable things at believable prices, the same each time, and as many as a benchmark wants.

mod families;
mod goods;
mod more_families;
mod opinions;

use platform::Result;
use sqlx::PgConnection;
use types::{CategoryId, LocationId, Money, ProductId, Rate, Timestamp, VariantId};
use uuid::Uuid;

use crate::store::bulk::{self, Batch, BulkCategory};
use families::{CATEGORIES, HSN, TaxCode};
use goods::{Goods, natural_count};

/// Both in Telangana, so one GST registration.
pub const HYDERABAD: LocationId = LocationId(id(Kind::Location, 1));
pub const WARANGAL: LocationId = LocationId(id(Kind::Location, 2));

/// A kurta that is there in good number: what the tour buys.
pub const KURTA_SKU: &str = "KURTA-001-INDIGO-M";
/// A steel tiffin carrier without a choice to make.
pub const TIFFIN_SKU: &str = "STEEL-069";

/// How much there is of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoCatalogue {
    pub products: usize,
    pub variants: usize,
}

/// An article of the demonstration, for other services' demonstration data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoItem {
    pub product_id: ProductId,
    pub variant_id: VariantId,
    pub sku: String,
    pub title: String,
    pub price: Money,
}

/// Adds the demonstration's catalogue, if it is not there.
pub async fn seed(connection: &mut PgConnection, now: Timestamp) -> Result<DemoCatalogue> {
    generate(connection, natural_count(), now).await
}

/// The same with so many products: beyond the natural ones, further editions of them.
pub async fn generate(connection: &mut PgConnection, products: usize, now: Timestamp) -> Result<DemoCatalogue> {
    const BATCH: usize = 1000;
    let mut made = DemoCatalogue { products, variants: 0 };
    let there = products == 0 || bulk::is_there(connection, product_id(products - 1)).await?;
    if !there {
        bulk::insert_locations(connection, &[(HYDERABAD, "Hyderabad"), (WARANGAL, "Warangal")]).await?;
        insert_taxes(connection).await?;
        bulk::insert_categories(connection, &categories()).await?;
    }
    for start in (0..products).step_by(BATCH) {
        let batch = batch(start..products.min(start + BATCH), now);
        made.variants += batch.variants.len();
        if !there && !bulk::is_there(connection, product_id(start)).await? {
            bulk::insert(connection, &batch, now).await?;
            if (start / BATCH + 1).is_power_of_two() {
                bulk::analyze(connection).await?;
            }
        }
    }
    Ok(made)
}

/// The article with this SKU.
pub fn item(sku: &str) -> Option<DemoItem> {
    (0..natural_count()).map(Goods::of).find_map(|goods| {
        let variant = goods.variants().into_iter().find(|variant| variant.sku == sku)?;
        Some(DemoItem {
            product_id: variant.product_id,
            variant_id: variant.id,
            sku: variant.sku,
            title: goods.title(),
            price: variant.price,
        })
    })
}

fn batch(numbers: std::ops::Range<usize>, now: Timestamp) -> Batch {
    let mut batch = Batch::default();
    for goods in numbers.map(Goods::of) {
        let variants = goods.variants();
        batch.products.push(goods.product(&variants, now));
        batch.stock.extend(variants.iter().flat_map(|variant| goods.stock(variant)));
        batch.reviews.extend(opinions::of(goods.number, now));
        batch.variants.extend(variants);
    }
    batch
}

async fn insert_taxes(connection: &mut PgConnection) -> Result<()> {
    let codes: Vec<(&str, &str)> = HSN.iter().map(|hsn| (hsn.code, hsn.description)).collect();
    bulk::insert_hsn(connection, &codes).await?;
    // The thresholds of chapters 61 to 63, Rs 1,000 and then Rs 2,500, are of the value without tax: with the lower rate's 5 %.
    let since_2022 = rates(Money::from_rupees(1050), |hsn| hsn.since_2022);
    bulk::insert_rates(connection, "2022-07-18", &since_2022).await?;
    let since_2025 = rates(Money::from_rupees(2625), |hsn| hsn.since_2025);
    bulk::insert_rates(connection, "2025-09-22", &since_2025).await?;
    Ok(())
}

/// The rate of every code, and where it differs the rate above a price.
fn rates(above: Money, of: fn(&TaxCode) -> [u32; 2]) -> Vec<(&'static str, Money, Rate)> {
    let rates = HSN.iter().flat_map(|hsn| {
        let [low, high] = of(hsn).map(Rate::from_percent);
        let above = (low != high).then_some((hsn.code, above, high));
        std::iter::once((hsn.code, Money::ZERO, low)).chain(above)
    });
    rates.collect()
}

fn categories() -> Vec<BulkCategory> {
    let mut all = Vec::new();
    for (slug, name, below) in CATEGORIES {
        let top = add(&mut all, None, slug, name);
        for (slug, name) in *below {
            add(&mut all, Some(top), slug, name);
        }
    }
    all
}

fn add(all: &mut Vec<BulkCategory>, parent_id: Option<CategoryId>, slug: &str, name: &str) -> CategoryId {
    let number = all.len();
    let id = CategoryId(id(Kind::Category, number as u128 + 1));
    all.push(BulkCategory {
        id,
        parent_id,
        slug: slug.to_owned(),
        name: name.to_owned(),
        lineage: std::iter::once(id).chain(parent_id).collect(),
        position: i32::try_from(number).unwrap_or(i32::MAX),
    });
    id
}

#[derive(Clone, Copy)]
enum Kind {
    Product = 1,
    Variant = 2,
    Category = 3,
    Location = 4,
    Review = 5,
    Reviewer = 6,
}

/// UUIDs of version 7 that sort before all real ones.
const fn id(kind: Kind, number: u128) -> Uuid {
    Uuid::from_u128(0x018c_c251_f400_7000_8000_0000_0000_0000 + ((kind as u128) << 40) + number)
}

fn product_id(number: usize) -> ProductId {
    ProductId(id(Kind::Product, number as u128 + 1))
}
