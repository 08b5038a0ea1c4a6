//! What the service hears: what becomes of the orders that use coupons, and who is to be forgotten.

use contracts::order::{OrderCancelled, OrderConfirmed, OrderCreated};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use types::ServiceName;

use crate::store::usage;
use crate::{Discounts, uses};

/// Changes nothing: the use was taken by the checkout's call before this order was stored.
pub async fn order_created(_: Discounts, _: Received<OrderCreated>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}

pub async fn order_confirmed(app: Discounts, event: Received<OrderConfirmed>, mut tx: Tx) -> Result<Committed> {
    let OrderConfirmed { order_id, customer_id, .. } = event.data;
    usage::redeem(&mut tx, order_id, app.context.now()).await?;
    usage::remember_order(&mut tx, order_id, customer_id).await?;
    Ok(tx.commit().await?)
}

/// Gives the use back, also one that was redeemed.
pub async fn order_cancelled(app: Discounts, event: Received<OrderCancelled>, mut tx: Tx) -> Result<Committed> {
    let OrderCancelled { order_id, customer_id, .. } = event.data;
    uses::release(&mut tx, order_id, app.context.now()).await?;
    usage::cancel_order(&mut tx, order_id, customer_id).await?;
    Ok(tx.commit().await?)
}

pub async fn erasure_requested(_: Discounts, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    usage::forget_customer(&mut tx, user_id).await?;
    let completed = ErasureCompleted { user_id, service: ServiceName::Discount };
    tx.publish(user_id, event.version, &completed)?;
    Ok(tx.commit().await?)
}
