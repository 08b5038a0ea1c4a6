//! Work by the clock.

use std::time::Duration;

use platform::Result;
use platform::service::Progress;

use crate::Carts;
use crate::store::job;

/// A guest who has not come back by then has another browser.
const GUESTS_CARTS_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
const BATCH: u16 = 200;

/// Tells once of each customer's cart that was left alone with something in it.
pub async fn tell_abandoned(app: Carts) -> Result<Progress> {
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    let carts = job::abandoned(&mut tx, now.minus(app.abandoned_after), now, BATCH.into()).await?;
    for (version, cart) in carts.iter().filter(|(_, cart)| !cart.lines.is_empty()) {
        tx.publish(cart.cart_id, *version, cart)?;
    }
    let _committed = tx.commit().await?;
    Ok(if carts.len() == usize::from(BATCH) { Progress::More } else { Progress::Idle })
}

pub async fn forget_old(app: Carts) -> Result<Progress> {
    let before = app.context.now().minus(GUESTS_CARTS_LIFE);
    let forgotten = job::forget(&mut *app.db.primary().await?, before, BATCH.into()).await?;
    Ok(if forgotten >= u64::from(BATCH) { Progress::More } else { Progress::Idle })
}
