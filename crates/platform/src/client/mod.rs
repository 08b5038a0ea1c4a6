//! Calls from one service to another.
//!
//! A call goes to a callee that the topology allows, signed by the caller, within the deadline of what it is made for. Every
//! call may be repeated ([`contracts::Call`]), so one that got no answer is, within a budget: when a callee is down, retries
//! must not be what keeps it down. A callee that fails again and again is left alone for a while.

mod address;
mod breaker;
mod budget;
mod error;
mod key_source;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contracts::Call;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;
use types::ServiceName;

pub use address::Addresses;
pub use breaker::Breaker;
use budget::RetryBudget;
pub use error::CallError;
pub use key_source::KeySetAt;

use crate::Problem;
use crate::http::headers;
use crate::identity::ServiceTokens;
use crate::scope::Scope;
use crate::telemetry::names;
use crate::topology::Topology;

/// A pool of connections to the other services. HTTP/1.1: one HTTP/2 connection would be a bottleneck.
pub type Connections = HttpClient<HttpConnector, Full<Bytes>>;

/// How long a connection is kept that nobody uses. Shorter than a callee waits that takes leave, so that it is the caller who lets
/// go, and no request is sent into a connection that is being closed.
pub(crate) const IDLE: Duration = Duration::from_secs(4);
/// Answers are small; a larger one is a mistake.
const LARGEST_REPLY: usize = 8 << 20;
/// One attempt gets no longer than this, so that there is time for another.
const ATTEMPT_TIME: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 3;

/// Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    caller: ServiceName,
    allowed: fn(ServiceName, ServiceName) -> bool,
    connections: Connections,
    addresses: Addresses,
    tokens: ServiceTokens,
    breakers: BTreeMap<ServiceName, Breaker>,
    budget: RetryBudget,
}

pub fn connections() -> Connections {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(Duration::from_secs(1)));
    HttpClient::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

impl Client {
    pub fn new(caller: ServiceName, addresses: Addresses, tokens: ServiceTokens, connections: Connections) -> Self {
        Client(Arc::new(Inner {
            caller,
            allowed: topology_allows,
            connections,
            addresses,
            tokens,
            breakers: ServiceName::ALL.iter().map(|s| (*s, Breaker::default())).collect(),
            budget: RetryBudget::default(),
        }))
    }

    /// Makes a call and waits for its reply, no longer than the running scope's deadline.
    pub async fn call<C: Call>(&self, request: &C) -> Result<C::Reply, CallError> {
        let inner = &*self.0;
        if !(inner.allowed)(inner.caller, C::CALLEE) {
            return Err(CallError::NotAllowed { caller: inner.caller, callee: C::CALLEE });
        }
        let body = Bytes::from(serde_json::to_vec(request)?);
        let started = Instant::now();
        let result = self.attempts::<C>(&body).await;
        let outcome = match &result {
            Ok(_) => "ok",
            Err(CallError::Refused { .. }) => "refused",
            Err(_) => "failed",
        };
        let labels = [("service", inner.caller.as_str()), ("callee", C::CALLEE.as_str()), ("call", C::PATH)];
        metrics::counter!(names::CALLS_TOTAL, "service" => inner.caller.as_str(), "callee" => C::CALLEE.as_str(), "call" => C::PATH, "outcome" => outcome)
            .increment(1);
        metrics::histogram!(names::CALL_DURATION_SECONDS, &labels).record(started.elapsed().as_secs_f64());
        result
    }

    async fn attempts<C: Call>(&self, body: &Bytes) -> Result<C::Reply, CallError> {
        let inner = &*self.0;
        let scope = Scope::current();
        let breaker = &inner.breakers[&C::CALLEE];
        inner.budget.earn();
        let mut attempt = 1;
        loop {
            let unavailable = |cause: &str| CallError::Unavailable { callee: C::CALLEE, cause: cause.to_owned() };
            let time = scope.time_left().min(ATTEMPT_TIME);
            if time.is_zero() {
                return Err(unavailable("no time is left to ask it"));
            }
            if !breaker.admits() {
                return Err(unavailable("it failed too often; left alone for a while"));
            }
            let asked = Instant::now();
            let result = match tokio::time::timeout(time, self.attempt::<C>(body.clone(), &scope, time)).await {
                Ok(result) => result,
                Err(_) => {
                    Err(CallError::Unavailable { callee: C::CALLEE, cause: format!("no answer within {time:?}") })
                }
            };
            match &result {
                Err(CallError::Unavailable { .. }) => breaker.failed_within(asked.elapsed(), time, ATTEMPT_TIME),
                _ => breaker.succeeded(),
            }
            let again = matches!(result, Err(CallError::Unavailable { .. }))
                && attempt < ATTEMPTS
                && !scope.time_left().is_zero()
                && inner.budget.spend();
            if !again {
                return result;
            }
            metrics::counter!(names::CALL_RETRIES_TOTAL, "service" => inner.caller.as_str(), "callee" => C::CALLEE.as_str())
                .increment(1);
            tokio::time::sleep(pause(attempt).min(scope.time_left())).await;
            attempt += 1;
        }
    }

    async fn attempt<C: Call>(&self, body: Bytes, scope: &Scope, time: Duration) -> Result<C::Reply, CallError> {
        let inner = &*self.0;
        let unavailable = |cause: String| CallError::Unavailable { callee: C::CALLEE, cause };
        let uri = format!("{}/internal/v1/{}", inner.addresses.of(C::CALLEE), C::PATH);
        let mut request = Request::post(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .header(headers::REQUEST_ID, &scope.request_id)
            .header(headers::CORRELATION_ID, &scope.correlation_id)
            .header(headers::TIME_LEFT, u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            .body(Full::new(body))
            .map_err(|e| unavailable(e.to_string()))?;
        scope.trace.child().insert_into(request.headers_mut());
        if let Some(user) = scope.asker.get().and_then(|user| HeaderValue::try_from(user.to_string()).ok()) {
            request.headers_mut().insert(headers::ASKER, user);
        }
        let token = inner.tokens.token_for(C::CALLEE)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| unavailable(e.to_string()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);

        let response = inner.connections.request(request).await.map_err(|e| unavailable(error::chain(&e)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_REPLY).collect().await;
        let body = body.map_err(|e| unavailable(e.to_string()))?.to_bytes();
        if status == StatusCode::OK {
            return Ok(serde_json::from_slice(&body)?);
        }
        let problem: Problem = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Problem::new(status, "unexpected-answer", "An answer that is no problem document"));
        if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
            return Err(unavailable(problem.to_string()));
        }
        Err(CallError::Refused { callee: C::CALLEE, problem: Box::new(problem) })
    }

    pub fn addresses(&self) -> &Addresses {
        &self.0.addresses
    }

    pub fn connections(&self) -> &Connections {
        &self.0.connections
    }
}

/// Does the embedded topology let one service call another? With a topology that cannot be read, nobody may call anybody.
pub fn topology_allows(caller: ServiceName, callee: ServiceName) -> bool {
    Topology::embedded().is_ok_and(|topology| topology.allows_call(caller, callee))
}

/// 10 ms, 40 ms, each up to a half longer, so that callers do not come back in step.
fn pause(attempt: u32) -> Duration {
    let base = 10 << (2 * attempt.saturating_sub(1)).min(8);
    Duration::from_millis(base + rand::random_range(0..=base / 2))
}
