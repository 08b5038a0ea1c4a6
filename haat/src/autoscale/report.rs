//! How the controller is, for those who ask over HTTP.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use platform::telemetry;
use serde_json::json;
use types::Timestamp;

use super::time::Time;

/// A pass takes seconds; one that does not end has hung.
const LONGEST_PASS: Duration = Duration::from_secs(90);
/// Some looks in a row may fail before nobody should rely on us.
const LONGEST_BLIND: Duration = Duration::from_mins(5);

/// What this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Leader,
    Standby,
    DryRun,
}

pub struct Report {
    time: Time,
    known: Mutex<Known>,
}

/// Durations are of the steady time.
#[derive(Clone, Copy)]
struct Known {
    role: Role,
    passed: Duration,
    lease_reached: Option<Duration>,
    looked: Option<(Duration, Timestamp)>,
}

impl Report {
    pub fn new(time: Time) -> Arc<Self> {
        let known = Known { role: Role::Standby, passed: time.steady(), lease_reached: None, looked: None };
        Arc::new(Report { time, known: Mutex::new(known) })
    }

    pub fn role(&self) -> Role {
        self.known().role
    }

    pub(super) fn passed(&self, role: Role, at: Duration) {
        let mut known = self.known();
        known.role = role;
        known.passed = at;
    }

    pub(super) fn lease_reached(&self, at: Duration) {
        self.known().lease_reached = Some(at);
    }

    /// All was seen that there is to see.
    pub(super) fn looked(&self, at: Duration, now: Timestamp) {
        self.known().looked = Some((at, now));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Do passes still come one after another?
    fn is_alive(&self) -> bool {
        self.time.steady().saturating_sub(self.known().passed) < LONGEST_PASS
    }

    /// Has what our role needs been reached of late? On standby that is the lease, otherwise the cloud.
    fn is_ready(&self) -> bool {
        let known = *self.known();
        let reached = match known.role {
            Role::Standby => known.lease_reached,
            Role::Leader | Role::DryRun => known.looked.map(|(at, _)| at),
        };
        reached.is_some_and(|at| self.time.steady().saturating_sub(at) < LONGEST_BLIND)
    }
}

/// `/health`, `/ready` and `/metrics`.
pub fn router(report: Arc<Report>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(report)
}

async fn health(State(report): State<Arc<Report>>) -> Response {
    match report.is_alive() {
        true => Json(json!({ "status": "alive" })).into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "hung" }))).into_response(),
    }
}

async fn ready(State(report): State<Arc<Report>>) -> Response {
    let known = *report.known();
    let role = match known.role {
        Role::Leader => "leader",
        Role::Standby => "standby",
        Role::DryRun => "dry-run",
    };
    let (status, text) = match report.is_ready() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let body = json!({ "status": text, "role": role, "last_success": known.looked.map(|(_, at)| at) });
    (status, Json(body)).into_response()
}

async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::render_metrics(None))
}
