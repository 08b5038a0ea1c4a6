//! The customer's cart, and their wish to be forgotten.

use contracts::cart::CartConverted;
use contracts::order::TimelineKind;
use contracts::user::ErasureRequested;
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;

use super::note;
use crate::app::Orders;
use crate::jobs::ERASE_CUSTOMERS;
use crate::store;

pub async fn cart_converted(_: Orders, event: Received<CartConverted>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.order_id, event.time, TimelineKind::CartUpdate, "emptied").await
}

/// Their orders under way need an address: a job forgets them when none is left.
pub async fn erasure_requested(app: Orders, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    store::erasure::request(&mut tx, event.data.user_id, app.now()).await?;
    tx.wake_job(ERASE_CUSTOMERS);
    Ok(tx.commit().await?)
}
