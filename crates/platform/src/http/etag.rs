//! Versions of what can be read and edited: `ETag`, `If-None-Match`, `If-Match` (RFC 9110).

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{Problem, Result};

/// The version of a representation as an entity tag: strong, `"v17"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag(pub i64);

impl ETag {
    fn header(self) -> HeaderValue {
        HeaderValue::from_str(&format!("\"v{}\"", self.0)).unwrap_or(HeaderValue::from_static("\"v0\""))
    }

    fn parse(text: &str) -> Option<Self> {
        text.trim()
            .strip_prefix("W/")
            .unwrap_or(text.trim())
            .strip_prefix("\"v")?
            .strip_suffix('"')?
            .parse()
            .ok()
            .map(ETag)
    }

    /// Does the client have this version already?
    pub fn is_known(self, request: &HeaderMap) -> bool {
        let known = request.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
        known.split(',').any(|tag| tag.trim() == "*" || ETag::parse(tag) == Some(self))
    }
}

/// A JSON body with its version. Use [`Versioned::unless_known`] for reads, so that a client that has it gets 304.
#[derive(Debug)]
pub struct Versioned<T>(pub i64, pub T);

impl<T: Serialize> Versioned<T> {
    pub fn unless_known(self, request: &HeaderMap) -> Response {
        let tag = ETag(self.0);
        if tag.is_known(request) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag.header())]).into_response();
        }
        self.into_response()
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, ETag(self.0).header())], Json(self.1)).into_response()
    }
}

/// The version that an update expects, from `If-Match`; 428 if there is none.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub i64);

impl IfMatch {
    /// # Errors
    /// 412 if `current` is another version.
    pub fn check(self, current: i64) -> Result<()> {
        if self.0 == current { Ok(()) } else { Err(Problem::stale()) }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "version-required",
                "Say which version you change",
            )
            .field("if-match", "is missing: send the ETag that you read"));
        };
        match value.to_str().ok().and_then(ETag::parse) {
            Some(ETag(version)) => Ok(IfMatch(version)),
            None => {
                Err(Problem::malformed("If-Match cannot be read.").field("if-match", "must be an ETag that you read"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_the_version_gets_304() {
        let mut request = HeaderMap::new();
        assert_eq!(Versioned(7, "x").unless_known(&request).status(), 200);
        request.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"v6\", W/\"v7\""));
        let response = Versioned(7, "x").unless_known(&request);
        assert_eq!(response.status(), 304);
        assert_eq!(response.headers()[header::ETAG], "\"v7\"");
        assert_eq!(Versioned(8, "x").unless_known(&request).status(), 200);
    }

    #[test]
    fn an_update_of_another_version_is_refused() {
        assert!(IfMatch(3).check(3).is_ok());
        assert!(IfMatch(3).check(4).unwrap_err().is("stale-version"));
    }
}
