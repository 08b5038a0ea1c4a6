//! Orders as clients see them.
//!
//! What carries somebody's address has no `Debug`, so that it cannot get into a log.

use garde::Validate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{
    AddressId, Money, OrderId, OrderLineId, PinCode, ProductId, Rate, ShippingMethodId, StateCode, Timestamp, UserId,
    VariantId, text_enum,
};
use utoipa::{IntoParams, ToSchema};

use super::{CancelReason, OrderStatus, RefundStatus};
use crate::discount::{CouponVerdict, RuleVerdict};
use crate::payment::PaymentMethod;
use crate::shipping::{CashOnDelivery, ShippingOption};
use crate::user::Address;

/// An order of what is in the customer's cart. Exactly one of `address_id` and `address` says where it goes.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// One of the customer's addresses.
    #[serde(default)]
    pub address_id: Option<AddressId>,
    /// An address for this order only.
    #[garde(dive)]
    #[serde(default)]
    pub address: Option<DeliveryAddress>,
    /// One of the quote's `shipping_options`.
    pub shipping_method_id: ShippingMethodId,
    pub payment_method: PaymentMethod,
    /// The total that the customer has seen, in paise: if it is another one by now, nothing is ordered, and the answer has
    /// the new quote.
    #[garde(custom(not_negative))]
    #[schema(value_type = Option<i64>, minimum = 0)]
    #[serde(default)]
    pub expected_total: Option<Money>,
    /// For whoever packs or delivers it.
    #[garde(inner(length(chars, max = 500)))]
    #[schema(max_length = 500, example = "Ring twice")]
    #[serde(default)]
    pub notes: Option<String>,
}

/// What the customer's cart would cost. Exactly one of `address_id` and `address` says where it would go.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct NewOrderQuote {
    #[serde(default)]
    pub address_id: Option<AddressId>,
    #[garde(dive)]
    #[serde(default)]
    pub address: Option<DeliveryAddress>,
    /// The cheapest if absent.
    #[serde(default)]
    pub shipping_method_id: Option<ShippingMethodId>,
}

/// A postal address in India, given with an order.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[garde(allow_unvalidated)]
#[serde(deny_unknown_fields)]
pub struct DeliveryAddress {
    /// Who receives it.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Asha Rao")]
    pub name: String,
    /// E.164.
    #[garde(pattern(r"^\+[1-9][0-9]{7,14}$"))]
    #[schema(pattern = r"^\+[1-9][0-9]{7,14}$", example = "+919876543210")]
    pub phone: String,
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "12-2-417, Street 4, Mehdipatnam")]
    pub line1: String,
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    #[serde(default)]
    pub line2: String,
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    #[serde(default)]
    pub landmark: String,
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Hyderabad")]
    pub city: String,
    pub state: StateCode,
    pub pin_code: PinCode,
}

impl From<DeliveryAddress> for Address {
    fn from(address: DeliveryAddress) -> Self {
        let DeliveryAddress { name, phone, line1, line2, landmark, city, state, pin_code } = address;
        Address { name, phone, line1, line2, landmark, city, state, pin_code }
    }
}

/// The full price of the cart as an order, GST included, with the ways to send it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderQuote {
    pub lines: Vec<QuotedLine>,
    pub amounts: OrderAmounts,
    /// The state that decides between CGST with SGST, and IGST: where the goods are delivered.
    pub place_of_supply: StateCode,
    /// The way that `amounts` reckons with.
    pub shipping_method_id: ShippingMethodId,
    /// The cheapest first.
    pub shipping_options: Vec<ShippingOption>,
    pub cash_on_delivery: CashOnDelivery,
    /// Absent if the cart has no coupon.
    pub coupon: Option<CouponVerdict>,
    /// Every rule of discount that was looked at.
    pub receipt: Vec<RuleVerdict>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuotedLine {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub title: String,
    pub options: String,
    pub image: Option<String>,
    pub quantity: u32,
    /// Pieces in stock now.
    pub available: u32,
    #[serde(flatten)]
    pub price: LinePrice,
}

/// What one line costs, all of its pieces together unless it says otherwise. In paise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinePrice {
    /// One piece, GST included.
    pub unit_price: Money,
    /// Maximum retail price of one piece.
    pub mrp: Money,
    pub discount: Money,
    /// After the discount, GST included.
    pub total: Money,
    /// Harmonised System of Nomenclature code.
    pub hsn: String,
    pub gst_rate: Rate,
    pub tax: TaxSplit,
}

/// The tax within an amount, in paise: the four sum to the amount. Either `cgst` and `sgst` or `igst` is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaxSplit {
    pub taxable: Money,
    /// Central tax.
    pub cgst: Money,
    /// State tax; always as much as the central tax.
    pub sgst: Money,
    /// Integrated tax, on what goes to another state.
    pub igst: Money,
}

/// In paise, GST included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderAmounts {
    /// The lines before discounts.
    pub subtotal: Money,
    /// Off the lines.
    pub discount: Money,
    pub shipping_charge: Money,
    /// Off the shipping charge.
    pub shipping_discount: Money,
    /// What is to be paid: `subtotal - discount + shipping_charge - shipping_discount`.
    pub total: Money,
    /// The tax within `total`.
    pub tax: TaxSplit,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Order {
    pub id: OrderId,
    #[schema(example = "HT-2611-000123")]
    pub number: String,
    pub status: OrderStatus,
    pub refund_status: RefundStatus,
    /// Present if it is cancelled.
    pub cancel_reason: Option<CancelReason>,
    pub lines: Vec<OrderLine>,
    pub amounts: OrderAmounts,
    pub coupon_code: Option<String>,
    pub address: Address,
    pub place_of_supply: StateCode,
    pub shipping: OrderShipping,
    pub payment: OrderPayment,
    pub notes: Option<String>,
    pub created_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
}

/// A line as it was when it was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderLine {
    pub id: OrderLineId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub sku: String,
    pub title: String,
    pub options: String,
    pub image: Option<String>,
    pub quantity: u32,
    #[serde(flatten)]
    pub price: LinePrice,
    /// Days after delivery within which it may be returned; 0 if not at all.
    pub return_days: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderShipping {
    pub method_id: ShippingMethodId,
    pub method: String,
    /// Delivery is promised between these two days, in India.
    #[schema(value_type = String, format = Date)]
    pub promised_from: Date,
    #[schema(value_type = String, format = Date)]
    pub promised_to: Date,
    /// Present once there is a parcel.
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub shipped_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderPayment {
    pub method: PaymentMethod,
    /// What is to be paid in all, in paise.
    pub amount: Money,
    /// The payment to attempt; absent for a moment after the order was placed, and where nothing is to be paid.
    pub intent_id: Option<types::IntentId>,
    /// An unpaid order is cancelled then. Of no meaning for cash on delivery.
    pub expires_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// What went back so far, in paise.
    pub refunded: Money,
    /// What the customer must do next; absent if nothing.
    pub next: Option<NextStep>,
}

/// A request to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NextStep {
    #[schema(example = "POST")]
    pub method: String,
    #[schema(example = "/api/v1/payments/0195c5a0-0000-7000-8000-000000000000/attempts")]
    pub path: String,
}

/// An order in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderSummary {
    pub id: OrderId,
    pub number: String,
    pub status: OrderStatus,
    pub refund_status: RefundStatus,
    pub total: Money,
    /// Pieces over all lines.
    pub pieces: u32,
    /// Of the first line.
    pub title: String,
    pub image: Option<String>,
    pub created_at: Timestamp,
}

/// An order in the staff's list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeskOrderSummary {
    pub customer_id: UserId,
    #[serde(flatten)]
    pub order: OrderSummary,
}

/// An order as staff see it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct DeskOrder {
    pub customer_id: UserId,
    #[serde(flatten)]
    pub order: Order,
    /// Everything that happened, the oldest first.
    pub timeline: Vec<TimelineEntry>,
    pub desk_notes: Vec<OrderNote>,
}

/// Which orders the staff's list shows.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
pub struct DeskFilter {
    pub status: Option<OrderStatus>,
    /// The whole order number.
    #[garde(inner(length(max = 40)))]
    #[param(max_length = 40)]
    pub number: Option<String>,
    pub customer_id: Option<UserId>,
    /// Placed at or after this time.
    pub from: Option<Timestamp>,
    /// Placed before this time.
    pub to: Option<Timestamp>,
    /// Orders per page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[garde(inner(length(max = 500)))]
    #[param(max_length = 500)]
    pub cursor: Option<String>,
}

text_enum! {
    /// What happened to an order.
    pub enum TimelineKind {
        Placed = "placed",
        /// Something about the payment short of the money being ours.
        PaymentUpdate = "payment_update",
        PaymentFailed = "payment_failed",
        PaymentReceived = "payment_received",
        Confirmed = "confirmed",
        InvoiceIssued = "invoice_issued",
        Processing = "processing",
        /// Something about the parcel that does not change the order's status.
        ShipmentUpdate = "shipment_update",
        Shipped = "shipped",
        Delivered = "delivered",
        Cancelled = "cancelled",
        ReturnUpdate = "return_update",
        CreditNoteIssued = "credit_note_issued",
        Refunded = "refunded",
        RefundFailed = "refund_failed",
        StockUpdate = "stock_update",
        CartUpdate = "cart_update",
        /// News that came too late to change anything, such as a parcel's of an order that was cancelled.
        CameTooLate = "came_too_late",
    }
}

text_enum! {
    /// Whose doing it was.
    pub enum Actor {
        Customer = "customer",
        Staff = "staff",
        System = "system",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub kind: TimelineKind,
    /// The order's status from then on.
    pub status: OrderStatus,
    pub actor: Actor,
    /// More about it, such as a tracking number; empty if there is nothing more.
    pub detail: String,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct OrderNote {
    pub at: Timestamp,
    pub author_id: UserId,
    pub text: String,
}

#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrderNote {
    #[garde(length(chars, min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: String,
}

#[derive(Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// Why, in the canceller's words; kept as a note.
    #[garde(inner(length(chars, min = 1, max = 2000)))]
    #[schema(min_length = 1, max_length = 2000)]
    #[serde(default)]
    pub comment: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "garde's signature")]
fn not_negative(amount: &Option<Money>, _: &()) -> garde::Result {
    match amount {
        Some(amount) if amount.is_negative() => Err(garde::Error::new("must not be negative")),
        _ => Ok(()),
    }
}
