//! The keys that access tokens are verified with.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::app::Auth;

/// The public keys (RFC 7517) of those that sign now, signed before and will sign next.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = 200, body = serde_json::Value, content_type = "application/jwk-set+json")))]
pub async fn get_key_set(State(app): State<Auth>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, Json(app.keys().key_set())).into_response()
}
