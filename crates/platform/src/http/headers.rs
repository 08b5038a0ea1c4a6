//! Headers of ours.

use http::HeaderName;

/// The request's id, taken from the gateway's, or made.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The same for everything that follows from one request of a client.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// W3C Trace Context.
pub use crate::telemetry::trace_context::{TRACEPARENT, TRACESTATE};
/// The user for whom one service calls another. Believed only beside a service's token, and no authorisation.
pub const ASKER: HeaderName = HeaderName::from_static("x-asker");
/// Milliseconds for which the caller still waits.
pub const TIME_LEFT: HeaderName = HeaderName::from_static("x-time-left");
