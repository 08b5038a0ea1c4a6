//! What the service hears of, and what it tells. Queues keep no order, so every handler is right for news in any order: a
//! status changes only as the table lets it, a payment is recorded once, the largest sum of refunds counts.

pub mod customer;
pub mod payment;
pub mod published;
pub mod returns;
pub mod shipment;
pub mod stock;

use contracts::order::TimelineKind;
use platform::db::{Committed, Tx};
use platform::{Problem, Result};
use types::{OrderId, Timestamp};

use crate::store;
use crate::store::history::Entry;

/// Something to know about an order that changes nothing. Nothing if there is no such order: it was never placed.
async fn note(
    mut tx: Tx,
    id: OrderId,
    at: Timestamp,
    kind: TimelineKind,
    detail: impl Into<String>,
) -> Result<Committed> {
    store::history::note(&mut tx, id, &Entry::of_system(at, kind, detail)).await?;
    Ok(tx.commit().await?)
}

/// Money or goods of an order that is not here: staff must see it, so the event is not done.
fn unknown_order(id: OrderId, what: &str) -> Problem {
    Problem::internal(format!("{what} for order {id}, which is not here"))
}
