//! Payments and refunds.

use serde::{Deserialize, Serialize};
use types::{AttemptId, IntentId, Money, OrderId, RefundId, ReturnId, Timestamp, UserId, text_enum};
use utoipa::ToSchema;

use crate::{call, event};

text_enum! {
    pub enum PaymentMethod {
        Upi = "upi",
        Card = "card",
        NetBanking = "net_banking",
        CashOnDelivery = "cash_on_delivery",
    }
}

text_enum! {
    /// Where the payment of one order stands.
    pub enum IntentStatus {
        /// Nobody has paid (yet).
        Open = "open",
        /// The money is ours.
        Paid = "paid",
        /// To be collected at the door.
        CashDue = "cash_due",
        /// The order was cancelled: money that still comes goes back.
        Cancelled = "cancelled",
    }
}

/// Opens the one payment of an order. Repeating it for the same order answers the first one's intent; another amount is
/// refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreateIntent {
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub amount: Money,
    pub method: PaymentMethod,
    pub expires_at: Timestamp,
}
call!(CreateIntent => Intent, Payment, "create-intent");

/// The payment of an order as it stands, after asking the provider if it may have changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SyncIntent {
    pub order_id: OrderId,
}
call!(SyncIntent => FoundIntent, Payment, "sync-intent");

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FoundIntent {
    Found(Intent),
    Absent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Intent {
    pub intent_id: IntentId,
    pub order_id: OrderId,
    pub status: IntentStatus,
    pub amount: Money,
    pub captured: Money,
    pub refunded: Money,
}

/// What every event of a payment says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentFacts {
    pub intent_id: IntentId,
    pub attempt_id: AttemptId,
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub amount: Money,
    pub method: PaymentMethod,
    /// When the provider says it happened.
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentAuthorized {
    #[serde(flatten)]
    pub payment: PaymentFacts,
}
event!(PaymentAuthorized, Payment, "payment.authorized.v1");

/// The whole amount is captured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentSucceeded {
    #[serde(flatten)]
    pub payment: PaymentFacts,
}
event!(PaymentSucceeded, Payment, "payment.succeeded.v1");

/// An attempt failed; the intent stays open for another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentFailed {
    #[serde(flatten)]
    pub payment: PaymentFacts,
    /// In words for the customer.
    pub reason: String,
}
event!(PaymentFailed, Payment, "payment.failed.v1");

/// Money came for an order that was cancelled; it goes back by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentLateAuthorized {
    #[serde(flatten)]
    pub payment: PaymentFacts,
}
event!(PaymentLateAuthorized, Payment, "payment.late_authorized.v1");

/// The carrier was paid at the door.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodCollected {
    pub intent_id: IntentId,
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub amount: Money,
}
event!(CodCollected, Payment, "payment.cod_collected.v1");

/// The carrier handed the money over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodRemitted {
    pub intent_id: IntentId,
    pub order_id: OrderId,
    pub amount: Money,
}
event!(CodRemitted, Payment, "payment.cod_remitted.v1");

/// What every event of a refund says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundFacts {
    pub refund_id: RefundId,
    pub intent_id: IntentId,
    pub order_id: OrderId,
    pub customer_id: UserId,
    /// Absent if it is for a cancellation.
    #[serde(default)]
    pub return_id: Option<ReturnId>,
    pub amount: Money,
    /// Everything refunded of this order so far, this one included if it succeeded.
    pub refunded_total: Money,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundSucceeded {
    #[serde(flatten)]
    pub refund: RefundFacts,
}
event!(RefundSucceeded, Payment, "refund.succeeded.v1");

/// The provider refused for good; staff must act.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefundFailed {
    #[serde(flatten)]
    pub refund: RefundFacts,
    pub reason: String,
}
event!(RefundFailed, Payment, "refund.failed.v1");
