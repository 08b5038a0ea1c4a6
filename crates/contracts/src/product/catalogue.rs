//! The catalogue as the shop shows it and as its editors change it.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{CategoryId, Money, ProductId, Rate, ReviewId, Timestamp, VariantId, text_enum};
use utoipa::ToSchema;

/// The largest price that is accepted, in paise: a crore rupees.
pub const LARGEST_PRICE: Money = Money::from_rupees(10_000_000);

/// A category and what is below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategoryNode {
    pub id: CategoryId,
    #[schema(example = "sarees")]
    pub slug: String,
    pub name: String,
    #[schema(no_recursion)]
    pub children: Vec<CategoryNode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CategoryLink {
    pub id: CategoryId,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewCategory {
    /// Absent for a category at the top.
    pub parent_id: Option<CategoryId>,
    #[garde(length(chars, max = 80), pattern("^[a-z0-9]+(-[a-z0-9]+)*$"))]
    #[schema(max_length = 80, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "brass-lamps")]
    pub slug: String,
    #[garde(length(chars, max = 80), pattern(r"\S"))]
    #[schema(max_length = 80, pattern = r"\S", example = "Brass lamps")]
    pub name: String,
    /// Categories beside one another are shown in this order.
    #[serde(default)]
    #[garde(range(min = 0, max = 10_000))]
    #[schema(minimum = 0, maximum = 10000)]
    pub position: i32,
}

text_enum! {
    pub enum ProductStatus {
        /// Being prepared: only editors see it.
        Draft = "draft",
        Active = "active",
        /// No longer sold; orders still refer to it.
        Archived = "archived",
    }
}

/// What customers think of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RatingSummary {
    /// Hundredths of a star: 435 is 4.35 stars; 0 if nobody has rated it.
    #[schema(minimum = 0, maximum = 500, example = 435)]
    pub average_hundredths: u16,
    pub count: u32,
}

/// A product in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductCard {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: String,
    pub category_id: CategoryId,
    /// Of the cheapest variant, GST included, in paise.
    pub price: Money,
    /// Of the same variant, in paise.
    pub mrp: Money,
    pub image: Option<String>,
    pub rating: RatingSummary,
    pub in_stock: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// A path of this site, or an `https` address.
    #[garde(length(chars, max = 500), pattern("^(/|https://)[^\\s]+$"))]
    #[schema(
        max_length = 500,
        pattern = "^(/|https://)[^\\s]+$",
        example = "/api/v1/products/images/KURTA-001-BLU-M.svg"
    )]
    pub url: String,
    /// What it shows, for those who cannot see it.
    #[garde(length(chars, max = 200), pattern(r"\S"))]
    #[schema(max_length = 200, pattern = r"\S")]
    pub alt: String,
}

/// A product with all that its page shows. Its ETag changes with everything in it; an edit expects the one that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProductDetail {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: String,
    pub description: String,
    pub status: ProductStatus,
    /// From the top category to its own.
    pub categories: Vec<CategoryLink>,
    /// Harmonised System of Nomenclature code.
    pub hsn: String,
    /// Days after delivery within which it may be returned; 0 if not at all.
    pub return_days: u16,
    /// The names of the choices: `["Colour", "Size"]`.
    pub options: Vec<String>,
    pub media: Vec<Media>,
    pub variants: Vec<VariantDetail>,
    pub rating: RatingSummary,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VariantDetail {
    pub id: VariantId,
    pub sku: String,
    /// One choice for each of the product's options: `["Blue", "XL"]`.
    pub options: Vec<String>,
    /// GST included, in paise.
    pub price: Money,
    /// Maximum retail price, in paise.
    pub mrp: Money,
    pub gst_rate: Rate,
    pub weight_grams: u32,
    pub max_per_order: u32,
    /// Pieces that can be bought now.
    pub available: u32,
    pub active: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewProduct {
    /// By default made from the title.
    #[garde(inner(length(chars, max = 120), pattern("^[a-z0-9]+(-[a-z0-9]+)*$")))]
    #[schema(max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: Option<String>,
    #[garde(length(chars, max = 200), pattern(r"\S"))]
    #[schema(max_length = 200, pattern = r"\S", example = "Cotton Straight Kurta")]
    pub title: String,
    #[garde(length(chars, max = 80), pattern(r"\S"))]
    #[schema(max_length = 80, pattern = r"\S")]
    pub brand: String,
    #[garde(length(chars, max = 10_000))]
    #[schema(max_length = 10000)]
    pub description: String,
    pub category_id: CategoryId,
    /// By default a draft.
    #[serde(default = "draft")]
    pub status: ProductStatus,
    #[garde(pattern("^[0-9]{4,8}$"))]
    #[schema(pattern = "^[0-9]{4,8}$", example = "6211")]
    pub hsn: String,
    #[garde(range(max = 365))]
    #[schema(maximum = 365)]
    pub return_days: u16,
    #[serde(default)]
    #[garde(length(max = 3), inner(length(chars, max = 40), pattern(r"\S")))]
    #[schema(max_items = 3)]
    pub options: Vec<String>,
    #[serde(default)]
    #[garde(length(max = 12), dive)]
    #[schema(max_items = 12)]
    pub media: Vec<Media>,
    /// At least one, unless it is a draft.
    #[serde(default)]
    #[garde(length(max = 100), dive)]
    #[schema(max_items = 100)]
    pub variants: Vec<NewVariant>,
}

fn draft() -> ProductStatus {
    ProductStatus::Draft
}

/// What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct ProductChange {
    #[garde(inner(length(chars, max = 200), pattern(r"\S")))]
    #[schema(max_length = 200, pattern = r"\S")]
    pub title: Option<String>,
    #[garde(inner(length(chars, max = 80), pattern(r"\S")))]
    #[schema(max_length = 80, pattern = r"\S")]
    pub brand: Option<String>,
    #[garde(inner(length(chars, max = 10_000)))]
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    pub category_id: Option<CategoryId>,
    pub status: Option<ProductStatus>,
    #[garde(inner(pattern("^[0-9]{4,8}$")))]
    #[schema(pattern = "^[0-9]{4,8}$")]
    pub hsn: Option<String>,
    #[garde(inner(range(max = 365)))]
    #[schema(maximum = 365)]
    pub return_days: Option<u16>,
    /// Takes the place of all that were there.
    #[garde(custom(at_most_twelve), dive)]
    #[schema(max_items = 12)]
    pub media: Option<Vec<Media>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct NewVariant {
    #[garde(length(chars, max = 40), pattern("^[A-Z0-9]+(-[A-Z0-9]+)*$"))]
    #[schema(max_length = 40, pattern = "^[A-Z0-9]+(-[A-Z0-9]+)*$", example = "KURTA-001-BLU-M")]
    pub sku: String,
    /// One choice for each of the product's options.
    #[serde(default)]
    #[garde(length(max = 3), inner(length(chars, max = 40), pattern(r"\S")))]
    #[schema(max_items = 3)]
    pub options: Vec<String>,
    /// GST included, in paise; at most the MRP.
    #[garde(custom(is_price))]
    #[schema(minimum = 1, maximum = 1000000000)]
    pub price: Money,
    /// Maximum retail price, in paise.
    #[garde(custom(is_price))]
    #[schema(minimum = 1, maximum = 1000000000)]
    pub mrp: Money,
    #[garde(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100000)]
    pub weight_grams: u32,
    #[serde(default = "ten")]
    #[garde(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_per_order: u32,
    /// When so few are left, `stock.low` is published.
    #[serde(default = "five")]
    #[garde(range(max = 1_000_000))]
    #[schema(maximum = 1000000)]
    pub low_at: u32,
}

fn ten() -> u32 {
    10
}

fn five() -> u32 {
    5
}

/// What is absent stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct VariantChange {
    /// GST included, in paise; at most the MRP.
    #[garde(inner(custom(is_price)))]
    #[schema(minimum = 1, maximum = 1000000000)]
    pub price: Option<Money>,
    #[garde(inner(custom(is_price)))]
    #[schema(minimum = 1, maximum = 1000000000)]
    pub mrp: Option<Money>,
    #[garde(inner(range(min = 1, max = 100_000)))]
    #[schema(minimum = 1, maximum = 100000)]
    pub weight_grams: Option<u32>,
    #[garde(inner(range(min = 1, max = 1000)))]
    #[schema(minimum = 1, maximum = 1000)]
    pub max_per_order: Option<u32>,
    #[garde(inner(range(max = 1_000_000)))]
    #[schema(maximum = 1000000)]
    pub low_at: Option<u32>,
    pub active: Option<bool>,
}

fn is_price(price: &Money, _: &()) -> garde::Result {
    if *price > Money::ZERO && *price <= LARGEST_PRICE {
        return Ok(());
    }
    Err(garde::Error::new(format!("must be between 1 and {} paise", LARGEST_PRICE.paise())))
}

fn at_most_twelve(media: &Option<Vec<Media>>, _: &()) -> garde::Result {
    if media.as_ref().is_some_and(|media| media.len() > 12) {
        return Err(garde::Error::new("must have at most 12 items"));
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Review {
    pub id: ReviewId,
    /// 1 to 5 stars.
    pub rating: u8,
    pub title: String,
    pub text: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// Stars.
    #[garde(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: u8,
    #[garde(length(chars, max = 120), pattern(r"\S"))]
    #[schema(max_length = 120, pattern = r"\S")]
    pub title: String,
    #[garde(length(chars, max = 4000))]
    #[schema(max_length = 4000)]
    pub text: String,
}
