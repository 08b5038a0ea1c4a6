//! Work by the clock. Each job takes its rows with a lease (the next time at which they are due), lets go of the database, asks
//! the provider, and records the answer.

use std::time::Duration;

use futures::StreamExt;
use platform::Result;
use platform::service::{App, Progress};

use crate::api::webhooks;
use crate::{Payments, attempts, refunds, store};

pub const POLL_ATTEMPTS: &str = "poll-attempts";
pub const EXECUTE_REFUNDS: &str = "execute-refunds";
pub const APPLY_WEBHOOKS: &str = "apply-webhooks";
pub const FORGET_WEBHOOKS: &str = "forget-webhooks";

const BATCH: i64 = 32;
const SIDE_BY_SIDE: usize = 8;
/// A short transaction each.
const FORGOTTEN_AT_ONCE: i64 = 500;
/// Between two questions about the same attempt or refund, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Before a refund is asked for again.
const REFUND_PAUSE: Duration = Duration::from_secs(15);
const WEBHOOK_PAUSE: Duration = Duration::from_secs(5);

/// Asks about undecided attempts, and seldom about failed ones, so that a webhook that never comes does not matter.
pub async fn poll_attempts(app: Payments) -> Result<Progress> {
    let (now, first) = (app.context().now(), app.settings.poll_after);
    let mut connection = app.db.primary().await?;
    let due = store::attempt::claim_due(&mut connection, now, first.as_secs_f64(), LONGEST_PAUSE.as_secs_f64(), BATCH)
        .await?;
    drop(connection);
    let progress = progress(due.len());
    let asked = futures::stream::iter(due).map(|attempt| {
        let app = app.clone();
        async move { attempts::ask(&app, &attempt).await }
    });
    first_error(asked.buffer_unordered(SIDE_BY_SIDE).collect().await)?;
    Ok(progress)
}

/// Has requested refunds paid.
pub async fn execute_refunds(app: Payments) -> Result<Progress> {
    let (first, longest) = (REFUND_PAUSE.as_secs_f64(), LONGEST_PAUSE.as_secs_f64());
    let mut connection = app.db.primary().await?;
    let due = store::refund::claim_due(&mut connection, app.context().now(), first, longest, BATCH).await?;
    drop(connection);
    let progress = progress(due.len());
    let asked = futures::stream::iter(due).map(|refund| {
        let app = app.clone();
        async move { refunds::execute(&app, &refund).await }
    });
    first_error(asked.buffer_unordered(SIDE_BY_SIDE).collect().await)?;
    Ok(progress)
}

/// Tries again to make something of webhooks that came before what they are about.
pub async fn apply_webhooks(app: Payments) -> Result<Progress> {
    let mut connection = app.db.primary().await?;
    let due =
        store::webhook::claim_due(&mut connection, app.context().now(), WEBHOOK_PAUSE.as_secs_f64(), BATCH).await?;
    drop(connection);
    for webhook in &due {
        webhooks::apply_kept(&app, webhook).await?;
    }
    Ok(progress(due.len()))
}

/// Forgets what providers told long ago. What is still to be applied stays.
pub async fn forget_webhooks(app: Payments) -> Result<Progress> {
    let before = app.context().now().minus(app.settings.webhook_memory);
    let mut connection = app.db.primary().await?;
    let forgotten = store::webhook::forget(&mut connection, before, FORGOTTEN_AT_ONCE).await?;
    Ok(if i64::try_from(forgotten).is_ok_and(|n| n < FORGOTTEN_AT_ONCE) { Progress::Idle } else { Progress::More })
}

/// The sandbox's own job: there is nothing to do with another provider.
pub async fn deliver_sandbox_webhooks(app: Payments) -> Result<Progress> {
    let Some(sandbox) = app.configured.sandbox() else { return Ok(Progress::Idle) };
    Ok(if sandbox.deliver().await? { Progress::More } else { Progress::Idle })
}

fn progress(taken: usize) -> Progress {
    if i64::try_from(taken).is_ok_and(|taken| taken == BATCH) { Progress::More } else { Progress::Idle }
}

/// One that fails does not keep the others from their turn; its lease brings it back.
fn first_error(results: Vec<Result<()>>) -> Result<()> {
    results.into_iter().collect()
}
