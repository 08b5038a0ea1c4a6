//! The sandbox's webhooks: what they say, how they are signed, and how they are delivered.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use contracts::payment::PaymentAction;
use futures::StreamExt;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use types::{AttemptId, Money, Timestamp};
use uuid::Uuid;

use super::behaviour::Decision;
use super::store::{self, DueWebhook, QueuedWebhook};
use super::{Sandbox, failure_of};
use crate::domain::Reported;
use crate::provider::{Notice, PaymentReport, WebhookError};
use crate::signature;

/// The job that delivers them.
pub const DELIVER: &str = "deliver-sandbox-webhooks";
/// `t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>`
pub const SIGNATURE: &str = "x-sandbox-signature";
/// A signature that is older, or from further in the future, may be a replay.
pub const TOLERANCE: Duration = Duration::from_secs(300);
/// Taken at once, and delivered side by side.
const BATCH: i64 = 64;
const SIDE_BY_SIDE: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created_at: Timestamp,
    data: Data,
}

#[derive(Debug, Serialize, Deserialize)]
struct Data {
    payment_id: String,
    reference: AttemptId,
    status: Reported,
    amount: Money,
    failure: Option<String>,
}

/// The webhooks of a decision that is made at `at`.
pub fn queue(id: &str, reference: AttemptId, amount: Money, decision: &Decision, at: Timestamp) -> Vec<QueuedWebhook> {
    let mut queued = Vec::new();
    for status in &decision.webhooks {
        let event = Event {
            id: format!("sevt_{}", Uuid::now_v7().simple()),
            kind: format!("payment.{status}"),
            created_at: at,
            data: Data {
                payment_id: id.to_owned(),
                reference,
                status: *status,
                amount,
                failure: failure_of(*status).map(str::to_owned),
            },
        };
        let body = serde_json::to_string(&event).unwrap_or_default();
        queued.extend((0..decision.copies).map(|_| QueuedWebhook { body: body.clone(), deliver_at: at }));
    }
    queued
}

/// The signature's header for a body that is sent now.
pub fn sign(secret: &str, body: &[u8], now: Timestamp) -> String {
    let time = now.as_seconds();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &signed(time, body));
    format!("t={time},v1={}", signature::to_hex(tag.as_ref()))
}

pub fn verify(secret: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String, WebhookError> {
    let header = headers.get(SIGNATURE).and_then(|v| v.to_str().ok()).ok_or(WebhookError::BadSignature)?;
    let (time, tag) = header
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
        .and_then(|(time, tag)| Some((time.parse::<i64>().ok()?, signature::from_hex(tag)?)))
        .ok_or(WebhookError::BadSignature)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &signed(time, body), &tag)
        .map_err(|_| WebhookError::BadSignature)?;
    if now.as_seconds().abs_diff(time) > TOLERANCE.as_secs() {
        return Err(WebhookError::OutOfTime);
    }
    let event: Event = serde_json::from_slice(body).map_err(|e| WebhookError::Unreadable(e.to_string()))?;
    Ok(event.id)
}

pub fn read(body: &[u8]) -> Result<Notice, WebhookError> {
    let event: Event = serde_json::from_slice(body).map_err(|e| WebhookError::Unreadable(e.to_string()))?;
    if !event.kind.starts_with("payment.") {
        return Ok(Notice::Other);
    }
    let Data { payment_id, reference, status, amount, failure } = event.data;
    let report = PaymentReport {
        reference: Some(payment_id.clone()),
        payment_id: Some(payment_id),
        state: status,
        amount: Some(amount),
        action: PaymentAction::NONE,
        failure,
        at: Some(event.created_at),
    };
    Ok(Notice::Payment { attempt_id: Some(reference), report })
}

impl Sandbox {
    /// Delivers what is due; what gets no 2xx is delivered again later. True if there may be more.
    pub async fn deliver(&self) -> Result<bool, sqlx::Error> {
        let due = store::claim_webhooks(&mut *self.db.primary().await?, self.clock.now(), BATCH).await?;
        let more = i64::try_from(due.len()).is_ok_and(|taken| taken == BATCH);
        // Those of one payment one after the other, in their order, wrong as it may be on purpose.
        let mut by_payment: BTreeMap<String, Vec<DueWebhook>> = BTreeMap::new();
        for webhook in due {
            by_payment.entry(webhook.payment_id.clone()).or_default().push(webhook);
        }
        let deliveries = futures::stream::iter(by_payment.into_values()).map(|webhooks| async move {
            let mut delivered = Vec::new();
            for webhook in webhooks {
                if self.delivered(&webhook).await {
                    delivered.push(webhook.position);
                }
            }
            delivered
        });
        let delivered: Vec<i64> = deliveries.buffer_unordered(SIDE_BY_SIDE).collect::<Vec<_>>().await.concat();
        if !delivered.is_empty() {
            store::forget_webhooks(&mut *self.db.primary().await?, &delivered).await?;
        }
        Ok(more)
    }

    async fn delivered(&self, webhook: &DueWebhook) -> bool {
        let signature = sign(self.config.webhook_secret.expose(), webhook.body.as_bytes(), self.clock.now());
        let sent = self
            .http
            .post(&self.config.webhook_url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .body(webhook.body.clone())
            .send()
            .await;
        match sent {
            Ok(response) if response.status().is_success() => true,
            Ok(response) => {
                tracing::warn!(status = %response.status(), payment = webhook.payment_id, "a webhook was not accepted");
                false
            }
            Err(error) => {
                tracing::warn!(%error, payment = webhook.payment_id, "a webhook could not be delivered");
                false
            }
        }
    }
}

fn signed(time: i64, body: &[u8]) -> Vec<u8> {
    [format!("{time}.").as_bytes(), body].concat()
}
