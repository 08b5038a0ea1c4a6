//! Having a parcel carried, and having it back: the carrier is asked outside of any transaction, and what it answered is
//! written down after. If the answer is lost, it is asked again.

use contracts::shipping::{ShipmentCreated, ShipmentStatus};
use platform::{Problem, Result};
use types::ShipmentId;

use crate::carrier::{Booking, Cancellation, CarrierError};
use crate::store::shipment::{self, Parcel};
use crate::{Shipping, back_off, jobs, news};

/// Asks the carrier to take the parcel, unless it has.
///
/// # Errors
/// 503 if the carrier did not answer or refused: the parcel waits for another attempt.
pub async fn book(app: &Shipping, id: ShipmentId) -> Result<Parcel> {
    let found = shipment::find(&mut *app.db.primary().await?, id).await?;
    let parcel = found.ok_or_else(|| Problem::internal(format!("shipment {id} is gone")))?;
    if parcel.tracking_number.is_some() {
        return Ok(parcel);
    }
    let Some(address) = parcel.address.clone() else {
        // Its customer was forgotten before any carrier took it.
        shipment::forget_booking(&mut *app.db.primary().await?, id).await?;
        return Ok(parcel);
    };
    let booking = Booking {
        shipment_id: id,
        address: address.0,
        weight_grams: u32::try_from(parcel.weight_grams).unwrap_or(0),
        cash_to_collect: parcel.cash_to_collect,
    };
    match app.carrier.book(&booking).await {
        Ok(number) => booked(app, id, &number).await,
        Err(error) => {
            let again_at = app.context.now().plus(back_off(parcel.booking_attempts));
            let mut connection = app.db.primary().await?;
            shipment::booking_failed(&mut connection, id, &error.to_string(), again_at).await?;
            Err(Problem::unavailable(format!("{} does not take shipment {id}: {error}", parcel.carrier)))
        }
    }
}

async fn booked(app: &Shipping, id: ShipmentId, number: &str) -> Result<Parcel> {
    let mut tx = app.db.begin().await?;
    let found = shipment::lock(&mut tx, id).await?;
    let mut parcel = found.ok_or_else(|| Problem::internal(format!("shipment {id} is gone")))?;
    if parcel.tracking_number.is_some() {
        return Ok(parcel);
    }
    parcel.tracking_number = Some(number.to_owned());
    parcel.version += 1;
    let cancelled = parcel.status == ShipmentStatus::Cancelled;
    let follow_up_at = (!cancelled).then(|| app.context.now().plus(app.follow_up_after));
    shipment::booked(&mut tx, &parcel, number, follow_up_at).await?;
    if cancelled {
        // It was cancelled while the carrier was being asked: nobody else need know that it ever was.
        shipment::turn_back_at(&mut tx, id, Some(app.context.now())).await?;
        tx.wake_job(jobs::TURN_BACK);
    } else if let Some(facts) = parcel.facts() {
        tx.publish(id, parcel.version, &ShipmentCreated { shipment: facts, promised_to: parcel.promised_to() })?;
    }
    // Its first news may have come before the carrier's answer.
    news::follow_waiting(&mut tx, &mut parcel).await?;
    let _committed = tx.commit().await?;
    Ok(parcel)
}

/// Asks the carrier for the parcel back.
pub async fn turn_back(app: &Shipping, id: ShipmentId) -> Result<()> {
    let found = shipment::find(&mut *app.db.primary().await?, id).await?;
    let Some(number) = found.and_then(|parcel| parcel.tracking_number) else { return Ok(()) };
    let outcome = match app.carrier.cancel(&number).await {
        Ok(outcome) => outcome,
        Err(CarrierError::Refused(cause)) => {
            tracing::error!(shipment = %id, cause, "the carrier does not give a parcel back");
            Cancellation::TooLate
        }
        // Its time comes again.
        Err(error) => return Err(Problem::unavailable(format!("shipment {id} is not given back: {error}"))),
    };
    let mut tx = app.db.begin().await?;
    let Some(mut parcel) = shipment::lock(&mut tx, id).await? else { return Ok(()) };
    shipment::turn_back_at(&mut tx, id, None).await?;
    let now = app.context.now();
    match outcome {
        Cancellation::Cancelled => {}
        Cancellation::TurnedBack => {
            news::follow_own(&mut tx, &mut parcel, ShipmentStatus::Returning, "Called back", now).await?;
        }
        Cancellation::TooLate => news::note_too_late(&mut tx, &parcel, now).await?,
    }
    let _committed = tx.commit().await?;
    Ok(())
}
