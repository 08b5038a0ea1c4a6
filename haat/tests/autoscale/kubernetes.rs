//! The Kubernetes API, as far as Leases go: strict about fields, versions and times.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a service account's token says; the API takes no other.
pub const TOKEN: &str = "token-of-the-service-account";

/// Cheap to clone; clones share the leases.
#[derive(Clone, Default)]
pub struct Kubernetes(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    leases: BTreeMap<String, Value>,
    version: u64,
    down: bool,
    writes: usize,
    lose_answers: usize,
    down_after: Option<usize>,
}

impl Kubernetes {
    /// Serves it and gives its address.
    pub async fn serve(&self) -> String {
        let collection = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases";
        let router = Router::new()
            .route(collection, post(create))
            .route(&format!("{collection}/{{name}}"), get(read).put(replace))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/")
    }

    pub fn set_down(&self, down: bool) {
        let mut held = self.held();
        held.down = down;
        held.down_after = None;
    }

    /// It is up, and down after so many more writes.
    pub fn fail_after_writes(&self, count: usize) {
        let mut held = self.held();
        held.down = false;
        held.down_after = Some(held.writes + count);
    }

    /// The next writes are done, but their answers are lost.
    pub fn lose_answers(&self, count: usize) {
        self.held().lose_answers = count;
    }

    pub fn writes(&self) -> usize {
        self.held().writes
    }

    /// The lease `ecommerce/autoscale`, or null.
    pub fn lease(&self) -> Value {
        self.held().leases.get("ecommerce/autoscale").cloned().unwrap_or_default()
    }

    pub fn holder(&self) -> String {
        self.lease()["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    }

    /// Somebody else writes the lease.
    pub fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut held = self.held();
        held.version += 1;
        let version = held.version.to_string();
        let lease = held.leases.get_mut("ecommerce/autoscale").unwrap();
        change(lease);
        lease["metadata"]["resourceVersion"] = version.into();
    }

    pub fn delete(&self) {
        self.held().leases.clear();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, headers: &HeaderMap) -> Result<(), Response> {
        if self.held().down {
            return Err(status(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "the API is down"));
        }
        let expected = format!("Bearer {TOKEN}");
        if headers.get(header::AUTHORIZATION).is_none_or(|sent| sent != expected.as_str()) {
            return Err(status(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized"));
        }
        Ok(())
    }

    fn write(&self, key: String, mut lease: Value) -> Result<Json<Value>, Response> {
        let mut held = self.held();
        held.version += 1;
        held.writes += 1;
        lease["metadata"]["resourceVersion"] = held.version.to_string().into();
        lease["metadata"]["uid"] = "5b2d4a56".into();
        held.leases.insert(key, lease.clone());
        held.down |= held.down_after.is_some_and(|last| held.writes >= last);
        if held.lose_answers > 0 {
            held.lose_answers -= 1;
            return Err(status(StatusCode::GATEWAY_TIMEOUT, "Timeout", "the answer was lost"));
        }
        Ok(Json(lease))
    }
}

/// A Lease with no field that the API does not know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Lease {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    #[serde(default)]
    resource_version: String,
    #[serde(rename = "uid")]
    _uid: Option<String>,
    #[serde(rename = "labels")]
    _labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "annotations")]
    _annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "holderIdentity")]
    _holder_identity: Option<String>,
    lease_duration_seconds: Option<i32>,
    lease_transitions: Option<i32>,
    acquire_time: Option<String>,
    renew_time: Option<String>,
}

async fn read(
    State(api): State<Kubernetes>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Response> {
    api.admit(&headers)?;
    api.held().leases.get(&format!("{namespace}/{name}")).cloned().map(Json).ok_or_else(not_found)
}

async fn create(
    State(api): State<Kubernetes>,
    Path(namespace): Path<String>,
    headers: HeaderMap,
    Json(lease): Json<Value>,
) -> Result<Json<Value>, Response> {
    api.admit(&headers)?;
    let valid = check(&lease, &namespace)?;
    let key = format!("{namespace}/{}", valid.metadata.name);
    if api.held().leases.contains_key(&key) {
        return Err(status(StatusCode::CONFLICT, "AlreadyExists", "it exists already"));
    }
    api.write(key, lease)
}

async fn replace(
    State(api): State<Kubernetes>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(lease): Json<Value>,
) -> Result<Json<Value>, Response> {
    api.admit(&headers)?;
    let valid = check(&lease, &namespace)?;
    let key = format!("{namespace}/{name}");
    let current = api.held().leases.get(&key).cloned().ok_or_else(not_found)?;
    if current["metadata"]["resourceVersion"] != valid.metadata.resource_version.as_str() {
        return Err(status(StatusCode::CONFLICT, "Conflict", "the object has been modified"));
    }
    api.write(key, lease)
}

fn check(lease: &Value, namespace: &str) -> Result<Lease, Response> {
    let invalid = |message: String| status(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", &message);
    let valid: Lease = serde_json::from_value(lease.clone()).map_err(|error| invalid(error.to_string()))?;
    let of_kind = valid.api_version == "coordination.k8s.io/v1" && valid.kind == "Lease";
    if !of_kind || valid.metadata.namespace != namespace {
        return Err(invalid("another kind or namespace".to_owned()));
    }
    for time in [&valid.spec.acquire_time, &valid.spec.renew_time].into_iter().flatten() {
        if !is_micro_time(time) {
            return Err(invalid(format!("'{time}' is no time with six digits of a second's fraction")));
        }
    }
    if valid.spec.lease_duration_seconds.is_some_and(|seconds| seconds <= 0) {
        return Err(invalid("leaseDurationSeconds must be greater than 0".to_owned()));
    }
    if valid.spec.lease_transitions.is_some_and(|transitions| transitions < 0) {
        return Err(invalid("leaseTransitions must not be negative".to_owned()));
    }
    Ok(valid)
}

/// Kubernetes reads `2006-01-02T15:04:05.000000Z` and nothing shorter or longer.
fn is_micro_time(text: &str) -> bool {
    let fits = |(sample, found): (u8, u8)| sample == found || (sample.is_ascii_digit() && found.is_ascii_digit());
    let sample = b"2006-01-02T15:04:05.000000Z";
    text.len() == sample.len() && sample.iter().copied().zip(text.bytes()).all(fits)
}

fn not_found() -> Response {
    status(StatusCode::NOT_FOUND, "NotFound", "leases.coordination.k8s.io not found")
}

fn status(code: StatusCode, reason: &str, message: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code.as_u16(),
    });
    (code, Json(body)).into_response()
}
