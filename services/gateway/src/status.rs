//! How the services are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::future::join_all;
use http_body_util::{BodyExt, Full};
use moka::Expiry;
use moka::future::Cache;
use platform::service::Context;
use serde::Serialize;
use serde_json::Value;
use types::ServiceName;
use utoipa::ToSchema;

/// A service that takes longer to say that it is ready is not.
const PATIENCE: Duration = Duration::from_secs(2);

/// Anybody may ask, and each answer costs a question to every service: so it is kept for a while.
const KEPT: Duration = Duration::from_secs(2);
/// Whoever is told that not all are ready asks again soon.
const KEPT_UNREADY: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    pub ready: bool,
    pub services: Vec<ServiceStatus>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceStatus {
    pub service: ServiceName,
    pub port: u16,
    pub ready: bool,
    /// What it needs, and how that is; empty if it did not answer.
    #[schema(value_type = Object)]
    pub parts: Value,
    /// Milliseconds until it answered.
    pub milliseconds: u64,
}

/// What the services last said.
pub(crate) struct Statuses(Cache<(), Arc<Status>>);

struct WhileItHolds;

impl Expiry<(), Arc<Status>> for WhileItHolds {
    fn expire_after_create(&self, (): &(), status: &Arc<Status>, _: Instant) -> Option<Duration> {
        Some(if status.ready { KEPT } else { KEPT_UNREADY })
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Statuses(Cache::builder().max_capacity(1).expire_after(WhileItHolds).build())
    }
}

impl Statuses {
    /// Whether all services are ready. They are asked once, however many want to know at the same time.
    pub async fn of_all(&self, context: &Context) -> Arc<Status> {
        self.0.get_with((), async { Arc::new(of_all(context).await) }).await
    }
}

async fn of_all(context: &Context) -> Status {
    let services =
        join_all(ServiceName::ALL.iter().filter(|s| **s != ServiceName::Gateway).map(|s| of(context, *s))).await;
    Status { ready: services.iter().all(|s| s.ready), services }
}

async fn of(context: &Context, service: ServiceName) -> ServiceStatus {
    let started = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, ask(context, service)).await.ok().flatten();
    let (ready, parts) = answer.unwrap_or((false, Value::Object(serde_json::Map::new())));
    ServiceStatus {
        service,
        port: port(context.client().addresses().of(service)),
        ready,
        parts,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

async fn ask(context: &Context, service: ServiceName) -> Option<(bool, Value)> {
    let uri = format!("{}/ready", context.client().addresses().of(service));
    let request = http::Request::get(uri).body(Full::new(Bytes::new())).ok()?;
    let response = context.client().connections().request(request).await.ok()?;
    let ready = response.status().is_success();
    let body: Value = serde_json::from_slice(&response.into_body().collect().await.ok()?.to_bytes()).ok()?;
    Some((ready, body["parts"].clone()))
}

fn port(base: &str) -> u16 {
    base.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(80)
}
