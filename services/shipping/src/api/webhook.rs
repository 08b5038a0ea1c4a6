use axum::body::Bytes;
use axum::extract::State;
use contracts::shipping::CarrierUpdate;
use http::{HeaderMap, StatusCode};
use platform::http::Path;
use platform::{Problem, Result};

use crate::{Shipping, jobs};

/// What a carrier tells of a parcel. The signature over the bytes as they came is the authorisation. News of a parcel that is
/// not known yet is kept; a repeat changes nothing.
#[utoipa::path(post, path = "/api/v1/shipping/webhooks/{carrier}", tag = "shipping", request_body = CarrierUpdate,
    params(
        ("carrier" = String, Path, description = "The carrier's name"),
        ("X-Carrier-Timestamp" = String, Header, description = "Seconds since 1970 at which it was signed; five minutes off at most"),
        ("X-Carrier-Signature" = String, Header, description = "Base64 of HMAC-SHA-256 over the timestamp, a full stop and the body"),
    ),
    responses(
        (status = 204, description = "Kept, now or before."),
        (status = 400, body = Problem, description = "It is not JSON."),
        (status = 401, body = Problem, description = "The signature is missing, wrong or old."),
        (status = 404, body = Problem, description = "There is no such carrier."),
        (status = 422, body = Problem, description = "A field is missing or cannot be read."),
    ))]
pub async fn receive_carrier_webhook(
    State(app): State<Shipping>,
    Path(carrier): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    if carrier != app.carrier.name() {
        return Err(Problem::not_found("carrier"));
    }
    let update = app.carrier.read_webhook(&headers, &body, app.context.now())?;
    jobs::learn(&app, &[update]).await?;
    Ok(StatusCode::NO_CONTENT)
}
