//! What customers mean to buy.

use serde::{Deserialize, Serialize};
use types::{CartId, OrderId, UserId, VariantId};
use utoipa::ToSchema;

use crate::{call, event};

mod public;

pub use public::*;

/// The customer's cart as a checkout starts from it: what and how many, not at what price.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetCheckoutCart {
    pub customer_id: UserId,
}
call!(GetCheckoutCart => CheckoutCart, Cart, "get-checkout-cart");

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckoutCart {
    /// Absent if the customer never had a cart.
    pub cart_id: Option<CartId>,
    /// Counts the cart's changes; 0 for an absent cart.
    pub version: i64,
    /// In the order they were added; one line per variant. Saved-for-later lines are not among them.
    pub lines: Vec<CartLine>,
    pub coupon_code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartLine {
    pub variant_id: VariantId,
    pub quantity: u32,
}

/// A cart was left alone with something in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CartAbandoned {
    pub cart_id: CartId,
    pub customer_id: UserId,
    pub lines: Vec<CartLine>,
}
event!(CartAbandoned, Order, "cart.abandoned.v1");

/// What the order bought was taken out of the cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CartConverted {
    pub cart_id: CartId,
    pub customer_id: UserId,
    pub order_id: OrderId,
}
event!(CartConverted, Order, "cart.converted.v1");
