//! The services that the one under test calls, as far as a test needs them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use contracts::Call;
use http::{StatusCode, header};
use http_body_util::BodyExt;
use platform::Problem;
use platform::clock::Clock;
use platform::identity::{JwkSet, ServiceKeys, ServiceTokenVerifier};
use serde_json::Value;
use tokio::net::TcpListener;
use types::ServiceName;

type Answer = Arc<dyn Fn(Value) -> Result<Value, Problem> + Send + Sync>;

/// One server that stands for every other service. A call that no test has an answer for is refused, and remembered like
/// any other. Cheap to clone.
#[derive(Clone)]
pub struct Stubs(Arc<Inner>);

struct Inner {
    base: String,
    key_set: JwkSet,
    tokens: ServiceTokenVerifier,
    answers: Mutex<BTreeMap<(ServiceName, String), Answer>>,
    calls: Mutex<Vec<(ServiceName, String, Value)>>,
}

impl Stubs {
    /// `key_set` is what auth would publish.
    pub(super) async fn start(key_set: JwkSet, service_keys: &str, clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the stubs");
        let address = listener.local_addr().expect("the stubs' port");
        let keys = ServiceKeys::from_document(service_keys, clock).expect("the services' keys");
        let stubs = Stubs(Arc::new(Inner {
            base: format!("http://{address}"),
            key_set,
            tokens: ServiceTokenVerifier::new(keys, clock.clone()),
            answers: Mutex::default(),
            calls: Mutex::default(),
        }));
        let router = axum::Router::new()
            .route("/{service}/.well-known/jwks.json", get(key_set_of_auth))
            .route("/{service}/internal/v1/{call}", post(answer))
            .with_state(stubs.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stubs
    }

    /// The base URL at which a service is to be found.
    pub fn url(&self, service: ServiceName) -> String {
        format!("{}/{service}", self.0.base)
    }

    /// From now on, answers `C` like this.
    pub fn answer<C: Call>(&self, answer: impl Fn(C) -> C::Reply + Send + Sync + 'static) {
        self.answer_or_refuse(move |call| Ok(answer(call)));
    }

    /// As [`Stubs::answer`], with a problem where the callee would answer one. A 503 after the effect stands for an answer
    /// that was lost: the caller repeats the call.
    pub fn answer_or_refuse<C: Call>(&self, answer: impl Fn(C) -> Result<C::Reply, Problem> + Send + Sync + 'static) {
        let answer = move |call: Value| {
            let call = serde_json::from_value(call).map_err(Problem::internal)?;
            serde_json::to_value(answer(call)?).map_err(Problem::internal)
        };
        let mut answers = self.0.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert((C::CALLEE, C::PATH.to_owned()), Arc::new(answer));
    }

    /// From now on, the callee of `C` is down.
    pub fn down<C: Call>(&self) {
        self.answer_or_refuse::<C>(|_| Err(Problem::unavailable("the test says so")));
    }

    /// Every `C` so far, in the order they came; a repeat counts again.
    pub fn calls<C: Call>(&self) -> Vec<C> {
        let calls = self.0.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let of_this_kind = calls.iter().filter(|(callee, path, _)| *callee == C::CALLEE && path == C::PATH);
        of_this_kind.map(|(_, _, call)| serde_json::from_value(call.clone()).expect("a call")).collect()
    }
}

async fn key_set_of_auth(State(stubs): State<Stubs>) -> Json<JwkSet> {
    Json(stubs.0.key_set.clone())
}

async fn answer(
    State(stubs): State<Stubs>,
    Path((callee, path)): Path<(ServiceName, String)>,
    request: Request,
) -> Response {
    match stubs.find_answer(callee, path, request).await {
        Ok(reply) => Json(reply).into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl Stubs {
    async fn find_answer(&self, callee: ServiceName, path: String, request: Request) -> Result<Value, Problem> {
        let token = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = token.and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default();
        self.0.tokens.verify(token, callee).await?;
        let body = request.into_body().collect().await.map_err(Problem::internal)?.to_bytes();
        let call: Value = serde_json::from_slice(&body).map_err(Problem::internal)?;
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner).push((callee, path.clone(), call.clone()));
        let answers = self.0.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(&(callee, path.clone())).cloned();
        drop(answers);
        let unexpected = || {
            Problem::new(StatusCode::NOT_IMPLEMENTED, "not-stubbed", "The test has no answer for this call")
                .detail(format!("{callee}/{path}"))
        };
        answer.ok_or_else(unexpected)?(call)
    }
}
