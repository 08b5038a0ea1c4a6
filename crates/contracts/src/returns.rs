//! Goods that come back. (`return` is a word of the language, hence the plural.)

use serde::{Deserialize, Serialize};
use types::{Money, OrderId, OrderLineId, ReturnId, ReturnLineId, UserId, VariantId, text_enum};

use crate::event;

mod public;

pub use public::*;

text_enum! {
    pub enum ReturnStatus {
        Requested = "requested",
        Approved = "approved",
        Rejected = "rejected",
        /// The goods are here and were looked at.
        Received = "received",
        /// The refund is under way.
        RefundDue = "refund_due",
        Closed = "closed",
        Cancelled = "cancelled",
    }
}

/// What every event of a return says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnFacts {
    pub return_id: ReturnId,
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub status: ReturnStatus,
    pub lines: Vec<ReturnedLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLine {
    pub return_line_id: ReturnLineId,
    pub order_line_id: OrderLineId,
    pub variant_id: VariantId,
    /// Pieces that were asked back; from `received` on, pieces that were accepted.
    pub quantity: u32,
    /// Of the accepted pieces, those that can be sold again.
    #[serde(default)]
    pub restock: u32,
    /// What is refunded for the accepted pieces, GST included, in paise; zero before they are received.
    #[serde(default)]
    pub refund: Money,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnRequested {
    #[serde(flatten)]
    pub facts: ReturnFacts,
}
event!(ReturnRequested, Order, "return.requested.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnApproved {
    #[serde(flatten)]
    pub facts: ReturnFacts,
    /// Of the parcel that fetches the goods; empty if they came without one.
    pub tracking_number: String,
}
event!(ReturnApproved, Order, "return.approved.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnRejected {
    #[serde(flatten)]
    pub facts: ReturnFacts,
    pub reason: String,
}
event!(ReturnRejected, Order, "return.rejected.v1");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnReceived {
    #[serde(flatten)]
    pub facts: ReturnFacts,
}
event!(ReturnReceived, Order, "return.received.v1");

/// The payment service is to refund `amount`, and the order service to write a credit note for the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnRefundDue {
    #[serde(flatten)]
    pub facts: ReturnFacts,
    pub amount: Money,
}
event!(ReturnRefundDue, Order, "return.refund_due.v1");

/// Nothing more will come of it: refunded, or of `status` cancelled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnClosed {
    #[serde(flatten)]
    pub facts: ReturnFacts,
}
event!(ReturnClosed, Order, "return.closed.v1");
