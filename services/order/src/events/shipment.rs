//! Where the parcels are.

use contracts::order::{CancelReason, OrderStatus, TimelineKind};
use contracts::shipping::{
    Direction, ShipmentCreated, ShipmentDelivered, ShipmentException, ShipmentFacts, ShipmentRto, ShipmentStatus,
    ShipmentStatusChanged,
};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;

use super::{note, unknown_order};
use crate::app::Orders;
use crate::lifecycle::{self, Cause, Outcome};
use crate::store;

pub async fn created(app: Orders, event: Received<ShipmentCreated>, tx: Tx) -> Result<Committed> {
    on_the_way(&app, tx, event.data.shipment, "").await
}

pub async fn status_changed(app: Orders, event: Received<ShipmentStatusChanged>, tx: Tx) -> Result<Committed> {
    on_the_way(&app, tx, event.data.shipment, "").await
}

pub async fn exception(app: Orders, event: Received<ShipmentException>, tx: Tx) -> Result<Committed> {
    on_the_way(&app, tx, event.data.shipment, &event.data.reason).await
}

pub async fn delivered(app: Orders, event: Received<ShipmentDelivered>, tx: Tx) -> Result<Committed> {
    on_the_way(&app, tx, event.data.shipment, "").await
}

pub async fn returned_to_origin(app: Orders, event: Received<ShipmentRto>, tx: Tx) -> Result<Committed> {
    on_the_way(&app, tx, event.data.shipment, &event.data.reason).await
}

/// What a parcel's status means for its order's. The parcel of a return means nothing for it.
async fn on_the_way(app: &Orders, mut tx: Tx, parcel: ShipmentFacts, detail: &str) -> Result<Committed> {
    let what = format!("{} {detail}", parcel.status);
    if parcel.direction == Direction::Inbound {
        return note(tx, parcel.order_id, parcel.at, TimelineKind::ReturnUpdate, format!("parcel {}", what.trim()))
            .await;
    }
    let order = store::order::lock(&mut tx, parcel.order_id).await?;
    let mut order = order.ok_or_else(|| unknown_order(parcel.order_id, "a parcel"))?;
    store::order::note_parcel(&mut tx, &parcel).await?;
    let (at, cause) = (parcel.at, Cause::of_system(parcel.at, detail));
    let outcome = match parcel.status {
        ShipmentStatus::Packed => lifecycle::process(&mut tx, &mut order, cause).await?,
        ShipmentStatus::PickedUp | ShipmentStatus::InTransit | ShipmentStatus::OutForDelivery => {
            lifecycle::ship(&mut tx, &mut order, &parcel).await?
        }
        ShipmentStatus::Delivered => lifecycle::deliver(&mut tx, &mut order, at).await?,
        ShipmentStatus::Returned => {
            lifecycle::cancel(&mut tx, &mut order, CancelReason::Undelivered, cause, app.now()).await?
        }
        ShipmentStatus::Created | ShipmentStatus::Exception | ShipmentStatus::Returning | ShipmentStatus::Cancelled => {
            return note(tx, order.id, at, TimelineKind::ShipmentUpdate, what.trim()).await;
        }
    };
    match outcome {
        Outcome::Done => Ok(tx.commit().await?),
        // In transit and out for delivery are news of a parcel that is known to be shipped.
        Outcome::Refused(refused) if matches!(refused.status, OrderStatus::Shipped | OrderStatus::Delivered) => {
            note(tx, order.id, at, TimelineKind::ShipmentUpdate, what.trim()).await
        }
        Outcome::Refused(refused) => {
            lifecycle::note_too_late(&mut tx, &order, at, refused).await?;
            Ok(tx.commit().await?)
        }
    }
}
