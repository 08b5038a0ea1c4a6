//! What Razorpay's API sends: of each entity, what is used.

use contracts::payment::PaymentAction;
use serde::Deserialize;
use types::{Money, Timestamp};

use crate::domain::Reported;
use crate::provider::{Notice, PaymentReport, ProviderError, RefundOutcome, RefundReport, WebhookError};

pub const CURRENCY: &str = "INR";

#[derive(Debug, Deserialize)]
pub struct Collection<T> {
    pub items: Vec<T>,
}

/// https://razorpay.com/docs/api/orders/entity
#[derive(Debug, Deserialize)]
pub struct Order {
    pub id: String,
    /// In paise.
    pub amount: i64,
}

/// https://razorpay.com/docs/api/payments/entity
#[derive(Debug, Deserialize)]
pub struct Payment {
    pub id: String,
    pub order_id: Option<String>,
    /// In paise.
    pub amount: i64,
    pub currency: String,
    pub status: PaymentStatus,
    /// Whether it ever was ours.
    #[serde(default)]
    pub captured: Option<bool>,
    #[serde(default)]
    pub error_description: Option<String>,
    /// In seconds since 1970.
    pub created_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Created,
    Authorized,
    Captured,
    /// Went back, whether it was captured or only authorised.
    Refunded,
    Failed,
    #[serde(other)]
    Unheard,
}

/// https://razorpay.com/docs/api/refunds/entity
#[derive(Debug, Deserialize)]
pub struct Refund {
    pub id: String,
    pub status: RefundStatus,
    #[serde(default)]
    pub receipt: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    Processed,
    Failed,
    /// `pending`, and whatever they may add.
    #[serde(other)]
    Pending,
}

/// https://razorpay.com/docs/errors
#[derive(Debug, Deserialize)]
pub struct Failure {
    pub error: FailureDetail,
}

#[derive(Debug, Deserialize)]
pub struct FailureDetail {
    pub description: String,
}

/// https://razorpay.com/docs/webhooks/payloads/payments and .../refunds
#[derive(Debug, Deserialize)]
struct Webhook {
    event: String,
    #[serde(default)]
    payload: Payload,
    created_at: i64,
}

#[derive(Debug, Default, Deserialize)]
struct Payload {
    payment: Option<Entity<Payment>>,
    refund: Option<Entity<Refund>>,
}

#[derive(Debug, Deserialize)]
struct Entity<T> {
    entity: T,
}

impl Payment {
    /// How far it came: of an order's payments the furthest counts.
    pub fn rank(&self) -> u8 {
        match self.state() {
            _ if self.status == PaymentStatus::Unheard => 0,
            Reported::Failed => 1,
            Reported::Pending => 2,
            Reported::Authorized => 3,
            Reported::Captured => 4,
        }
    }

    fn state(&self) -> Reported {
        match self.status {
            PaymentStatus::Created | PaymentStatus::Unheard => Reported::Pending,
            PaymentStatus::Authorized => Reported::Authorized,
            // Authorised, never taken, and sent back by Razorpay itself.
            PaymentStatus::Refunded if self.captured == Some(false) => Reported::Failed,
            PaymentStatus::Captured | PaymentStatus::Refunded => Reported::Captured,
            PaymentStatus::Failed => Reported::Failed,
        }
    }

    pub fn report(self) -> Result<PaymentReport, ProviderError> {
        if self.currency != CURRENCY {
            return Err(ProviderError::NoAnswer(format!("{} is in {}", self.id, self.currency)));
        }
        let state = self.state();
        Ok(PaymentReport {
            reference: self.order_id,
            payment_id: Some(self.id),
            state,
            amount: Some(Money::from_paise(self.amount)),
            action: PaymentAction::NONE,
            failure: self.error_description.filter(|_| state == Reported::Failed),
            at: Some(seconds(self.created_at)),
        })
    }
}

impl Refund {
    pub fn report(self) -> RefundReport {
        let outcome = match self.status {
            RefundStatus::Processed => RefundOutcome::Succeeded,
            RefundStatus::Failed => RefundOutcome::Failed,
            RefundStatus::Pending => RefundOutcome::Pending,
        };
        let failure = (outcome == RefundOutcome::Failed).then(|| "The bank did not accept the refund".to_owned());
        RefundReport { provider_refund_id: self.id, outcome, failure }
    }
}

pub fn read_webhook(body: &[u8]) -> Result<Notice, WebhookError> {
    let unreadable = |reason: String| WebhookError::Unreadable(reason);
    let webhook: Webhook = serde_json::from_slice(body).map_err(|e| unreadable(e.to_string()))?;
    let at = seconds(webhook.created_at);
    match (webhook.event.as_str(), webhook.payload) {
        ("payment.authorized" | "payment.captured" | "payment.failed", Payload { payment: Some(payment), .. }) => {
            let report = payment.entity.report().map_err(|e| unreadable(e.to_string()))?;
            Ok(Notice::Payment { attempt_id: None, report: PaymentReport { at: Some(at), ..report } })
        }
        (
            "refund.created" | "refund.processed" | "refund.failed" | "refund.speed_changed",
            Payload { refund: Some(refund), .. },
        ) => {
            let refund_id = refund.entity.receipt.as_deref().and_then(|r| r.parse().ok());
            Ok(Notice::Refund { refund_id, report: refund.entity.report() })
        }
        _ => Ok(Notice::Other),
    }
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(seconds.saturating_mul(1_000_000))
}
