//! What happens to a public request before and after it is forwarded: limits, early rejection of bad tokens, CORS, security
//! headers, compression.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::{HeaderName, HeaderValue, Method, header};
use platform::Problem;
use platform::env::{Env, EnvError};
use platform::identity::Visitor;
use platform::limits::{Rule, Who};
use platform::service::App as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::Gateway;
use crate::client_address::client_address;

/// Shorter answers are not worth compressing.
const SMALLEST_TO_COMPRESS: u16 = 1024;
const WINDOW: Duration = Duration::from_secs(60);

pub(crate) struct Settings {
    origins: Vec<HeaderValue>,
    proxies: usize,
    per_address: Rule,
    per_user: Rule,
}

impl Settings {
    /// `GATEWAY_CORS_ORIGINS`: whose pages may call, comma-separated; none by default. `GATEWAY_PROXIES`: how many proxies stand
    /// before the gateway. `GATEWAY_LIMIT_PER_ADDRESS`, `GATEWAY_LIMIT_PER_USER`: requests in a minute.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        Ok(Settings {
            origins: env.list("GATEWAY_CORS_ORIGINS")?,
            proxies: env.value("GATEWAY_PROXIES", 0)?,
            per_address: Rule { name: "address", limit: env.value("GATEWAY_LIMIT_PER_ADDRESS", 1200)?, window: WINDOW },
            per_user: Rule { name: "user", limit: env.value("GATEWAY_LIMIT_PER_USER", 600)?, window: WINDOW },
        })
    }
}

/// What surrounds everything that clients ask for, the gateway's own endpoints included.
pub(crate) fn around(gateway: Gateway, router: Router) -> Router {
    let origins = gateway.0.settings.origins.clone();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-cart-token"),
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_secs(3600));
    router
        .layer(middleware::from_fn_with_state(gateway, admit))
        .layer(cors)
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(SMALLEST_TO_COMPRESS)))
}

/// The address a request comes from, for the forwarding.
#[derive(Clone, Copy)]
pub(crate) struct ClientAddress(pub IpAddr);

/// Lets a request through that is within its limits and whose token, if it has one, is good.
async fn admit(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let settings = &gateway.0.settings;
    let (mut parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |c| c.0.ip());
    let address = client_address(&parts.headers, peer, settings.proxies);
    let limits = gateway.context().limits();
    if let Err(limited) = limits.check(&Who::Ip(address), &settings.per_address).await {
        return Problem::from(limited).into_response();
    }
    match Visitor::from_request_parts(&mut parts, &()).await {
        Ok(Visitor(Some(customer))) => {
            if let Err(limited) = limits.check(&Who::User(customer.id), &settings.per_user).await {
                return Problem::from(limited).into_response();
            }
        }
        Ok(Visitor(None)) => {}
        Err(problem) => return problem.into_response(),
    }
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(ClientAddress(address));
    secured(next.run(request).await)
}

/// What browsers are told to forbid (OWASP Secure Headers). The API serves data, so nothing in an answer of it may be framed,
/// sniffed or run; a page that a service serves brings its own policy.
fn secured(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

pub(crate) type Address = Extension<ClientAddress>;
