//! Payments and refunds.

use garde::Validate;
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
    /// What went back of the order's price so far, by this refund too if it succeeded. What was paid beyond the price and went
    /// back is no part of it.
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

text_enum! {
    /// Where one try to pay stands.
    pub enum AttemptStatus {
        /// Written down; the provider is being asked.
        Created = "created",
        /// The provider's answer was lost: it may have the payment or not. Asking again tells.
        Unknown = "unknown",
        /// The customer has something to do, or the bank.
        Pending = "pending",
        /// The bank has set the money aside.
        Authorized = "authorized",
        /// The money is ours.
        Succeeded = "succeeded",
        Failed = "failed",
    }
}

text_enum! {
    /// What the customer has to do so that a payment goes on.
    pub enum PaymentActionType {
        /// Nothing but wait.
        None = "none",
        /// Open the URL.
        Redirect = "redirect",
        /// Approve the request in the UPI app.
        UpiCollect = "upi_collect",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentAction {
    #[serde(rename = "type")]
    pub kind: PaymentActionType,
    /// Absolute, or a path of this site.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
}

impl PaymentAction {
    pub const NONE: PaymentAction = PaymentAction { kind: PaymentActionType::None, url: None };
}

/// How to pay. Neither a card's number nor anything else that could be used elsewhere is taken: cards come as a token of
/// the provider.
#[derive(Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewPaymentAttempt {
    Upi {
        /// The customer's UPI address.
        #[garde(length(max = 255), pattern("^[A-Za-z0-9._-]{2,200}@[A-Za-z][A-Za-z0-9]{1,50}$"))]
        #[schema(
            max_length = 255,
            pattern = "^[A-Za-z0-9._-]{2,200}@[A-Za-z][A-Za-z0-9]{1,50}$",
            example = "success@sandbox"
        )]
        vpa: String,
    },
    Card {
        /// The provider's token of the card.
        #[garde(pattern("^[A-Za-z0-9_-]{1,128}$"))]
        #[schema(max_length = 128, pattern = "^[A-Za-z0-9_-]{1,128}$", example = "tok_success")]
        token: String,
        /// Keep the token for the next time if the payment succeeds.
        #[serde(default)]
        #[garde(skip)]
        save: bool,
    },
    NetBanking {
        /// The bank's code.
        #[garde(pattern("^[A-Z0-9]{2,20}$"))]
        #[schema(max_length = 20, pattern = "^[A-Z0-9]{2,20}$", example = "HDFC")]
        bank: String,
    },
}

impl NewPaymentAttempt {
    pub fn method(&self) -> PaymentMethod {
        match self {
            NewPaymentAttempt::Upi { .. } => PaymentMethod::Upi,
            NewPaymentAttempt::Card { .. } => PaymentMethod::Card,
            NewPaymentAttempt::NetBanking { .. } => PaymentMethod::NetBanking,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentAttempt {
    pub attempt_id: AttemptId,
    pub method: PaymentMethod,
    pub amount: Money,
    pub status: AttemptStatus,
    /// In words for the customer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure_reason: Option<String>,
    pub created_at: Timestamp,
}

/// An attempt, and what the customer has to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartedAttempt {
    pub attempt: PaymentAttempt,
    pub action: PaymentAction,
}

/// The payment of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    pub intent_id: IntentId,
    pub order_id: OrderId,
    pub order_number: String,
    pub status: IntentStatus,
    pub amount: Money,
    pub captured: Money,
    pub refunded: Money,
    /// Pay until then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
    /// The newest first.
    pub attempts: Vec<PaymentAttempt>,
    /// What the customer has to do for the attempt that is under way.
    pub action: PaymentAction,
}

text_enum! {
    /// Where a refund stands.
    pub enum RefundState {
        /// It will be paid, however often the provider has to be asked.
        Requested = "requested",
        Succeeded = "succeeded",
        /// The provider refused for good; staff must act.
        Failed = "failed",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refund {
    pub refund_id: RefundId,
    pub order_id: OrderId,
    /// Absent unless it is for a return.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub return_id: Option<ReturnId>,
    pub amount: Money,
    pub state: RefundState,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure_reason: Option<String>,
    /// The bank's reference of the transfer, where staff paid it out by hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bank_reference: Option<String>,
    pub requested_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decided_at: Option<Timestamp>,
}

/// Money that staff give back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewRefund {
    #[garde(skip)]
    pub order_id: OrderId,
    /// At most what was captured and has not gone back.
    #[garde(custom(positive))]
    #[schema(value_type = i64, minimum = 1, example = 49900)]
    pub amount: Money,
    /// Why, for the customer and the books.
    #[garde(length(min = 3, max = 200))]
    #[schema(min_length = 3, max_length = 200)]
    pub reason: String,
}

/// Money that staff gave back by a bank transfer, since the provider did not.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PaidOut {
    /// The bank's reference of the transfer, such as the UTR of NEFT or IMPS.
    #[garde(pattern("^[A-Za-z0-9-]{6,35}$"))]
    #[schema(pattern = "^[A-Za-z0-9-]{6,35}$", max_length = 35, example = "HDFCN52026112300123456")]
    pub reference: String,
}

/// Cash that a carrier handed over.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewRemittance {
    #[garde(skip)]
    pub order_id: OrderId,
    /// Must be what was collected at the door.
    #[garde(custom(positive))]
    #[schema(value_type = i64, minimum = 1, example = 49900)]
    pub amount: Money,
}

/// A card that the customer let us keep: shown by its method and age, since the provider alone knows its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedMethod {
    pub saved_method_id: uuid::Uuid,
    pub method: PaymentMethod,
    /// To be sent as the card's token of a new attempt.
    pub token: String,
    pub created_at: Timestamp,
}

/// Everything about the payment of an order, for staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentDesk {
    pub payment: Payment,
    pub customer_id: UserId,
    /// Held for refunds that are under way.
    pub refunding: Money,
    /// What can still be refunded.
    pub refundable: Money,
    pub provider_payments: Vec<ProviderPayment>,
    pub refunds: Vec<Refund>,
}

/// Where to find an attempt in the provider's books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderPayment {
    pub attempt_id: AttemptId,
    pub provider: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payment_id: Option<String>,
}

fn positive(amount: &Money, (): &()) -> garde::Result {
    if amount.is_positive() { Ok(()) } else { Err(garde::Error::new("must be at least 1 paisa")) }
}
