//! The public API: `/api/v1/cart`.

use garde::Validate;
use serde::{Deserialize, Serialize};
use types::{CartId, Money, PinCode, VariantId, text_enum};
use utoipa::ToSchema;

use crate::discount::{CouponVerdict, RuleVerdict};
use crate::shipping::ShippingQuote;

/// The header with a guest's cart's token. Whoever has it has the cart.
pub const CART_TOKEN: &str = "x-cart-token";

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AddToCart {
    #[garde(skip)]
    pub variant_id: VariantId,
    /// Pieces to add to those that are in the cart.
    #[garde(range(min = 1, max = 99))]
    #[schema(minimum = 1, maximum = 99)]
    pub quantity: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetQuantity {
    #[garde(range(min = 1, max = 99))]
    #[schema(minimum = 1, maximum = 99)]
    pub quantity: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetCoupon {
    /// Upper and lower case are the same.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "WELCOME10")]
    pub code: String,
}

/// What is in the cart, not priced: the answer to a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartSummary {
    pub cart_id: CartId,
    /// Counts the cart's changes.
    pub version: i64,
    /// In the order they were added.
    pub lines: Vec<SummaryLine>,
    pub saved_for_later: Vec<SummaryLine>,
    /// In the cart, without what is saved for later.
    pub pieces: u32,
    pub coupon_code: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SummaryLine {
    pub variant_id: VariantId,
    pub quantity: u32,
    /// The price of one piece when it was last looked at, GST included, in paise.
    pub unit_price: Money,
}

/// The cart with today's prices, offers and stock, and what has changed since it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartView {
    /// Absent as long as nothing was ever put into it.
    pub cart_id: Option<CartId>,
    pub version: i64,
    /// In the order they were added.
    pub lines: Vec<CartViewLine>,
    pub saved_for_later: Vec<CartViewLine>,
    pub coupon_code: Option<String>,
    /// Does the coupon apply? Absent without one.
    pub coupon: Option<CouponVerdict>,
    /// Every offer that was looked at, and why it applies or not.
    pub offers: Vec<RuleVerdict>,
    pub totals: CartTotals,
    /// How and for how much it could be sent to the PIN code that was asked for.
    pub shipping: Option<ShippingQuote>,
    pub pin_code: Option<PinCode>,
    /// What is different from the last time, and what stands in the way of an order.
    pub notices: Vec<CartNotice>,
    /// Is there something in it, and can all of it be ordered?
    pub can_check_out: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartViewLine {
    pub variant_id: VariantId,
    /// Absent if it is sold no longer.
    pub item: Option<CartItem>,
    pub quantity: u32,
    /// For all pieces before discounts, in paise; zero for what cannot be ordered.
    pub subtotal: Money,
    /// In paise.
    pub discount: Money,
    /// In paise.
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartItem {
    pub product_id: types::ProductId,
    pub sku: String,
    pub title: String,
    /// The choice of options in words; empty if there is none.
    pub options: String,
    pub image: Option<String>,
    /// GST-inclusive price of one piece, in paise.
    pub unit_price: Money,
    /// In paise.
    pub mrp: Money,
    pub available: u32,
    pub max_per_order: u32,
}

/// All in paise, GST included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartTotals {
    /// Before discounts.
    pub goods: Money,
    pub discount: Money,
    /// By the cheapest way; absent without a PIN code, or if nothing can be sent there.
    pub shipping: Option<Money>,
    pub shipping_discount: Money,
    /// To be paid, with the shipping charge if it is known.
    pub total: Money,
}

text_enum! {
    pub enum NoticeKind {
        PriceUp = "price_up",
        PriceDown = "price_down",
        /// Fewer pieces are left than are in the cart.
        LessStock = "less_stock",
        OutOfStock = "out_of_stock",
        /// It is sold no longer.
        Gone = "gone",
        /// One order may have fewer pieces than are in the cart.
        OverLimit = "over_limit",
        CouponNotApplied = "coupon_not_applied",
        /// Offers cannot be reckoned at the moment.
        OffersUnknown = "offers_unknown",
        /// Shipping cannot be reckoned at the moment.
        ShippingUnknown = "shipping_unknown",
        /// Nothing can be sent to the PIN code.
        NotServiceable = "not_serviceable",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CartNotice {
    pub kind: NoticeKind,
    /// The line that it is about, if it is about one.
    pub variant_id: Option<VariantId>,
    /// In words for the customer.
    pub message: String,
}

text_enum! {
    pub enum MergeOutcome {
        /// It was only in the guest's cart.
        Added = "added",
        /// It was in both: the quantities were summed.
        Summed = "summed",
        /// The guest's pieces, or their sum with the customer's, are more than one order may have.
        Limited = "limited",
        /// It was in the guest's cart and saved for later in the customer's.
        MovedToCart = "moved_to_cart",
        /// The customer's cart is full: it stays in the guest's.
        NoRoom = "no_room",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeChange {
    pub variant_id: VariantId,
    pub outcome: MergeOutcome,
    /// In the customer's cart now.
    pub quantity: u32,
    /// In words for the customer.
    pub message: String,
}

/// The customer's cart with what was in the guest's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergedCart {
    pub cart: CartSummary,
    /// What became of the guest's lines; empty if there was nothing (left) to merge.
    pub changes: Vec<MergeChange>,
    /// Did the guest's coupon come along?
    pub coupon_taken: bool,
}
