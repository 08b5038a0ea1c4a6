//! A payment provider that lives in this service, for everywhere but production: it signs its webhooks, delivers them by HTTP at
//! least once, and misbehaves on demand as real ones do. It shares the service's database and nothing else: what it writes, it
//! writes in transactions of its own.

pub mod api;
mod behaviour;
mod page;
pub mod store;
mod webhooks;

use std::time::Duration;

use async_trait::async_trait;
use contracts::payment::{PaymentAction, PaymentActionType, PaymentMethod};
use http::HeaderMap;
use platform::clock::Clock;
use platform::db::Db;
use platform::identity::Secret;
use types::Timestamp;
use uuid::Uuid;

pub use behaviour::Misbehaviour;
use behaviour::{Decision, Plan, When};
use store::{NewSandboxPayment, SandboxPayment};
pub use webhooks::{DELIVER, SIGNATURE, TOLERANCE, sign};

use crate::domain::Reported;
use crate::provider::{
    Known, NewPayment, Notice, PaymentReport, Provider, ProviderError, ProviderName, RefundOutcome, RefundReport,
    RefundRequest, WebhookError,
};

/// A customer who presses no button for so long has gone.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

pub struct SandboxConfig {
    pub webhook_url: String,
    pub webhook_secret: Secret<String>,
    /// Where the buttons send the customer back to; `{order_id}` stands for the order.
    pub return_url: Option<String>,
}

pub struct Sandbox {
    db: Db,
    clock: Clock,
    config: SandboxConfig,
    http: reqwest::Client,
}

/// What pressing a button brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    Decided,
    /// It was decided before.
    TooLate,
}

impl Sandbox {
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(db: Db, clock: Clock, config: SandboxConfig) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        Ok(Sandbox { db, clock, config, http })
    }

    pub async fn payment(&self, id: &str) -> Result<Option<SandboxPayment>, sqlx::Error> {
        let now = self.clock.now();
        store::find(&mut *self.db.primary().await?, Some(id), None, now, now.minus(PATIENCE)).await
    }

    /// The customer presses a button on the hosted page.
    pub async fn press(
        &self,
        payment: &SandboxPayment,
        status: Reported,
        misbehaviour: &Misbehaviour,
    ) -> Result<Pressed, sqlx::Error> {
        let decision = Decision::with(status, misbehaviour);
        let now = self.clock.now();
        let at = time_of(&decision, now, payment.pay_until);
        let failure = failure_of(status);
        let queued = webhooks::queue(&payment.id, payment.reference, payment.amount, &decision, at);
        let mut connection = self.db.primary().await?;
        let next = (status, at);
        let decided = store::decide(&mut connection, &payment.id, next, failure, &queued, now.minus(PATIENCE)).await?;
        drop(connection);
        self.wake_at(at, now);
        Ok(if decided { Pressed::Decided } else { Pressed::TooLate })
    }

    /// Where the hosted page sends the customer back to.
    pub fn return_url(&self, payment: &SandboxPayment) -> Option<String> {
        self.config.return_url.as_ref().map(|url| url.replace("{order_id}", &payment.order_id.to_string()))
    }

    /// Has webhooks delivered when their time comes rather than at the job's next turn.
    fn wake_at(&self, at: Timestamp, now: Timestamp) {
        let wake = self.db.wake().clone();
        let wait = at.since(now);
        if wait.is_zero() {
            wake.job(DELIVER);
        } else if wait < Duration::from_secs(60) {
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                wake.job(DELIVER);
            });
        }
    }
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> ProviderName {
        ProviderName::Sandbox
    }

    async fn create(&self, payment: &NewPayment) -> Result<PaymentReport, ProviderError> {
        let plan = Plan::of(&payment.instrument).map_err(|reason| ProviderError::Refused(reason.to_owned()))?;
        let id = format!("spay_{}", Uuid::now_v7().simple());
        let now = self.clock.now();
        let decided = plan.decision.as_ref().map(|decision| (decision, time_of(decision, now, payment.expires_at)));
        let queued = decided.map_or_else(Vec::new, |(decision, at)| {
            webhooks::queue(&id, payment.attempt_id, payment.amount, decision, at)
        });
        let new = NewSandboxPayment {
            id: &id,
            reference: payment.attempt_id,
            order_id: payment.order_id,
            order_number: &payment.order_number,
            amount: payment.amount,
            method: payment.instrument.method(),
            pay_until: payment.expires_at,
            next: decided.map(|(decision, at)| (decision.status, at)),
            failure: decided.and_then(|(decision, _)| failure_of(decision.status)),
            now,
        };
        let mut connection = self.db.primary().await.map_err(lost)?;
        store::insert(&mut connection, &new, &queued).await.map_err(lost)?;
        let found = store::find(&mut connection, None, Some(payment.attempt_id), now, now.minus(PATIENCE)).await;
        drop(connection);
        if let Some((_, at)) = decided {
            self.wake_at(at, now);
        }
        if plan.answer_is_lost && !payment.repeated {
            return Err(ProviderError::NoAnswer("connection reset by peer".to_owned()));
        }
        let found =
            found.map_err(lost)?.ok_or_else(|| ProviderError::NoAnswer("not found after writing".to_owned()))?;
        Ok(PaymentReport { action: action(plan.action, &found), ..report(&found, now) })
    }

    async fn fetch(&self, attempt: &Known) -> Result<Option<PaymentReport>, ProviderError> {
        let now = self.clock.now();
        let mut connection = self.db.primary().await.map_err(lost)?;
        let found = store::find(&mut connection, None, Some(attempt.attempt_id), now, now.minus(PATIENCE)).await;
        Ok(found.map_err(lost)?.map(|payment| report(&payment, now)))
    }

    async fn capture(&self, attempt: &Known) -> Result<PaymentReport, ProviderError> {
        let (now, id) = (self.clock.now(), attempt.payment_id.as_deref().unwrap_or_default());
        let mut connection = self.db.primary().await.map_err(lost)?;
        store::capture(&mut connection, id, now).await.map_err(lost)?;
        let found = store::find(&mut connection, Some(id), None, now, now.minus(PATIENCE)).await.map_err(lost)?;
        let payment = found.ok_or_else(|| ProviderError::Refused("There is no such payment".to_owned()))?;
        Ok(report(&payment, now))
    }

    /// The refund's reason is what it misbehaves on: `refuse@sandbox`, `lost@sandbox` (the first answer), `pending@sandbox`.
    async fn refund(&self, refund: &RefundRequest) -> Result<RefundReport, ProviderError> {
        if refund.reason.contains("refuse@sandbox") {
            return Err(ProviderError::Refused("The customer's bank account is closed".to_owned()));
        }
        let is_pending = refund.reason.contains("pending@sandbox");
        let id = format!("srfd_{}", Uuid::now_v7().simple());
        let mut tx = self.db.begin().await.map_err(lost)?;
        let payment_id = refund.payment_id.as_deref();
        let done =
            store::refund(&mut tx, &id, refund.refund_id, payment_id, refund.amount, is_pending, self.clock.now());
        let done = done.await.map_err(lost)?;
        let _committed = tx.commit().await.map_err(lost)?;
        let done = done.ok_or_else(|| ProviderError::Refused("The payment does not have so much left".to_owned()))?;
        if refund.reason.contains("lost@sandbox") && done.asked == 1 {
            return Err(ProviderError::NoAnswer("connection reset by peer".to_owned()));
        }
        let outcome = if done.is_pending { RefundOutcome::Pending } else { RefundOutcome::Succeeded };
        Ok(RefundReport { provider_refund_id: done.id, outcome, failure: None })
    }

    fn verify_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String, WebhookError> {
        webhooks::verify(self.config.webhook_secret.expose(), headers, body, now)
    }

    fn read_webhook(&self, body: &[u8]) -> Result<Notice, WebhookError> {
        webhooks::read(body)
    }
}

fn report(payment: &SandboxPayment, now: Timestamp) -> PaymentReport {
    let kind = match payment.method {
        PaymentMethod::Upi => PaymentActionType::UpiCollect,
        _ => PaymentActionType::Redirect,
    };
    PaymentReport {
        reference: Some(payment.id.clone()),
        payment_id: Some(payment.id.clone()),
        state: payment.status,
        amount: Some(payment.amount),
        action: action(kind, payment),
        failure: payment.failure.clone().filter(|_| payment.status == Reported::Failed),
        at: Some(now),
    }
}

fn action(kind: PaymentActionType, payment: &SandboxPayment) -> PaymentAction {
    match kind {
        PaymentActionType::None => PaymentAction::NONE,
        kind => PaymentAction { kind, url: Some(page::path(&payment.id)) },
    }
}

fn time_of(decision: &Decision, now: Timestamp, pay_until: Timestamp) -> Timestamp {
    match decision.when {
        When::After(time) => now.plus(time),
        When::TooLate => pay_until.max(now).plus(Duration::from_secs(1)),
    }
}

fn failure_of(status: Reported) -> Option<&'static str> {
    (status == Reported::Failed).then_some("The bank declined the payment")
}

fn lost(error: sqlx::Error) -> ProviderError {
    ProviderError::NoAnswer(error.to_string())
}
