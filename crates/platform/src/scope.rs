//! What is known of the request or event that a task works for: carried along by the task, so that events, calls and log
//! lines can name it without every function passing it on.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;
use types::UserId;
use uuid::Uuid;

use crate::telemetry::trace_context::TraceContext;

#[derive(Clone, Debug)]
pub struct Scope {
    /// The request's id: what a problem document shows and a log line carries.
    pub request_id: String,
    /// The same for everything that follows from one request of a client.
    pub correlation_id: String,
    /// The event or request that this work follows from directly.
    pub causation_id: Option<String>,
    pub trace: TraceContext,
    /// Nobody waits for an answer after this.
    pub deadline: Instant,
    /// Who asks, once a token has told, or another service that we answer. Shared by the scope's clones.
    pub asker: Arc<OnceLock<UserId>>,
}

/// How long work may take that no caller has limited.
pub const DEFAULT_TIME: Duration = Duration::from_secs(10);

tokio::task_local! {
    static SCOPE: Scope;
}

impl Scope {
    /// For work that nothing outside has asked for, such as a job's.
    pub fn root() -> Self {
        let id = Uuid::now_v7().to_string();
        Scope {
            request_id: id.clone(),
            correlation_id: id,
            causation_id: None,
            trace: TraceContext::root(false),
            deadline: Instant::now() + DEFAULT_TIME,
            asker: Arc::default(),
        }
    }

    /// The scope of the running task, or a new one outside of any.
    pub fn current() -> Self {
        SCOPE.try_with(Clone::clone).unwrap_or_else(|_| Self::root())
    }

    /// For whom the running task works, if that is known: reads must show what this user has written.
    pub fn user() -> Option<UserId> {
        SCOPE.try_with(|scope| scope.asker.get().copied()).ok().flatten()
    }

    /// Notes for whom the running task works. The first to be noted stays.
    pub(crate) fn asked_by(user: UserId) {
        // Outside of any scope there is nobody to read it.
        let _outside = SCOPE.try_with(|scope| scope.asker.set(user));
    }

    /// Runs a future in this scope.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        SCOPE.scope(self, future).await
    }

    /// What is left of the time; zero once it is over.
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
