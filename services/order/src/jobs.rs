//! Work by the clock, and work that a handler leaves because it calls another service.

use std::time::Duration;

use futures::StreamExt;
use platform::Result;
use platform::idempotency;
use platform::scope::Scope;
use platform::service::Progress;
use types::{OrderId, ServiceName};

use crate::app::Orders;
use crate::store::checkout::{Step, Unfinished};
use crate::{checkout, settlement, store};

pub const SETTLE_ORDERS: &str = "settle-orders";
pub const RESUME_CHECKOUTS: &str = "resume-checkouts";
pub const SWEEP_CHECKOUTS: &str = "sweep-checkouts";
pub const ERASE_CUSTOMERS: &str = "erase-customers";

/// Orders or checkouts taken at once, and worked on side by side.
const BATCH: i64 = 32;
const SIDE_BY_SIDE: usize = 8;
/// How long a checkout's answer is kept for repeats.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

/// Confirms orders that are paid, and cancels those that nobody paid in time.
pub async fn settle_orders(app: Orders) -> Result<Progress> {
    let now = app.now();
    let mut connection = app.db.primary().await?;
    let orders = store::order::take_to_settle(&mut connection, now, now.plus(app.settings.lease), BATCH).await?;
    drop(connection);
    let taken = orders.len();
    futures::stream::iter(orders)
        .for_each_concurrent(SIDE_BY_SIDE, |order| {
            let (app, id) = (app.clone(), order.id);
            // Each with a time of its own: a slow one takes none from those that wait behind it.
            Scope::root().run(async move {
                if let Err(problem) = settlement::settle(&app, order).await {
                    tracing::warn!(%id, %problem, "an order could not be settled; it is tried again");
                }
            })
        })
        .await;
    Ok(progress(taken))
}

/// Ends checkouts that nobody works on any more.
pub async fn resume_checkouts(app: Orders) -> Result<Progress> {
    let now = app.now();
    let mut connection = app.db.primary().await?;
    let until = now.plus(app.settings.lease);
    let unfinished = store::checkout::take_over_unfinished(&mut connection, now, until, BATCH).await?;
    drop(connection);
    let taken = unfinished.len();
    futures::stream::iter(unfinished)
        .for_each_concurrent(SIDE_BY_SIDE, |Unfinished { order_id, step }| {
            let app = app.clone();
            Scope::root().run(async move {
                if let Err(problem) = resume(&app, order_id, step).await {
                    tracing::warn!(%order_id, %step, %problem, "a checkout could not be ended; it is tried again");
                }
            })
        })
        .await;
    Ok(progress(taken))
}

/// Forgets checkouts that ended long ago.
pub async fn sweep_checkouts(app: Orders) -> Result<Progress> {
    let mut connection = app.db.primary().await?;
    let swept = store::checkout::sweep(&mut connection, app.now().minus(MEMORY)).await?;
    Ok(if swept > 0 { Progress::More } else { Progress::Idle })
}

/// Forgets customers who want it, once none of their orders is under way.
pub async fn erase_customers(app: Orders) -> Result<Progress> {
    let mut tx = app.db.begin().await?;
    let Some(user_id) = store::erasure::next(&mut tx).await? else { return Ok(Progress::Idle) };
    if store::erasure::has_order_under_way(&mut tx, user_id).await? {
        return Ok(Progress::More);
    }
    store::erasure::erase(&mut tx, user_id, app.now()).await?;
    idempotency::forget(&mut tx, user_id, None).await?;
    tx.publish(user_id, 1, &contracts::user::ErasureCompleted { user_id, service: ServiceName::Order })?;
    let _committed = tx.commit().await?;
    Ok(Progress::More)
}

async fn resume(app: &Orders, order_id: OrderId, step: Step) -> Result<()> {
    match step {
        Step::Placed => checkout::complete_from_store(app, order_id).await.map(drop),
        Step::Begun | Step::Undoing => checkout::release(app, order_id).await,
        Step::Answered | Step::Failed => Ok(()),
    }
}

/// A full batch means that there may be more.
fn progress(taken: usize) -> Progress {
    if i64::try_from(taken).is_ok_and(|taken| taken >= BATCH) { Progress::More } else { Progress::Idle }
}
