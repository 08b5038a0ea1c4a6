//! Work by the clock.

use platform::Result;
use platform::service::{App, Progress};

use crate::{Products, stock};

const EXPIRED_PER_RUN: usize = 100;

/// Gives back what was set aside for orders that nobody paid in time.
pub async fn expire_reservations(app: Products) -> Result<Progress> {
    let mut tx = app.db.begin().await?;
    let limit = i64::try_from(EXPIRED_PER_RUN).unwrap_or(i64::MAX);
    let expired = stock::expire(&mut tx, app.context().now(), limit).await?;
    let _committed = tx.commit().await?;
    Ok(if expired == EXPIRED_PER_RUN { Progress::More } else { Progress::Idle })
}
