//! What happens elsewhere and moves stock. A queue keeps no order and may bring an event again: the state of the order's stock
//! says what is still to be done.

use contracts::Event;
use contracts::order::{CancelReason, OrderCancelled, OrderConfirmed};
use contracts::product::StockCommitment;
use contracts::returns::ReturnReceived;
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use platform::idempotency;
use platform::service::App;
use types::ServiceName;

use crate::Products;
use crate::domain::stock::Demand;
use crate::stock;
use crate::store::{alerts, reviews};

/// The order service commits by a call before it confirms, so this finds the stock sold; if it does not, this sells it.
pub async fn order_confirmed(app: Products, event: Received<OrderConfirmed>, mut tx: Tx) -> Result<Committed> {
    let order = event.data.order_id;
    match Demand::of(&stock::ordered(&event.data.lines)) {
        Ok(demand) => {
            if let StockCommitment::Short { shortages } =
                stock::commit(&mut tx, order, &demand, app.context().now()).await?
            {
                tracing::error!(%order, ?shortages, "confirmed, but its stock was never sold and is not there");
            }
        }
        Err(wrong) => tracing::error!(%order, %wrong, "confirmed with lines that cannot be"),
    }
    Ok(tx.commit().await?)
}

/// What the carrier lost stays sold: it is on no shelf.
pub async fn order_cancelled(app: Products, event: Received<OrderCancelled>, mut tx: Tx) -> Result<Committed> {
    if event.data.reason != CancelReason::Lost {
        stock::release(&mut tx, event.data.order_id, app.context().now()).await?;
    }
    Ok(tx.commit().await?)
}

/// What came back and can be sold again goes on the shelf.
pub async fn return_received(app: Products, event: Received<ReturnReceived>, mut tx: Tx) -> Result<Committed> {
    let facts = &event.data.facts;
    stock::restock(&mut tx, facts.order_id, facts.return_id, &facts.lines, app.context().now()).await?;
    Ok(tx.commit().await?)
}

/// What the customer asked for goes. What they said of products stays, and nobody knows any more who said it.
pub async fn erasure_requested(_: Products, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    alerts::forget_customer(&mut tx, user_id).await?;
    reviews::forget_customer(&mut tx, user_id).await?;
    idempotency::forget(&mut tx, user_id, None).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Product })?;
    Ok(tx.commit().await?)
}

/// The queue brings all events of returns; stock moves only when goods are received.
pub async fn heard<E: Event>(_: Products, _: Received<E>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}
