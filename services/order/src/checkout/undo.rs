//! Giving back what a checkout had set aside.

use contracts::discount::ReleaseCoupon;
use contracts::product::ReleaseStock;
use platform::{Problem, Result};
use types::OrderId;

use crate::app::Orders;
use crate::store;

/// Undoes a checkout of which no order came. Does nothing if one did after all: when the connection broke at the commit, only
/// the database knows.
pub async fn undo(app: &Orders, order_id: OrderId) -> Result<()> {
    let mut connection = app.db.primary().await?;
    let started = store::checkout::start_undoing(&mut connection, order_id).await?;
    drop(connection);
    if !started {
        return Ok(());
    }
    let released = release(app, order_id).await;
    if released.is_err() {
        let mut connection = app.db.primary().await?;
        store::checkout::let_go(&mut connection, order_id, app.now()).await?;
    }
    released
}

/// Gives back both, whether or not they were set aside: either may have been without its answer having arrived. May be
/// repeated.
pub async fn release(app: &Orders, order_id: OrderId) -> Result<()> {
    let stock = async { app.client().call(&ReleaseStock { order_id }).await.map_err(Problem::from) };
    let coupon = async { app.client().call(&ReleaseCoupon { order_id }).await.map_err(Problem::from) };
    tokio::try_join!(stock, coupon)?;
    let mut connection = app.db.primary().await?;
    store::checkout::fail(&mut connection, order_id).await?;
    Ok(())
}
