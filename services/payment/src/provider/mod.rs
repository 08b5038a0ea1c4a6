//! Payment providers behind one trait. A provider is another system: it answers late, twice, or not at all, and every
//! operation here can be repeated when its answer was lost.

pub mod razorpay;

use async_trait::async_trait;
use contracts::payment::{NewPaymentAttempt, PaymentAction};
use http::HeaderMap;
use types::{AttemptId, Money, OrderId, RefundId, Timestamp};

use crate::domain::Reported;

types::text_enum! {
    /// `PAYMENT_PROVIDER`.
    pub enum ProviderName {
        /// Runs within the service and misbehaves on demand; not in production.
        Sandbox = "sandbox",
        Razorpay = "razorpay",
    }
}

#[async_trait]
pub trait Provider: Send + Sync + 'static {
    fn name(&self) -> ProviderName;

    /// Opens a payment. Repeating it for the same attempt answers what the first opened.
    async fn create(&self, payment: &NewPayment) -> Result<PaymentReport, ProviderError>;

    /// How an attempt stands in the provider's books; `None` if the provider has never heard of it.
    async fn fetch(&self, attempt: &Known) -> Result<Option<PaymentReport>, ProviderError>;

    /// Takes money that was authorised.
    async fn capture(&self, attempt: &Known) -> Result<PaymentReport, ProviderError>;

    /// Sends money back. Repeating it for the same refund answers how the first stands.
    async fn refund(&self, refund: &RefundRequest) -> Result<RefundReport, ProviderError>;

    /// Checks that a webhook comes from the provider, over the bytes as they came, and tells its unique id. The same event
    /// may be delivered again.
    fn verify_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String, WebhookError>;

    /// Reads a webhook that was verified when it came.
    fn read_webhook(&self, body: &[u8]) -> Result<Notice, WebhookError>;
}

/// A payment to be opened.
#[derive(Clone)]
pub struct NewPayment {
    pub attempt_id: AttemptId,
    pub order_id: OrderId,
    pub order_number: String,
    pub amount: Money,
    pub instrument: NewPaymentAttempt,
    /// The customer can pay until then.
    pub expires_at: Timestamp,
    /// It may have been opened before.
    pub repeated: bool,
}

/// An attempt as both sides know it.
#[derive(Clone, Debug)]
pub struct Known {
    pub attempt_id: AttemptId,
    pub reference: Option<String>,
    pub payment_id: Option<String>,
    pub amount: Money,
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentReport {
    /// The provider's name for what it opened for the attempt.
    pub reference: Option<String>,
    /// The provider's name for the payment that was made.
    pub payment_id: Option<String>,
    pub state: Reported,
    /// Absent where the provider does not say it.
    pub amount: Option<Money>,
    pub action: PaymentAction,
    /// In words for the customer.
    pub failure: Option<String>,
    /// When the provider says it happened; absent if it does not say.
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// Also the idempotency key.
    pub refund_id: RefundId,
    pub order_id: OrderId,
    /// The payment that it goes back to; absent for a payout of cash.
    pub payment_id: Option<String>,
    pub amount: Money,
    pub reason: String,
    /// Known if the provider has begun with it.
    pub provider_refund_id: Option<String>,
    /// The provider may have been asked before.
    pub repeated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    Pending,
    Succeeded,
    Failed,
}

/// What a provider says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReport {
    pub provider_refund_id: String,
    pub outcome: RefundOutcome,
    pub failure: Option<String>,
}

/// A webhook's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Payment {
        /// Our name for the attempt, where the provider carries it.
        attempt_id: Option<AttemptId>,
        report: PaymentReport,
    },
    Refund {
        refund_id: Option<RefundId>,
        report: RefundReport,
    },
    /// Nothing of interest.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It may have been done or not.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// It was not done, and another attempt would not change that. In words for the customer.
    #[error("refused: {0}")]
    Refused(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("the signature is missing or wrong")]
    BadSignature,
    #[error("the signature is too old or from the future")]
    OutOfTime,
    #[error("{0}")]
    Unreadable(String),
}
