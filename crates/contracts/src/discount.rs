//! Coupons and promotions.

use serde::{Deserialize, Serialize};
use types::{CategoryId, CouponId, Money, OrderId, ProductId, UserId, VariantId};
use utoipa::ToSchema;

use crate::call;
use crate::product::Done;

mod public;

pub use public::*;

/// What a basket costs less, and why. It promises nothing: the coupon's use is taken by [`ReserveCoupon`].
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PriceBasket {
    /// Absent for a guest, whose limits per customer are not known yet.
    pub customer_id: Option<UserId>,
    pub lines: Vec<BasketLine>,
    pub coupon_code: Option<String>,
    /// The shipping charge that a free-shipping rule would take off, if it is known.
    pub shipping: Option<Money>,
}
call!(PriceBasket => PricedBasket, Discount, "price-basket");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BasketLine {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub category_ids: Vec<CategoryId>,
    pub quantity: u32,
    /// GST-inclusive, in paise.
    pub unit_price: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PricedBasket {
    /// The discount of each line in paise, in the order of the basket's lines; never more than the line costs.
    pub line_discounts: Vec<Money>,
    /// What comes off the shipping charge, in paise; never more than it.
    pub shipping_discount: Money,
    /// Does the coupon apply? Absent if none was given.
    pub coupon: Option<CouponVerdict>,
    /// Every rule that was looked at, in the order it was.
    pub receipt: Vec<RuleVerdict>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CouponVerdict {
    pub code: String,
    pub applies: bool,
    /// Why, in words for the customer.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleVerdict {
    /// The coupon's code or the promotion's name.
    pub rule: String,
    pub applied: bool,
    /// Why or why not, in words for the customer.
    pub reason: String,
    /// What it took off in all, in paise.
    pub amount: Money,
}

/// Takes one use of a coupon for an order, within its limits. Repeating it for the same order answers what the first one did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReserveCoupon {
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub code: String,
    /// What it takes off this order, in paise.
    pub amount: Money,
}
call!(ReserveCoupon => CouponReservation, Discount, "reserve-coupon");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CouponReservation {
    Held {
        coupon_id: CouponId,
    },
    /// `reason` in words for the customer: used up, expired, not for this customer ...
    Refused {
        reason: String,
    },
    /// The order gave its use back before: a late request must not take it again.
    Released,
}

/// Gives the order's use of its coupon back, and closes the order for further uses. `order.cancelled` does the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseCoupon {
    pub order_id: OrderId,
}
call!(ReleaseCoupon => Done, Discount, "release-coupon");
