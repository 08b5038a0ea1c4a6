//! Paying.

use axum::Json;
use axum::extract::State;
use contracts::payment::{NewPaymentAttempt, StartedAttempt};
use http::StatusCode;
use platform::http::{Body, Path};
use platform::idempotency::IdempotencyKey;
use platform::identity::Customer;
use platform::{Problem, Result};
use types::IntentId;

use crate::{Payments, attempts};

/// Begins to pay an order. A repeat with the same key answers the same attempt as it stands by then.
///
/// The answer `unknown` means that the provider's answer was lost: the payment may have been made, and `sync` tells.
#[utoipa::path(post, path = "/api/v1/payments/{intent_id}/attempts", tag = "payments", request_body = NewPaymentAttempt,
    params(("intent_id" = IntentId, Path),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = StartedAttempt),
        (status = 404, body = Problem, description = "Not there, or another customer's"),
        (status = 409, body = Problem, description = "`not-payable`: paid, cancelled or expired; `attempt-in-progress`: another \
            attempt is under way; `request-in-progress`: the first request with this key is still at work"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request")),
    security(("user_token" = [])))]
pub async fn start_attempt(
    customer: Customer,
    State(app): State<Payments>,
    Path(intent_id): Path<IntentId>,
    key: IdempotencyKey,
    Body(new): Body<NewPaymentAttempt>,
) -> Result<(StatusCode, Json<StartedAttempt>)> {
    let started = attempts::start(&app, customer.id, intent_id, &key, new).await?;
    Ok((StatusCode::CREATED, Json(started)))
}
