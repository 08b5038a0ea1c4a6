//! Sending a public request on to the service whose it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt as _, Router};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use platform::client::{Breaker, Connections};
use platform::http::headers;
use platform::scope::Scope;
use platform::service::{App as _, Context};
use platform::{Problem, Result};
use types::ServiceName;

use crate::Gateway;
use crate::edge::Address;

/// Headers that belong to one connection (RFC 9110, section 7.6.1), and those of ours that a client must not set.
const NOT_FORWARDED: [HeaderName; 11] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    headers::TIME_LEFT,
    headers::CORRELATION_ID,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// A service that was given less says nothing by not answering: a client that sends its body slowly has left it no more.
const FAIR: Duration = Duration::from_secs(5);
/// A read is tried again when the connection broke before an answer came.
const READ_ATTEMPTS: u32 = 2;

pub(crate) struct Upstreams {
    connections: Connections,
    breakers: BTreeMap<ServiceName, Breaker>,
}

impl Upstreams {
    pub fn new(context: &Context) -> Self {
        Upstreams {
            connections: context.client().connections().clone(),
            breakers: ServiceName::ALL.iter().map(|s| (*s, Breaker::default())).collect(),
        }
    }
}

/// Everything under `/api/v1` that is not the gateway's own.
pub(crate) fn everything_else(gateway: Gateway) -> Router {
    Router::new().fallback(forward).with_state(gateway)
}

async fn forward(State(gateway): State<Gateway>, address: Address, request: Request) -> Result<Response> {
    let path = request.uri().path();
    let service = destination(&gateway, path).ok_or_else(|| Problem::not_found("path"))?;
    let cacheable = *request.method() == Method::GET;
    if cacheable && let Some(answer) = gateway.0.recent.find(request.uri(), request.headers()).await {
        return Ok(answer);
    }
    let (parts, body) = request.with_limited_body().into_parts();
    let body = body.collect().await.map_err(too_large)?.to_bytes();
    let response = send(&gateway, service, &parts, body, &address).await?;
    if cacheable {
        return gateway.0.recent.keep(&parts.uri, &parts.headers, response).await;
    }
    Ok(response.into_response())
}

/// The service that a path belongs to. A path that is not written plainly belongs to none: what the gateway reads one way and a
/// service another is how the inside gets reached from outside.
fn destination(gateway: &Gateway, path: &str) -> Option<ServiceName> {
    let lower = path.to_ascii_lowercase();
    let devious = path.contains("//")
        || path.split('/').any(|segment| segment == "." || segment == "..")
        || ["%2f", "%5c", "%2e", "%00", "\\"].iter().any(|trick| lower.contains(trick));
    if devious { None } else { gateway.context().topology().route(path) }
}

async fn send(
    gateway: &Gateway,
    service: ServiceName,
    parts: &http::request::Parts,
    body: Bytes,
    address: &Address,
) -> Result<http::Response<Body>> {
    let upstreams = &gateway.0.upstreams;
    let breaker = &upstreams.breakers[&service];
    let scope = Scope::current();
    let uri = uri(gateway.context().client().addresses().of(service), &parts.uri)?;
    let headers = outgoing(&parts.headers, &scope, address)?;
    let attempts = if parts.method.is_safe() { READ_ATTEMPTS } else { 1 };
    let mut attempt = 1;
    loop {
        if !breaker.admits() {
            return Err(Problem::unavailable(format!("{service} failed too often; it is left alone for a while")));
        }
        let mut request = http::Request::new(Full::new(body.clone()));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        let (asked, time) = (Instant::now(), scope.time_left());
        let error = match tokio::time::timeout(time, upstreams.connections.request(request)).await {
            Ok(Ok(response)) => {
                breaker.succeeded();
                return Ok(incoming(response.map(Body::new)));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                breaker.failed_within(asked.elapsed(), time, FAIR);
                return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline-passed", "It took too long"));
            }
        };
        breaker.failed();
        if attempt == attempts {
            return Err(Problem::unavailable(format!("{service}: {error}")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        attempt += 1;
    }
}

fn uri(base: &str, original: &Uri) -> Result<Uri> {
    let path = original.path_and_query().map_or("/", |p| p.as_str());
    format!("{base}{path}").parse().map_err(|_| Problem::malformed("The path cannot be read."))
}

fn outgoing(incoming: &HeaderMap, scope: &Scope, address: &Address) -> Result<HeaderMap> {
    let mut headers: HeaderMap = incoming
        .iter()
        .filter(|(name, _)| !NOT_FORWARDED.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // The services answer plainly; the gateway compresses once, at the edge.
    headers.remove(header::ACCEPT_ENCODING);
    let text = |value: &str| HeaderValue::from_str(value).map_err(Problem::internal);
    headers.insert(headers::REQUEST_ID, text(&scope.request_id)?);
    headers.insert(headers::CORRELATION_ID, text(&scope.correlation_id)?);
    scope.trace.child().insert_into(&mut headers);
    headers.insert(headers::TIME_LEFT, HeaderValue::from(u64::try_from(scope.time_left().as_millis()).unwrap_or(0)));
    headers.insert(FORWARDED_FOR, text(&address.0.0.to_string())?);
    Ok(headers)
}

fn incoming(mut response: http::Response<Body>) -> http::Response<Body> {
    for name in &NOT_FORWARDED[..5] {
        response.headers_mut().remove(name);
    }
    response
}

fn too_large(error: axum::Error) -> Problem {
    tracing::debug!(%error, "a body was refused");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large, or did not arrive whole")
}
