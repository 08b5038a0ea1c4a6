//! Work by the clock.

use std::time::Duration;

use contracts::returns::{ReturnApproved, ReturnEntry, ReturnEntryKind, ReturnStatus};
use contracts::shipping::{BookPickup, BookedPickup};
use futures::StreamExt;
use platform::scope::Scope;
use platform::service::Progress;
use platform::{Problem, Result};
use types::ReturnId;

use crate::store::{case, entry, line};
use crate::{Returns, lifecycle};

pub const BOOK_PICKUPS: &str = "book-pickups";

const BATCH: i64 = 20;
const SIDE_BY_SIDE: usize = 4;
/// What one process has claimed is nobody else's for so long.
const LEASE: Duration = Duration::from_secs(60);

/// Has the parcels of approved returns fetched. Shipping is asked without a transaction; if its answer is lost it is asked
/// again, and answers the same.
pub async fn book_pickups(app: Returns) -> Result<Progress> {
    let now = app.context.now();
    let claimed = case::claim_pickups(&mut *app.db.primary().await?, now, now.plus(LEASE), BATCH).await?;
    let full = i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= BATCH;
    futures::stream::iter(claimed)
        .for_each_concurrent(SIDE_BY_SIDE, |id| {
            let app = app.clone();
            // Each with a time of its own: a slow one takes none from those that wait behind it.
            Scope::root().run(async move {
                if let Err(problem) = book_pickup(&app, id).await {
                    tracing::warn!(%problem, return_id = %id, "a pick-up is not booked yet");
                }
            })
        })
        .await;
    Ok(if full { Progress::More } else { Progress::Idle })
}

async fn book_pickup(app: &Returns, id: ReturnId) -> Result<()> {
    let found = case::find(&mut *app.db.primary().await?, id).await?;
    let Some(case) = found.filter(|case| case.status == ReturnStatus::Approved) else { return Ok(()) };
    let Some(address) = case.address else { return Ok(()) };
    let call = BookPickup {
        return_id: id,
        order_id: case.order_id,
        customer_id: case.customer_id,
        from: address.0,
        weight_grams: u32::try_from(case.weight_grams).unwrap_or(0),
        attempt: u32::try_from(case.failed_pickups.len()).unwrap_or(u32::MAX).saturating_add(1),
    };
    match app.context.client().call(&call).await {
        Ok(booked) => approved(app, id, booked).await,
        Err(error) => {
            let again_at = app.context.now().plus(back_off(case.pickup_attempts));
            case::pickup_failed(&mut *app.db.primary().await?, id, again_at).await?;
            Err(Problem::unavailable(error))
        }
    }
}

/// Only now others are told that the return is approved, since they are told the tracking number with it; and once more if another
/// pick-up had to be booked.
async fn approved(app: &Returns, id: ReturnId, booked: BookedPickup) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let found = case::lock(&mut tx, id).await?;
    // That it came to nothing may be known before its answer is here.
    let still = |case: &case::Case| {
        case.status == ReturnStatus::Approved
            && case.tracking_number.is_none()
            && !case.failed_pickups.contains(&booked.tracking_number)
    };
    let Some(mut case) = found.filter(still) else { return Ok(()) };
    case.version += 1;
    case.carrier = Some(booked.carrier);
    case.tracking_number = Some(booked.tracking_number.clone());
    case::pickup_booked(&mut tx, &case).await?;
    let detail = booked.tracking_number.clone();
    let noted = ReturnEntry { at: app.context.now(), kind: ReturnEntryKind::PickupBooked, detail };
    entry::add(&mut tx, id, &noted, None).await?;
    let facts = lifecycle::facts(&case, &line::of_case(&mut tx, id).await?);
    tx.publish(id, case.version, &ReturnApproved { facts, tracking_number: booked.tracking_number })?;
    let _committed = tx.commit().await?;
    Ok(())
}

/// How long to wait before the next attempt: 1 s, 2 s, 4 s ... up to ten minutes.
fn back_off(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 11)).unwrap_or(1) - 1;
    Duration::from_secs(1 << doublings).min(Duration::from_secs(600))
}
