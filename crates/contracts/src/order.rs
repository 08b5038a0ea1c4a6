//! Orders, invoices, credit notes.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use types::{
    CartId, CategoryId, InvoiceId, Money, OrderId, OrderLineId, ProductId, ReturnId, ShippingMethodId, Timestamp,
    UserId, VariantId, text_enum,
};
use utoipa::ToSchema;

use crate::payment::PaymentMethod;
use crate::user::Address;
use crate::{call, event};

mod documents;
mod gst_return;
mod public;

pub use documents::*;
pub use gst_return::*;
pub use public::*;

text_enum! {
    pub enum OrderStatus {
        /// Stock is reserved, payment is awaited.
        Pending = "pending",
        /// Paid, or cash on delivery was granted; stock is sold.
        Confirmed = "confirmed",
        /// Being picked and packed.
        Processing = "processing",
        Shipped = "shipped",
        Delivered = "delivered",
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// How much of the paid amount went back, a dimension of its own beside the status.
    pub enum RefundStatus {
        None = "none",
        PartiallyRefunded = "partially_refunded",
        Refunded = "refunded",
    }
}

text_enum! {
    pub enum CancelReason {
        Customer = "customer",
        Staff = "staff",
        /// Nobody paid in time.
        PaymentExpired = "payment_expired",
        /// The money came when the stock was gone.
        OutOfStock = "out_of_stock",
        /// The parcel came back undelivered.
        Undelivered = "undelivered",
        /// The carrier lost the parcel: its goods do not come back.
        Lost = "lost",
        /// The checkout could not be completed.
        CheckoutFailed = "checkout_failed",
    }
}

/// May this order be paid now, and how much?
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetPayability {
    pub order_id: OrderId,
}
call!(GetPayability => Payability, Order, "get-payability");

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Payability {
    Payable { amount: Money, expires_at: Timestamp },
    NotPayable { status: OrderStatus },
    Absent,
}

/// What of an order a customer can send back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GetReturnableOrder {
    pub order_id: OrderId,
    pub customer_id: UserId,
}
call!(GetReturnableOrder => FoundReturnableOrder, Order, "get-returnable-order");

#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FoundReturnableOrder {
    Found(Box<ReturnableOrder>),
    /// Not there, or another customer's.
    Absent,
}

#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ReturnableOrder {
    pub order_id: OrderId,
    pub order_number: String,
    pub status: OrderStatus,
    /// Absent until delivered.
    pub delivered_at: Option<Timestamp>,
    pub payment_method: PaymentMethod,
    /// Where the goods went and can be fetched.
    pub address: Address,
    pub lines: Vec<ReturnableLine>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReturnableLine {
    pub order_line_id: OrderLineId,
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub category_ids: Vec<CategoryId>,
    pub title: String,
    pub options: String,
    pub quantity: u32,
    /// What was paid for the whole line after discounts, GST included, in paise. The refund of some pieces of it is the
    /// difference of two running allocations, so that the pieces' refunds sum to it.
    pub paid: Money,
    pub weight_grams: u32,
    /// 0 if it may not be returned.
    pub return_days: u16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderedLine {
    pub order_line_id: OrderLineId,
    pub variant_id: VariantId,
    pub sku: String,
    pub title: String,
    pub quantity: u32,
    /// After discounts, GST included, in paise.
    pub total: Money,
}

/// An order waits for its payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCreated {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub total: Money,
    pub payment_method: PaymentMethod,
    pub coupon_code: Option<String>,
    /// Pay until then.
    pub expires_at: Timestamp,
}
event!(OrderCreated, Order, "order.created.v1");

/// The order is paid, or will be at the door; its stock is sold. Carries the address because shipping sends it there.
#[derive(Clone, Serialize, Deserialize)]
pub struct OrderConfirmed {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub cart_id: Option<CartId>,
    pub lines: Vec<OrderedLine>,
    pub coupon_code: Option<String>,
    pub total: Money,
    pub payment_method: PaymentMethod,
    /// To be collected at the door, in paise; zero if it is paid.
    pub cash_to_collect: Money,
    pub address: Address,
    pub shipping_method_id: ShippingMethodId,
    pub weight_grams: u32,
    pub promised_to: Date,
}
event!(OrderConfirmed, Order, "order.confirmed.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderShipped {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub carrier: String,
    pub tracking_number: String,
}
event!(OrderShipped, Order, "order.shipped.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderDelivered {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub delivered_at: Timestamp,
}
event!(OrderDelivered, Order, "order.delivered.v1");

/// Everything that was set aside or sold for it goes back, but for goods that were lost, and so does what was paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCancelled {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub reason: CancelReason,
    /// What the customer had to pay, in paise: at most this much is refunded.
    pub total: Money,
}
event!(OrderCancelled, Order, "order.cancelled.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvoiceIssued {
    pub invoice_id: InvoiceId,
    pub invoice_number: String,
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub total: Money,
}
event!(InvoiceIssued, Order, "invoice.issued.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreditNoteIssued {
    pub credit_note_id: InvoiceId,
    pub credit_note_number: String,
    pub invoice_number: String,
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    /// Absent if it is for a cancellation.
    #[serde(default)]
    pub return_id: Option<ReturnId>,
    pub total: Money,
}
event!(CreditNoteIssued, Order, "credit_note.issued.v1");
