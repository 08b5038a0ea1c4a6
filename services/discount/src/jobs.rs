//! Work by the clock.

use std::time::Duration;

use platform::Result;
use platform::service::Progress;

use crate::Discounts;
use crate::store::usage;

/// Longer than any request or event of an order can be late.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);
const BATCH: u16 = 1000;

/// Orders whose use was released or refused are remembered for a while, so that a late request is refused too.
pub async fn forget_closed_orders(app: Discounts) -> Result<Progress> {
    let before = app.context.now().minus(MEMORY);
    let forgotten = usage::forget_closed(&mut *app.db.primary().await?, before, BATCH.into()).await?;
    Ok(if forgotten == u64::from(BATCH) { Progress::More } else { Progress::Idle })
}
