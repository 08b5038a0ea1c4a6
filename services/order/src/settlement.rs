//! How a pending order ends: confirmed if it is paid and its stock is there, cancelled otherwise. The payment's outcome may be
//! heard of by an event, by the customer's return or by asking, twice or late: all come here.

use contracts::order::{CancelReason, OrderStatus};
use contracts::payment::{FoundIntent, IntentStatus, SyncIntent};
use contracts::product::{CommitStock, StockCommitment};
use platform::db::Tx;
use platform::{Problem, Result};
use types::{OrderId, Timestamp};

use crate::app::Orders;
use crate::domain::Order;
use crate::lifecycle::{self, Cause, Outcome};
use crate::store;

/// Brings a pending order as far as it can go now, and returns it as it is then. Asks the payment service about the payment
/// if it is not known to be made.
pub async fn settle(app: &Orders, mut order: Order) -> Result<Order> {
    if order.status != OrderStatus::Pending {
        return Ok(order);
    }
    if order.paid_at.is_none() {
        match payment(app, &order).await? {
            Payment::Made => {
                let now = app.now();
                let mut connection = app.db.primary().await?;
                store::payment::record(&mut connection, order.id, now, now).await?;
                order.paid_at = Some(now);
            }
            _ if app.now() < order.expires_at => return Ok(order),
            Payment::Expected => return cancel(app, order.id, CancelReason::PaymentExpired).await,
            Payment::NeverOpened => return cancel(app, order.id, CancelReason::CheckoutFailed).await,
        }
    }
    let commitment = commit_stock(app, &order).await?;
    let mut tx = app.db.begin().await?;
    let order = conclude(app, &mut tx, order, commitment).await?;
    let _committed = tx.commit().await?;
    Ok(order)
}

/// Sells what was set aside for the order. May be repeated.
pub async fn commit_stock(app: &Orders, order: &Order) -> Result<StockCommitment> {
    Ok(app.client().call(&CommitStock { order_id: order.id, lines: order.stock() }).await?)
}

/// Confirms the order, or cancels it if there was no stock for it (any more): its money then goes back by the event. An
/// order that is no longer pending stays as it is.
pub async fn conclude(app: &Orders, tx: &mut Tx, mut order: Order, commitment: StockCommitment) -> Result<Order> {
    let now = app.now();
    let outcome = match commitment {
        StockCommitment::Committed => lifecycle::confirm(tx, &mut order, &app.settings.seller, now).await?,
        StockCommitment::Short { .. } | StockCommitment::Released => {
            let cause = Cause::of_system(now, "The stock was gone when the payment came.");
            lifecycle::cancel(tx, &mut order, CancelReason::OutOfStock, cause, now).await?
        }
    };
    match outcome {
        Outcome::Done => Ok(order),
        Outcome::Refused(_) => reread(tx, order.id).await,
    }
}

enum Payment {
    Made,
    Expected,
    /// The checkout did not come so far, or nobody has to pay before the order is confirmed.
    NeverOpened,
}

async fn payment(app: &Orders, order: &Order) -> Result<Payment> {
    if order.confirms_at_once() {
        return Ok(Payment::NeverOpened);
    }
    Ok(match app.client().call(&SyncIntent { order_id: order.id }).await? {
        FoundIntent::Found(intent) if intent.status == IntentStatus::Paid => Payment::Made,
        FoundIntent::Found(_) => Payment::Expected,
        FoundIntent::Absent => Payment::NeverOpened,
    })
}

async fn cancel(app: &Orders, id: OrderId, reason: CancelReason) -> Result<Order> {
    let now: Timestamp = app.now();
    let mut tx = app.db.begin().await?;
    let mut order = locked(&mut tx, id).await?;
    // The news of its payment may have come in the meantime.
    let cause = Cause::of_system(now, "");
    let cancelled = order.paid_at.is_none()
        && matches!(lifecycle::cancel(&mut tx, &mut order, reason, cause, now).await?, Outcome::Done);
    if cancelled {
        let _committed = tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(order)
}

async fn locked(tx: &mut Tx, id: OrderId) -> Result<Order> {
    store::order::lock(tx, id).await?.ok_or_else(|| Problem::internal(format!("order {id} is gone")))
}

async fn reread(tx: &mut Tx, id: OrderId) -> Result<Order> {
    store::order::find(tx, id).await?.ok_or_else(|| Problem::internal(format!("order {id} is gone")))
}
