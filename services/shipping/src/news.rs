//! What news of a parcel changes, and whom it is told.

use contracts::shipping::{
    Direction, ShipmentDelivered, ShipmentException, ShipmentRto, ShipmentStatus, ShipmentStatusChanged,
};
use platform::Result;
use platform::db::Tx;
use types::{Money, Timestamp};

use crate::domain::status::{self, Verdict};
use crate::jobs;
use crate::store::shipment::{self, Parcel};
use crate::store::tracking::{self, News};

/// Follows what a carrier said of this parcel and nobody has followed yet. The parcel must be locked.
pub async fn follow_waiting(tx: &mut Tx, parcel: &mut Parcel) -> Result<()> {
    let Some(number) = parcel.tracking_number.clone() else { return Ok(()) };
    for news in tracking::take_waiting(tx, parcel.id, &parcel.carrier, &number).await? {
        follow(tx, parcel, &news).await?;
    }
    Ok(())
}

/// Notes what our own side did with the parcel, and follows it. The parcel must be locked.
pub async fn follow_own(
    tx: &mut Tx,
    parcel: &mut Parcel,
    status: ShipmentStatus,
    description: &str,
    now: Timestamp,
) -> Result<()> {
    let news = News { status, at: now, description: description.to_owned() };
    tracking::note(tx, parcel.id, &format!("{}:{status}", parcel.id), &news).await?;
    follow(tx, parcel, &news).await
}

/// Has the carrier give the parcel back, if it has it or may have it. The parcel must be locked.
pub async fn withdraw(tx: &mut Tx, parcel: &Parcel, now: Timestamp) -> Result<()> {
    if parcel.tracking_number.is_some() {
        shipment::turn_back_at(tx, parcel.id, Some(now)).await?;
        tx.wake_job(jobs::TURN_BACK);
    } else if parcel.booking_attempts == 0 {
        // Once it was asked, the carrier may have it for all we know: then the booking goes on, to learn its number and
        // cancel that.
        shipment::forget_booking(tx, parcel.id).await?;
    }
    Ok(())
}

/// Notes that the carrier does not give the parcel back, and has it asked what has become of it: we may have missed that it was
/// delivered, and its cash collected. The parcel must be locked.
pub async fn note_too_late(tx: &mut Tx, parcel: &Parcel, now: Timestamp) -> Result<()> {
    let description = "It was too late to call it back".to_owned();
    let news = News { status: parcel.status, at: now, description };
    tracking::note(tx, parcel.id, &format!("{}:too-late", parcel.id), &news).await?;
    if !matches!(parcel.status, ShipmentStatus::Delivered | ShipmentStatus::Returned) {
        shipment::follow_up_at(tx, parcel.id, now).await?;
    }
    Ok(())
}

/// Moves the parcel if the news is news, and publishes it.
async fn follow(tx: &mut Tx, parcel: &mut Parcel, news: &News) -> Result<()> {
    let verdict = status::judge(parcel.status, parcel.status_at, news.status, news.at);
    if verdict == Verdict::Ignored {
        return Ok(());
    }
    parcel.status = news.status;
    parcel.status_at = news.at;
    parcel.version += i64::from(verdict == Verdict::Moves);
    shipment::write_status(tx, parcel, status::is_finished(parcel.status)).await?;
    if verdict == Verdict::Moves { publish(tx, parcel, &news.description) } else { Ok(()) }
}

fn publish(tx: &mut Tx, parcel: &Parcel, description: &str) -> Result<()> {
    // Nobody has been told of a parcel that has no number.
    let Some(shipment) = parcel.facts() else { return Ok(()) };
    let reason = description.to_owned();
    match parcel.status {
        ShipmentStatus::Delivered => {
            let outbound = parcel.direction == Direction::Outbound;
            let cash_collected = if outbound { parcel.cash_to_collect } else { Money::ZERO };
            tx.publish(parcel.id, parcel.version, &ShipmentDelivered { shipment, cash_collected })?;
        }
        ShipmentStatus::Exception => tx.publish(parcel.id, parcel.version, &ShipmentException { shipment, reason })?,
        ShipmentStatus::Returned => tx.publish(parcel.id, parcel.version, &ShipmentRto { shipment, reason })?,
        _ => tx.publish(parcel.id, parcel.version, &ShipmentStatusChanged { shipment })?,
    }
    Ok(())
}
