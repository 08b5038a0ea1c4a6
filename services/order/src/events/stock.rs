//! What became of the stock that was set aside. It is for staff to know: an order's own way does not depend on it.

use contracts::order::TimelineKind;
use contracts::product::{StockCommitted, StockExpired, StockReleased, StockReserved};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;

use super::note;
use crate::app::Orders;

pub async fn reserved(_: Orders, event: Received<StockReserved>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.order_id, event.time, TimelineKind::StockUpdate, "reserved").await
}

pub async fn expired(_: Orders, event: Received<StockExpired>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.order_id, event.time, TimelineKind::StockUpdate, "expired").await
}

pub async fn released(_: Orders, event: Received<StockReleased>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.order_id, event.time, TimelineKind::StockUpdate, "released").await
}

pub async fn committed(_: Orders, event: Received<StockCommitted>, tx: Tx) -> Result<Committed> {
    note(tx, event.data.order_id, event.time, TimelineKind::StockUpdate, "committed").await
}
