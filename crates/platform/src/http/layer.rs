//! The layer around every request: its id and trace, its deadline, its scope, panics, metrics, the log line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;
use types::ServiceName;
use uuid::Uuid;

use super::headers;
use crate::Problem;
use crate::scope::{DEFAULT_TIME, Scope};
use crate::telemetry::names;
use crate::telemetry::trace_context::{self, TraceContext};

/// Ids that come from outside are kept if they look like ids.
const LONGEST_ID: usize = 128;

pub async fn around(State(service): State<ServiceName>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |p| p.as_str().to_owned());
    let span = tracing::info_span!("request", %service, method = %method, route, request_id = Empty, trace_id = Empty);
    let trace = trace_context::begin(&span, TraceContext::from_headers(request.headers()));
    let scope = scope(service, request.headers(), trace, started);
    span.record("request_id", &scope.request_id).record("trace_id", format!("{:032x}", scope.trace.trace_id));
    let (request_id, deadline) = (scope.request_id.clone(), scope.deadline);

    let in_flight = InFlight::new(service);
    let work = AssertUnwindSafe(scope.run(next.run(request))).catch_unwind();
    let response = match tokio::time::timeout_at(deadline, work.instrument(span.clone())).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => span
            .in_scope(|| Problem::internal(format!("panicked: {}", crate::service::panic_message(&*panic))))
            .into_response(),
        Err(_) => span.in_scope(|| {
            tracing::warn!("the deadline passed");
            Problem::new(http::StatusCode::GATEWAY_TIMEOUT, "deadline-passed", "It took too long").into_response()
        }),
    };
    drop(in_flight);

    let response = with_id(response, &request_id);
    let (status, took) = (response.status(), started.elapsed());
    span.in_scope(|| tracing::debug!(status = status.as_u16(), took = ?took, "answered"));
    let labels = [
        ("service", service.as_str().to_owned()),
        ("method", method.to_string()),
        ("route", route),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!(names::HTTP_REQUESTS_TOTAL, &labels).increment(1);
    metrics::histogram!(names::HTTP_REQUEST_DURATION_SECONDS, &labels[..3]).record(took.as_secs_f64());
    response
}

/// One request more, for as long as this lives: also if its client hangs up and nobody waits for the answer.
struct InFlight(metrics::Gauge);

impl InFlight {
    fn new(service: ServiceName) -> Self {
        let gauge = metrics::gauge!(names::HTTP_REQUESTS_IN_FLIGHT, "service" => service.as_str());
        gauge.increment(1.0);
        InFlight(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// What services tell one another of a request is believed behind the gateway only. At the gateway a client says it: one that gives
/// no time would make every service look broken, and one that chooses the correlation would write into another's history.
fn scope(service: ServiceName, headers: &HeaderMap, trace: TraceContext, started: Instant) -> Scope {
    let text = |name: &http::HeaderName| headers.get(name)?.to_str().ok();
    let told = |name: &http::HeaderName| text(name).filter(|_| service != ServiceName::Gateway);
    let id = |text: Option<&str>| {
        let id = text?;
        let plain = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        plain.then(|| id.to_owned())
    };
    let request_id = id(text(&headers::REQUEST_ID)).unwrap_or_else(|| Uuid::now_v7().to_string());
    let time_left = told(&headers::TIME_LEFT).and_then(|t| t.parse().ok()).map_or(DEFAULT_TIME, Duration::from_millis);
    Scope {
        correlation_id: id(told(&headers::CORRELATION_ID)).unwrap_or_else(|| request_id.clone()),
        causation_id: Some(request_id.clone()),
        request_id,
        trace,
        deadline: started + time_left.min(DEFAULT_TIME),
        asker: Arc::default(),
    }
}

/// Every response names its request; a problem says it in its body, too.
fn with_id(mut response: Response, request_id: &str) -> Response {
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.request_id = Some(request_id.to_owned());
        let (mut parts, _) = response.into_parts();
        let body = Json(&problem).into_response().into_body();
        parts.headers.remove(header::CONTENT_LENGTH);
        response = Response::from_parts(parts, body);
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(headers::REQUEST_ID, value);
    }
    response
}
