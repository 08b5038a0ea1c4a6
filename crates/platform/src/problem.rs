//! Errors as clients see them: RFC 9457 problem documents with a stable `type`.
//!
//! Internal detail never gets into one. An error that is not the client's doing is logged where it becomes a problem, and
//! the client is told only the request's id.

use std::borrow::Cow;
use std::fmt::Display;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a handler returns.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// One field of a request that broke a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a path such as `lines[0].quantity`, or a parameter's or header's name.
    #[schema(example = "lines[0].quantity")]
    pub field: String,
    /// Which rule, in words.
    #[schema(example = "must be between 1 and 99")]
    pub rule: String,
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem, `urn:haat:problem:<kind>`: programs match on this.
    #[serde(rename = "type")]
    #[schema(example = "urn:haat:problem:insufficient-stock")]
    pub kind: Cow<'static, str>,
    /// The kind in words, for a developer.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, for a person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The fields that broke a rule.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldError>,
    /// The request's id, to quote to support. Set when the response leaves the service.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// Members of this kind of problem.
    #[serde(flatten)]
    pub extensions: Map<String, Value>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

const STANDARD: [&str; 6] = ["type", "title", "status", "detail", "errors", "request_id"];
const URN: &str = "urn:haat:problem:";

impl Problem {
    /// A problem of a kind of its own: `kind` is the last part of the URN (`insufficient-stock`), `title` says it in words.
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Problem {
            kind: Cow::Owned(format!("{URN}{kind}")),
            title: Cow::Borrowed(title),
            status: status.as_u16(),
            detail: None,
            errors: Vec::new(),
            request_id: None,
            extensions: Map::new(),
            retry_after: None,
        }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn field(mut self, field: impl Into<String>, rule: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), rule: rule.into() });
        self
    }

    /// Adds a member of this kind of problem, under a name that no problem has already. A value that cannot be JSON is left out.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        debug_assert!(!STANDARD.contains(&name), "every problem has '{name}' already");
        if let Ok(value) = serde_json::to_value(value) {
            self.extensions.insert(name.to_owned(), value);
        }
        self
    }

    /// Sets `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Is it of this kind (the last part of the URN)?
    pub fn is(&self, kind: &str) -> bool {
        self.kind.strip_prefix(URN) == Some(kind)
    }

    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// 400: the request cannot be understood.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-request", "The request cannot be understood").detail(detail)
    }

    /// 422: a field breaks a rule. More fields can be added with [`Problem::field`].
    pub fn invalid(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", "A field breaks a rule").field(field, rule)
    }

    /// 401: no token, or one that is not good (any more).
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Log in first").detail(detail)
    }

    /// 403: logged in, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed").detail(detail)
    }

    /// 404: not there, or not this client's to see: the two cannot be told apart.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found").detail(format!("There is no such {what}."))
    }

    /// 409: the thing is not in a state that allows this.
    pub fn conflict(kind: &'static str, title: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title)
    }

    /// 412: `If-Match` names another version than the current one.
    pub fn stale() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "stale-version", "Somebody changed it in the meantime")
            .detail("Read it again, apply your change to what you find, and send the new ETag in If-Match.")
    }

    /// 429, with the seconds to wait.
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests").retry_after(seconds.max(1))
    }

    /// 503: something this needs cannot be reached now. Logged with its cause.
    pub fn unavailable(cause: impl Display) -> Self {
        tracing::warn!(%cause, "answered 503");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Try again shortly").retry_after(1)
    }

    /// 500: our fault. Logged with its cause, of which the client sees nothing.
    #[track_caller]
    pub fn internal(cause: impl Display) -> Self {
        let place = std::panic::Location::caller();
        tracing::error!(%cause, at = %place, "answered 500");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side")
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.kind)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for error in &self.errors {
            write!(f, "; {} {}", error.field, error.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after;
        let mut response = (self.status_code(), Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The outermost layer adds the request's id to a problem that it finds here.
        response.extensions_mut().insert(self);
        response
    }
}

/// A database that cannot be reached is worth another try; anything else that was not mapped where it was raised is our mistake.
impl From<sqlx::Error> for Problem {
    #[track_caller]
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                Problem::unavailable(error)
            }
            // 57: the server shuts down or cancelled the statement; 25006: a primary that became a replica;
            // 40001, 40P01: serialisation failure, deadlock; 53300: too many connections.
            sqlx::Error::Database(d)
                if d.code().is_some_and(|c| {
                    c.starts_with("57") || ["25006", "40001", "40P01", "53300", "55P03"].contains(&&*c)
                }) =>
            {
                Problem::unavailable(error)
            }
            _ => Problem::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_internal_error_tells_the_client_nothing_of_its_cause() {
        let response = Problem::internal("password=hunter2 at 10.0.0.7").into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "urn:haat:problem:internal");
        assert!(!body.to_string().contains("hunter2"));
    }

    #[test]
    fn a_problem_survives_the_wire() {
        let sent = Problem::conflict("insufficient-stock", "Not enough stock")
            .with("available", 3)
            .field("lines[0]", "only 3 left");
        let text = serde_json::to_string(&sent).unwrap();
        let received: Problem = serde_json::from_str(&text).unwrap();
        assert!(received.is("insufficient-stock"));
        assert_eq!(received.extensions["available"], 3);
        assert_eq!(received.errors, sent.errors);
    }
}
