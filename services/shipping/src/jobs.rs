//! Work by the clock. Each run claims a few parcels, asks the carrier about them without a transaction, and writes down what
//! it said; a claim that nobody finishes runs out.

use std::time::Duration;

use contracts::shipping::CarrierUpdate;
use platform::Result;
use platform::service::Progress;
use types::ShipmentId;

use crate::store::{shipment, tracking};
use crate::{Shipping, booking, news};

pub const BOOK: &str = "book-shipments";
pub const TURN_BACK: &str = "turn-back";

const BATCH: i64 = 20;
/// What one process has claimed is nobody else's for so long.
const LEASE: Duration = Duration::from_secs(60);

/// Has new parcels carried.
pub async fn book_shipments(app: Shipping) -> Result<Progress> {
    let now = app.context.now();
    let claimed = shipment::claim_bookings(&mut *app.db.primary().await?, now, now.plus(LEASE), BATCH).await?;
    for id in &claimed {
        // It was logged, and is tried again when its time comes; the others need not wait for it.
        let _tried = booking::book(&app, *id).await;
    }
    Ok(progress(&claimed))
}

/// Has parcels of cancelled orders back.
pub async fn turn_back(app: Shipping) -> Result<Progress> {
    let now = app.context.now();
    let claimed = shipment::claim_turning_back(&mut *app.db.primary().await?, now, now.plus(LEASE), BATCH).await?;
    for id in &claimed {
        let _tried = booking::turn_back(&app, *id).await;
    }
    Ok(progress(&claimed))
}

/// Follows news that came in the moment in which its parcel became known.
pub async fn apply_news(app: Shipping) -> Result<Progress> {
    let waited_for = tracking::waited_for(&mut *app.db.primary().await?, BATCH).await?;
    for id in &waited_for {
        let mut tx = app.db.begin().await?;
        let Some(mut parcel) = shipment::lock(&mut tx, *id).await? else { continue };
        news::follow_waiting(&mut tx, &mut parcel).await?;
        let _committed = tx.commit().await?;
    }
    Ok(progress(&waited_for))
}

/// Asks after parcels of which nothing was heard for long: a webhook may have been lost.
pub async fn follow_up(app: Shipping) -> Result<Progress> {
    let now = app.context.now();
    let claimed =
        shipment::claim_follow_ups(&mut *app.db.primary().await?, now, now.plus(app.follow_up_after), BATCH).await?;
    for id in &claimed {
        let found = shipment::find(&mut *app.db.primary().await?, *id).await?;
        let Some(number) = found.and_then(|parcel| parcel.tracking_number) else { continue };
        match app.carrier.track(&number).await {
            Ok(updates) => learn(&app, &updates).await?,
            Err(error) => tracing::warn!(shipment = %id, %error, "the carrier does not say where a parcel is"),
        }
    }
    Ok(progress(&claimed))
}

pub async fn move_sandbox_parcels(app: Shipping) -> Result<Progress> {
    app.sandbox.move_due().await
}

pub async fn send_sandbox_webhooks(app: Shipping) -> Result<Progress> {
    app.sandbox.send_webhooks().await
}

/// Keeps what the carrier said and follows it, if it is new and the parcel is known. Updates of one parcel only.
pub async fn learn(app: &Shipping, updates: &[CarrierUpdate]) -> Result<()> {
    let Some(first) = updates.first() else { return Ok(()) };
    let carrier = app.carrier.name();
    let mut tx = app.db.begin().await?;
    let mut is_new = false;
    for update in updates {
        is_new |= tracking::record(&mut tx, carrier, update, app.context.now()).await?;
    }
    if is_new && let Some(mut parcel) = shipment::lock_by_number(&mut tx, carrier, &first.tracking_number).await? {
        news::follow_waiting(&mut tx, &mut parcel).await?;
    }
    let _committed = tx.commit().await?;
    Ok(())
}

fn progress(claimed: &[ShipmentId]) -> Progress {
    if i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= BATCH { Progress::More } else { Progress::Idle }
}
