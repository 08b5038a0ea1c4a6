//! What providers tell us.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use platform::db::Tx;
use platform::http::Path;
use platform::identity::Visitor;
use platform::service::App;
use platform::{Problem, Result};
use types::{RefundId, Timestamp};

use crate::provider::{Notice, PaymentReport, ProviderName, RefundReport, WebhookError};
use crate::store::webhook::{Fate, Waiting};
use crate::store::{AttemptRow, IntentRow};
use crate::{Payments, settle, store};

/// Before a webhook that is about something unknown is tried again.
const PAUSE: Duration = Duration::from_secs(2);
/// What is unknown after so long is for a person.
const HOPELESS: Duration = Duration::from_secs(3 * 24 * 3600);

/// Takes a provider's webhook. The signature is checked over the bytes as they came; the bytes are kept; what they say is
/// applied in the same transaction, or later if it is about something that is not known yet. A repeat changes nothing.
#[utoipa::path(post, path = "/api/v1/payments/webhooks/{provider}", tag = "payments",
    request_body(content = String, content_type = "application/json", description = "As the provider defines it"),
    params(("provider" = String, Path, description = "`sandbox` or `razorpay`"),
           ("X-Razorpay-Signature" = Option<String>, Header, description = "HMAC-SHA256 of the body, in hexadecimal"),
           ("X-Sandbox-Signature" = Option<String>, Header, description = "`t=<seconds>,v1=<HMAC-SHA256 of \"<seconds>.<body>\">`")),
    responses((status = 200, description = "Kept, now or before"),
        (status = 400, body = Problem, description = "Signed, but unreadable"),
        (status = 401, body = Problem, description = "The signature is missing, wrong or out of time"),
        (status = 404, body = Problem, description = "The provider is not in use")))]
pub async fn receive_webhook(
    _: Visitor,
    State(app): State<Payments>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    let configured = provider.parse().ok().and_then(|name| app.provider_named(name));
    let provider = configured.ok_or_else(|| Problem::not_found("provider"))?;
    let (name, now) = (provider.name(), app.context().now());
    let event_id = provider.verify_webhook(&headers, &body, now).map_err(|error| match error {
        WebhookError::Unreadable(reason) => Problem::malformed(reason),
        WebhookError::BadSignature | WebhookError::OutOfTime => Problem::unauthenticated(error.to_string()),
    })?;
    let notice = provider.read_webhook(&body);

    let mut tx = app.db.begin().await?;
    let found = find(&mut tx, name, notice).await?;
    let fate = found.fate(now);
    if !store::webhook::keep(&mut tx, name, &event_id, &body, fate, now).await? {
        return Ok(StatusCode::OK);
    }
    found.apply(&mut tx, now).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::OK)
}

/// Tries again to make something of a webhook that was kept.
pub async fn apply_kept(app: &Payments, webhook: &Waiting) -> Result<()> {
    let Some(provider) = app.provider_named(webhook.provider) else { return Ok(()) };
    let now = app.context().now();
    let mut tx = app.db.begin().await?;
    let found = find(&mut tx, webhook.provider, provider.read_webhook(&webhook.body)).await?;
    let fate = match found.fate(now) {
        Fate::Later { .. } if now.since(webhook.received_at) < HOPELESS => return Ok(()),
        Fate::Later { problem, .. } => Fate::Set { aside: problem },
        fate => fate,
    };
    store::webhook::settle(&mut tx, webhook.provider, &webhook.event_id, fate, now).await?;
    found.apply(&mut tx, now).await?;
    let _committed = tx.commit().await?;
    Ok(())
}

/// What a webhook is about, locked.
enum Found {
    Payment(Box<(IntentRow, AttemptRow, PaymentReport)>),
    Refund(RefundId, RefundReport),
    Nothing,
    NotYet,
    Wrong(String),
}

async fn find(tx: &mut Tx, name: ProviderName, notice: Result<Notice, WebhookError>) -> Result<Found> {
    Ok(match notice {
        Ok(Notice::Payment { attempt_id, report }) => {
            match store::attempt::lock(tx, name, attempt_id, report.reference.as_deref()).await? {
                None => Found::NotYet,
                Some((intent, attempt)) => match settle::contradiction(&attempt, &report) {
                    Some(contradiction) => Found::Wrong(contradiction),
                    None => Found::Payment(Box::new((intent, attempt, report))),
                },
            }
        }
        Ok(Notice::Refund { refund_id, report }) => {
            let known = match refund_id {
                Some(id) => Some(id),
                None => store::refund::by_providers_id(tx, &report.provider_refund_id).await?,
            };
            match known {
                Some(id) if store::refund::lock(tx, id).await?.is_some() => Found::Refund(id, report),
                _ => Found::NotYet,
            }
        }
        Ok(Notice::Other) => Found::Nothing,
        Err(error) => Found::Wrong(error.to_string()),
    })
}

impl Found {
    fn fate(&self, now: Timestamp) -> Fate<'_> {
        match self {
            Found::Payment(_) | Found::Refund(..) | Found::Nothing => Fate::Applied,
            Found::NotYet => Fate::Later { due_at: now.plus(PAUSE), problem: "it is about something unknown" },
            Found::Wrong(problem) => {
                tracing::error!(problem, "a webhook is set aside");
                Fate::Set { aside: problem }
            }
        }
    }

    async fn apply(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        match self {
            Found::Payment(found) => settle::report(tx, &found.0, &found.1, &found.2, now).await,
            Found::Refund(id, report) => {
                let (theirs, failure) = (Some(report.provider_refund_id.as_str()), report.failure.as_deref());
                settle::refund_ended(tx, *id, theirs, report.outcome, failure, now).await.map(drop)
            }
            Found::Nothing | Found::NotYet | Found::Wrong(_) => Ok(()),
        }
    }
}
