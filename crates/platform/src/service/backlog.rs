//! What waits, measured for dashboards and alerts, and what is old, forgotten. Every process of a service measures the same, so
//! that it is known as long as one of them lives.

use std::time::Duration;

use super::{Context, Job, Progress};
use crate::events::{dead_letters, inbox, outbox};
use crate::telemetry::names;
use crate::{Problem, idempotency};

/// For a service with a database.
pub(super) fn jobs() -> [Job<Context>; 2] {
    [
        Job::every(Duration::from_secs(15), "housekeeping", housekeeping),
        // More rarely: the cloud counts what its queues are asked.
        Job::every(Duration::from_secs(30), "queue-backlog", queue_backlog),
    ]
}

/// Measures what waits in the database and forgets what is old there, a bounded piece at a time.
async fn housekeeping(context: Context) -> Result<Progress, Problem> {
    let db = context.database().map_err(Problem::internal)?;
    db.record_metrics();
    let service = context.service().as_str();
    let mut connection = db.primary().await?;
    let (waiting, age) = outbox::backlog(&mut connection).await?;
    metrics::gauge!(names::OUTBOX_EVENTS, "service" => service).set(gauge(waiting));
    metrics::gauge!(names::OUTBOX_AGE_SECONDS, "service" => service).set(age);
    let parked = dead_letters::count(&mut connection).await?;
    metrics::gauge!(names::EVENTS_PARKED, "service" => service).set(gauge(parked));
    let swept = inbox::sweep(&mut connection).await? + idempotency::sweep(&mut connection).await?;
    Ok(if swept > 0 { Progress::More } else { Progress::Idle })
}

/// Measures what the service has not worked off of its queue.
async fn queue_backlog(context: Context) -> Result<Progress, Problem> {
    let service = context.service();
    if let Some(queue) = context.topology().queue_of(service) {
        let depth = context.bus().queues.depth(queue).await.map_err(Problem::internal)?;
        for (state, messages) in [("visible", depth.visible), ("in_flight", depth.in_flight), ("dead", depth.dead)] {
            metrics::gauge!(names::QUEUE_MESSAGES, "service" => service.as_str(), "queue" => queue.as_str(), "state" => state)
                .set(gauge(messages));
        }
        metrics::gauge!(names::QUEUE_AGE_SECONDS, "service" => service.as_str(), "queue" => queue.as_str())
            .set(depth.oldest_age.unwrap_or_default().as_secs_f64());
    }
    Ok(Progress::Idle)
}

fn gauge(count: impl TryInto<u32>) -> f64 {
    f64::from(count.try_into().unwrap_or(u32::MAX))
}
