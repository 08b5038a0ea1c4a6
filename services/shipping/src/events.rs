//! What the service hears: that an order is to be sent or not, that a return is not to be fetched, and that a customer wants to
//! be forgotten.

use contracts::Event;
use contracts::order::{OrderCancelled, OrderConfirmed};
use contracts::returns::{ReturnClosed, ReturnStatus};
use contracts::shipping::ShipmentStatus;
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use types::{ServiceName, ShipmentId, Timestamp};

use crate::domain::status;
use crate::store::order;
use crate::store::shipment::{self, NewParcel, Parcel};
use crate::{Shipping, jobs, news};

/// Makes the order's one parcel, unless the order was cancelled, of which we may hear first.
pub async fn order_confirmed(app: Shipping, event: Received<OrderConfirmed>, mut tx: Tx) -> Result<Committed> {
    let confirmed = event.data;
    if !order::hear(&mut tx, confirmed.order_id, false).await? {
        let parcel = NewParcel {
            id: ShipmentId::new(),
            order_id: confirmed.order_id,
            order_number: &confirmed.order_number,
            return_id: None,
            attempt: 1,
            customer_id: confirmed.customer_id,
            address: &confirmed.address,
            weight_grams: confirmed.weight_grams,
            cash_to_collect: confirmed.cash_to_collect,
            promised_to: Some(confirmed.promised_to),
            carrier: app.carrier.name(),
        };
        shipment::insert(&mut tx, &parcel, app.context.now()).await?;
        tx.wake_job(jobs::BOOK);
    }
    Ok(tx.commit().await?)
}

/// Keeps the parcel here, or calls it back if it has gone.
pub async fn order_cancelled(app: Shipping, event: Received<OrderCancelled>, mut tx: Tx) -> Result<Committed> {
    order::hear(&mut tx, event.data.order_id, true).await?;
    if let Some(parcel) = shipment::lock_of_order(&mut tx, event.data.order_id).await? {
        call_off(&mut tx, parcel, "The order was cancelled", app.context.now()).await?;
    }
    Ok(tx.commit().await?)
}

/// Nobody is to fetch what the customer keeps.
pub async fn return_closed(app: Shipping, event: Received<ReturnClosed>, mut tx: Tx) -> Result<Committed> {
    let facts = event.data.facts;
    if facts.status == ReturnStatus::Cancelled
        && let Some(parcel) = shipment::lock_of_return(&mut tx, facts.return_id).await?
    {
        call_off(&mut tx, parcel, "The return was cancelled", app.context.now()).await?;
    }
    Ok(tx.commit().await?)
}

async fn call_off(tx: &mut Tx, mut parcel: Parcel, reason: &str, now: Timestamp) -> Result<()> {
    if status::is_in_our_hands(parcel.status) {
        news::follow_own(tx, &mut parcel, ShipmentStatus::Cancelled, reason, now).await?;
        news::withdraw(tx, &parcel, now).await?;
    } else if status::is_under_way(parcel.status) {
        news::withdraw(tx, &parcel, now).await?;
    }
    Ok(())
}

pub async fn erasure_requested(_: Shipping, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    shipment::erase_addresses(&mut tx, user_id).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Shipping })?;
    Ok(tx.commit().await?)
}

/// A return's progress, which changes nothing here: its parcel is booked by the return service's call.
pub async fn heard<E: Event>(_: Shipping, _: Received<E>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}
