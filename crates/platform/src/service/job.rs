//! Work by the clock. Every process of a service runs its jobs; a job takes its work from the database in a way that two may do
//! at once (`FOR UPDATE SKIP LOCKED`).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use types::ServiceName;

use crate::Problem;
use crate::scope::Scope;
use crate::telemetry::names;

/// What one run has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There may be more: run again at once.
    More,
    /// Nothing is left for now.
    Idle,
}

/// How long one run may take, unless it was told otherwise: longer than any lease on what it has claimed, so that what is cut off is
/// another's by then.
const TIME_TO_RUN: Duration = Duration::from_secs(240);

type Run<A> = Arc<dyn Fn(A) -> BoxFuture<'static, Result<Progress, Problem>> + Send + Sync>;

pub struct Job<A> {
    pub name: &'static str,
    every: Duration,
    limit: Duration,
    run: Run<A>,
}

impl<A: Clone + Send + 'static> Job<A> {
    /// Runs `run` every so often, and at once when it is woken by its name ([`crate::db::Tx::wake_job`]). A run does a bounded
    /// piece of work and says whether there is more.
    pub fn every<F, R>(every: Duration, name: &'static str, run: F) -> Self
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Progress, Problem>> + Send + 'static,
    {
        Job { name, every, limit: TIME_TO_RUN, run: Arc::new(move |app| Box::pin(run(app))) }
    }

    /// How long one run may take, if not four minutes. It is cut off then: what it had not committed never happened.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Job { limit, ..self }
    }

    pub(super) async fn work(self, service: ServiceName, app: A, woken: Arc<Notify>, stop: CancellationToken) {
        let mut failures: u32 = 0;
        loop {
            let wait = match failures {
                0 => self.every,
                n => Duration::from_millis(100 << n.min(7)).max(self.every.min(Duration::from_secs(10))),
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
                () = woken.notified() => {}
            }
            failures = match self.until_idle(service, &app, &stop).await {
                Ok(()) => 0,
                Err(problem) => {
                    tracing::warn!(%service, job = self.name, %problem, "a job failed");
                    metrics::counter!(names::JOB_FAILURES_TOTAL, "service" => service.as_str(), "job" => self.name)
                        .increment(1);
                    failures.saturating_add(1)
                }
            };
        }
    }

    async fn until_idle(&self, service: ServiceName, app: &A, stop: &CancellationToken) -> Result<(), Problem> {
        while !stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            let run = tokio::time::timeout(self.limit, Scope::root().run((self.run)(app.clone())));
            let progress = run.await.map_err(|_| Problem::unavailable("the run took too long"))??;
            metrics::histogram!(names::JOB_DURATION_SECONDS, "service" => service.as_str(), "job" => self.name)
                .record(started.elapsed().as_secs_f64());
            if progress == Progress::Idle {
                break;
            }
        }
        Ok(())
    }
}
