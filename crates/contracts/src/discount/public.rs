//! The public API: `/api/v1/coupons` and `/api/v1/promotions`.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{CategoryId, CouponId, Money, ProductId, PromotionId, Rate, Timestamp};
use utoipa::ToSchema;

/// What a coupon takes off the lines that it is for, or off the shipping charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CouponBenefit {
    Percentage {
        #[garde(custom(share))]
        #[schema(value_type = i32, minimum = 1, maximum = 10000, example = 1000)]
        rate: Rate,
        /// At most this, in paise.
        #[garde(inner(custom(positive)))]
        #[schema(value_type = Option<i64>, minimum = 1)]
        #[serde(default)]
        cap: Option<Money>,
    },
    FixedAmount {
        /// In paise.
        #[garde(custom(positive))]
        #[schema(value_type = i64, minimum = 1)]
        amount: Money,
    },
    FreeShipping {},
}

/// What a promotion takes off the lines that it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PromotionBenefit {
    /// For each `buy + get` pieces, `get` are free: the cheapest of all.
    BuyGet {
        #[garde(range(min = 1, max = 99))]
        #[schema(minimum = 1, maximum = 99)]
        buy: u32,
        #[garde(range(min = 1, max = 99))]
        #[schema(minimum = 1, maximum = 99)]
        get: u32,
    },
    /// One of each of these products for this price, as often as the basket has them all.
    Bundle {
        #[garde(length(min = 2, max = 20), custom(different))]
        #[schema(min_items = 2, max_items = 20)]
        product_ids: Vec<ProductId>,
        /// In paise.
        #[garde(custom(positive))]
        #[schema(value_type = i64, minimum = 1)]
        price: Money,
    },
    /// The more pieces, the greater the percentage.
    Volume {
        #[garde(length(min = 1, max = 20), dive, custom(ascending_pieces))]
        #[schema(min_items = 1, max_items = 20)]
        tiers: Vec<VolumeTier>,
    },
    /// The dearer the goods, the greater the amount.
    BasketValue {
        #[garde(length(min = 1, max = 20), dive, custom(ascending_values))]
        #[schema(min_items = 1, max_items = 20)]
        tiers: Vec<ValueTier>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VolumeTier {
    /// From so many pieces on. Each tier's is greater than that of the one before.
    #[garde(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10000)]
    pub pieces: u32,
    #[garde(custom(share))]
    #[schema(value_type = i32, minimum = 1, maximum = 10000)]
    pub rate: Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ValueTier {
    /// From this value on, in paise before discounts. Each tier's is greater than that of the one before.
    #[garde(custom(positive))]
    #[schema(value_type = i64, minimum = 1)]
    pub from: Money,
    /// In paise.
    #[garde(custom(positive))]
    #[schema(value_type = i64, minimum = 1)]
    pub amount: Money,
}

/// Which lines a rule is for: those of one of the products or one of the categories. Empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RuleScope {
    #[garde(length(max = 100))]
    #[schema(max_items = 100)]
    #[serde(default)]
    pub category_ids: Vec<CategoryId>,
    #[garde(length(max = 500))]
    #[schema(max_items = 500)]
    #[serde(default)]
    pub product_ids: Vec<ProductId>,
}

/// A coupon as its editors see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coupon {
    pub id: CouponId,
    #[schema(example = "WELCOME10")]
    pub code: String,
    pub benefit: CouponBenefit,
    pub scope: RuleScope,
    /// What all goods of the basket must cost before discounts, in paise.
    pub minimum_basket: Money,
    pub first_order_only: bool,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub total_limit: Option<u32>,
    pub limit_per_customer: Option<u32>,
    /// Rules with a higher priority are applied first.
    pub priority: i32,
    /// May it be combined with other rules? Of those that may not, only the best one is applied.
    pub stackable: bool,
    pub active: bool,
    /// Uses that orders hold or have redeemed.
    pub used: u32,
    /// `If-Match` asks for it, as `"v<version>"`.
    pub version: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCoupon {
    /// Upper and lower case are the same.
    #[garde(pattern("^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$"))]
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$", example = "WELCOME10")]
    pub code: String,
    #[garde(dive)]
    pub benefit: CouponBenefit,
    #[garde(dive)]
    #[serde(default)]
    pub scope: RuleScope,
    /// What all goods of the basket must cost before discounts, in paise.
    #[garde(custom(not_negative))]
    #[schema(value_type = i64, minimum = 0)]
    #[serde(default)]
    pub minimum_basket: Money,
    /// Then a customer can use it once.
    #[garde(skip)]
    #[serde(default)]
    pub first_order_only: bool,
    /// At once, if absent.
    #[garde(skip)]
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Never, if absent.
    #[garde(skip)]
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    #[garde(range(min = 1, max = 1_000_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    #[serde(default)]
    pub total_limit: Option<u32>,
    #[garde(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    #[serde(default)]
    pub limit_per_customer: Option<u32>,
    #[garde(range(min = -1000, max = 1000))]
    #[schema(minimum = -1000, maximum = 1000)]
    #[serde(default)]
    pub priority: i32,
    #[garde(skip)]
    #[serde(default)]
    pub stackable: bool,
}

/// What to change of a coupon; what is left out stays (JSON Merge Patch, RFC 7396). What it takes off stays for good: customers
/// have been told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ChangeCoupon {
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// `null`: never.
    #[garde(skip)]
    #[schema(value_type = Option<Timestamp>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Option<Timestamp>>,
    /// `null`: without a limit. Not below the uses so far.
    #[garde(inner(inner(range(min = 1, max = 1_000_000_000))))]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub total_limit: Option<Option<u32>>,
    #[garde(inner(range(min = -1000, max = 1000)))]
    #[schema(minimum = -1000, maximum = 1000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stackable: Option<bool>,
}

/// A coupon as customers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CouponOffer {
    pub code: String,
    /// Can it be used now, as far as that can be said without a basket?
    pub valid: bool,
    /// Why, or why not, in words.
    #[schema(example = "It can be used now.")]
    pub reason: String,
    /// What it gives and asks for, a sentence each.
    #[schema(example = json!(["10 % off, at most ₹200.00.", "For your first order."]))]
    pub terms: Vec<String>,
}

/// A promotion as its editors see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Promotion {
    pub id: PromotionId,
    #[schema(example = "Festival: buy 2, get 1 free")]
    pub name: String,
    pub benefit: PromotionBenefit,
    pub scope: RuleScope,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    /// Rules with a higher priority are applied first.
    pub priority: i32,
    /// May it be combined with other rules? Of those that may not, only the best one is applied.
    pub stackable: bool,
    pub active: bool,
    /// `If-Match` asks for it, as `"v<version>"`.
    pub version: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewPromotion {
    #[garde(length(chars, max = 80), pattern(r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"))]
    #[schema(max_length = 80, pattern = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")]
    pub name: String,
    #[garde(dive)]
    pub benefit: PromotionBenefit,
    #[garde(dive)]
    #[serde(default)]
    pub scope: RuleScope,
    /// At once, if absent.
    #[garde(skip)]
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Never, if absent.
    #[garde(skip)]
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    #[garde(range(min = -1000, max = 1000))]
    #[schema(minimum = -1000, maximum = 1000)]
    #[serde(default)]
    pub priority: i32,
    #[garde(skip)]
    #[serde(default)]
    pub stackable: bool,
}

/// What to change of a promotion; what is left out stays (JSON Merge Patch, RFC 7396).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ChangePromotion {
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// `null`: never.
    #[garde(skip)]
    #[schema(value_type = Option<Timestamp>)]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Option<Timestamp>>,
    #[garde(inner(range(min = -1000, max = 1000)))]
    #[schema(minimum = -1000, maximum = 1000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stackable: Option<bool>,
}

/// A promotion as customers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PromotionOffer {
    pub id: PromotionId,
    pub name: String,
    /// What it gives and asks for, a sentence each.
    pub terms: Vec<String>,
    /// Which lines it is for.
    pub scope: RuleScope,
    pub ends_at: Option<Timestamp>,
}

/// The promotions that run now, those that are applied first at the top.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PromotionOffers {
    pub promotions: Vec<PromotionOffer>,
}

/// A field that is there, be it `null`.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

fn share(rate: &Rate, (): &()) -> garde::Result {
    let within = (1..=10_000).contains(&rate.basis_points());
    if within { Ok(()) } else { Err(garde::Error::new("must be between 1 and 10000 (hundredths of a per cent)")) }
}

fn positive(amount: &Money, (): &()) -> garde::Result {
    if amount.is_positive() { Ok(()) } else { Err(garde::Error::new("must be at least 1 paisa")) }
}

fn not_negative(amount: &Money, (): &()) -> garde::Result {
    if amount.is_negative() { Err(garde::Error::new("must not be negative")) } else { Ok(()) }
}

fn different(products: &[ProductId], (): &()) -> garde::Result {
    let repeated = products.iter().enumerate().any(|(n, product)| products[..n].contains(product));
    if repeated { Err(garde::Error::new("must be different products")) } else { Ok(()) }
}

fn ascending_pieces(tiers: &[VolumeTier], (): &()) -> garde::Result {
    ascending(tiers.is_sorted_by(|a, b| a.pieces < b.pieces))
}

fn ascending_values(tiers: &[ValueTier], (): &()) -> garde::Result {
    ascending(tiers.is_sorted_by(|a, b| a.from < b.from))
}

fn ascending(is_ascending: bool) -> garde::Result {
    if is_ascending { Ok(()) } else { Err(garde::Error::new("must ascend from tier to tier")) }
}
