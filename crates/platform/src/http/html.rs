//! The few pages that services serve themselves.

use axum::response::{Html, IntoResponse, Response};
use http::header;

/// A page without scripts: what it may load is its own inline style and images of the same origin, and nobody may frame it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An HTML page that works without script.
#[derive(Clone, Debug)]
pub struct PlainPage(pub String);

impl IntoResponse for PlainPage {
    fn into_response(self) -> Response {
        ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(self.0)).into_response()
    }
}
