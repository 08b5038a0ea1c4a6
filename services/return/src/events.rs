//! What the service hears: where the parcels of returns are, and if they come at all; that refunds were paid, that a customer
//! wants to be forgotten.

use contracts::Event;
use contracts::payment::{RefundFailed, RefundSucceeded};
use contracts::returns::{ReturnClosed, ReturnEntry, ReturnEntryKind, ReturnStatus};
use contracts::shipping::{ShipmentDelivered, ShipmentException, ShipmentFacts, ShipmentRto, ShipmentStatusChanged};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use platform::idempotency;
use types::ServiceName;

use crate::Returns;
use crate::lifecycle::{self, Change};
use crate::store::{case, entry, line};

pub async fn parcel_moved(app: Returns, event: Received<ShipmentStatusChanged>, tx: Tx) -> Result<Committed> {
    follow_parcel(&app, tx, &event.data.shipment, "").await
}

pub async fn parcel_arrived(app: Returns, event: Received<ShipmentDelivered>, tx: Tx) -> Result<Committed> {
    follow_parcel(&app, tx, &event.data.shipment, "").await
}

pub async fn parcel_held_up(app: Returns, event: Received<ShipmentException>, tx: Tx) -> Result<Committed> {
    follow_parcel(&app, tx, &event.data.shipment, &event.data.reason).await
}

pub async fn parcel_sent_back(app: Returns, event: Received<ShipmentRto>, tx: Tx) -> Result<Committed> {
    follow_parcel(&app, tx, &event.data.shipment, &event.data.reason).await
}

/// The money is back with the customer: the return is closed.
pub async fn refund_succeeded(app: Returns, event: Received<RefundSucceeded>, mut tx: Tx) -> Result<Committed> {
    let refund = event.data.refund;
    let found = match refund.return_id {
        Some(id) => case::lock(&mut tx, id).await?,
        None => None,
    };
    if let Some(mut case) = found.filter(|case| case.status == ReturnStatus::RefundDue) {
        let at = app.context.now();
        let refunded = ReturnEntry { at, kind: ReturnEntryKind::Refunded, detail: refund.amount.to_string() };
        entry::add(&mut tx, case.id, &refunded, None).await?;
        let change = Change { to: ReturnStatus::Closed, at, detail: "", actor: None };
        lifecycle::change(&mut tx, &mut case, change).await?;
        let facts = lifecycle::facts(&case, &line::of_case(&mut tx, case.id).await?);
        tx.publish(case.id, case.version, &ReturnClosed { facts })?;
    }
    Ok(tx.commit().await?)
}

/// Staff must act; the return stays open until the money is back.
pub async fn refund_failed(app: Returns, event: Received<RefundFailed>, mut tx: Tx) -> Result<Committed> {
    let RefundFailed { refund, reason } = event.data;
    if let Some(id) = refund.return_id
        && case::find(&mut tx, id).await?.is_some()
    {
        let failed = ReturnEntry { at: app.context.now(), kind: ReturnEntryKind::RefundFailed, detail: reason };
        entry::add(&mut tx, id, &failed, None).await?;
    }
    Ok(tx.commit().await?)
}

pub async fn erasure_requested(_: Returns, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    case::erase_addresses(&mut tx, user_id).await?;
    idempotency::forget(&mut tx, user_id, None).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Return })?;
    Ok(tx.commit().await?)
}

/// Something that changes nothing here: how long an order may come back is asked of the order service, which knows best.
pub async fn heard<E: Event>(_: Returns, _: Received<E>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}

/// A parcel that comes back is news for its return; any other is not.
async fn follow_parcel(app: &Returns, mut tx: Tx, parcel: &ShipmentFacts, reason: &str) -> Result<Committed> {
    let found = match parcel.return_id {
        Some(id) => case::lock(&mut tx, id).await?,
        None => None,
    };
    if let Some(mut case) = found {
        let detail = format!("{} {reason}", parcel.status).trim().to_owned();
        let news = ReturnEntry { at: parcel.at, kind: ReturnEntryKind::ParcelUpdate, detail };
        entry::add(&mut tx, case.id, &news, None).await?;
        lifecycle::follow_parcel(&mut tx, &mut case, parcel, app.context.now()).await?;
    }
    Ok(tx.commit().await?)
}
