//! How a return gets from one status to the next: the one place that changes it, counts its version and keeps its timeline.

use std::time::Duration;

use contracts::returns::{
    ReturnClosed, ReturnEntry, ReturnEntryKind, ReturnFacts, ReturnLine, ReturnStatus, ReturnedLine,
};
use contracts::shipping::{ShipmentFacts, ShipmentStatus};
use platform::db::Tx;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::{Money, ReturnId, Timestamp, UserId};

use crate::domain::status;
use crate::jobs::BOOK_PICKUPS;
use crate::store::case::{self, Case};
use crate::store::{entry, line};

/// Why and by whom a status changes.
pub struct Change<'a> {
    pub to: ReturnStatus,
    pub at: Timestamp,
    pub detail: &'a str,
    /// The member of staff.
    pub actor: Option<UserId>,
}

/// Changes the return's status. It must be locked.
///
/// # Errors
/// 409 if its status does not allow it.
pub async fn change(connection: &mut PgConnection, case: &mut Case, change: Change<'_>) -> Result<()> {
    if !status::may_become(case.status, change.to) {
        return Err(Problem::conflict("wrong-return-status", "The return's status does not allow it")
            .detail(format!("It is {}.", case.status))
            .with("return_status", case.status));
    }
    case.status = change.to;
    case.version += 1;
    if change.to == ReturnStatus::Rejected {
        case.rejection_reason = Some(change.detail.to_owned());
    }
    case::write_status(connection, case, status::is_finished(change.to), change.at).await?;
    let entry = ReturnEntry { at: change.at, kind: kind(change.to), detail: change.detail.to_owned() };
    Ok(entry::add(connection, case.id, &entry, change.actor).await?)
}

/// Cancels a return whose goods are with the customer, and gives back what was asked for. It must be locked.
///
/// # Errors
/// 409 if its status does not allow it, or the goods are on their way.
pub async fn cancel(tx: &mut Tx, case: &mut Case, at: Timestamp, detail: &str, actor: Option<UserId>) -> Result<()> {
    if case.status == ReturnStatus::Approved && case.picked_up_at.is_some() {
        return Err(Problem::conflict("goods-on-their-way", "The goods are on their way: they can only be received")
            .with("return_status", case.status));
    }
    change(tx, case, Change { to: ReturnStatus::Cancelled, at, detail, actor }).await?;
    release(tx, case.id).await?;
    let facts = facts(case, &line::of_case(tx, case.id).await?);
    tx.publish(case.id, case.version, &ReturnClosed { facts })?;
    Ok(())
}

/// The first pick-up that came to nothing is followed by another at once, the second after so long, the third after twice that: a
/// carrier that calls off whatever is booked must not be asked without end. Staff may cancel meanwhile.
const REST_BETWEEN_PICKUPS: Duration = Duration::from_secs(24 * 3600);

/// What news of its parcel means for a return: whether the goods were fetched, and whether another pick-up is needed. It must
/// be locked.
pub async fn follow_parcel(tx: &mut Tx, case: &mut Case, parcel: &ShipmentFacts, now: Timestamp) -> Result<()> {
    let number = &parcel.tracking_number;
    // The news may come before the booking's answer has been written down, and after another pick-up was booked.
    let is_current = case.tracking_number.as_ref().is_none_or(|known| known == number);
    if case.status != ReturnStatus::Approved || !is_current || case.failed_pickups.contains(number) {
        return Ok(());
    }
    match parcel.status {
        ShipmentStatus::PickedUp
        | ShipmentStatus::InTransit
        | ShipmentStatus::OutForDelivery
        | ShipmentStatus::Delivered => case::picked_up(tx, case.id, parcel.at).await?,
        ShipmentStatus::Cancelled | ShipmentStatus::Returned => {
            case.version += 1;
            let rest = REST_BETWEEN_PICKUPS * u32::try_from(case.failed_pickups.len()).unwrap_or(u32::MAX);
            case::pickup_came_to_nothing(tx, case, number, now.plus(rest)).await?;
            tx.wake_job(BOOK_PICKUPS);
        }
        ShipmentStatus::Created | ShipmentStatus::Packed | ShipmentStatus::Exception | ShipmentStatus::Returning => {}
    }
    Ok(())
}

/// Gives back what was asked for and does not come: it can be asked for again.
pub async fn release(connection: &mut PgConnection, id: ReturnId) -> Result<()> {
    let mut lines = line::of_case(connection, id).await?;
    lines.sort_by_key(|line| line.order_line_id);
    for asked in lines {
        line::release(connection, asked.order_line_id, asked.quantity).await?;
    }
    Ok(())
}

/// What its events say.
pub fn facts(case: &Case, lines: &[ReturnLine]) -> ReturnFacts {
    let line = |line: &ReturnLine| {
        let found = line.inspection.as_ref();
        ReturnedLine {
            return_line_id: line.id,
            order_line_id: line.order_line_id,
            variant_id: line.variant_id,
            quantity: found.map_or(line.quantity, |found| found.accepted),
            restock: found.map_or(0, |found| found.restock),
            refund: found.map_or(Money::ZERO, |found| found.refund),
        }
    };
    ReturnFacts {
        return_id: case.id,
        order_id: case.order_id,
        order_number: case.order_number.clone(),
        customer_id: case.customer_id,
        status: case.status,
        lines: lines.iter().map(line).collect(),
    }
}

/// What is refunded in all.
pub fn refund(lines: &[ReturnLine]) -> Money {
    lines.iter().filter_map(|line| line.inspection.as_ref()).map(|found| found.refund).sum()
}

fn kind(status: ReturnStatus) -> ReturnEntryKind {
    match status {
        ReturnStatus::Requested => ReturnEntryKind::Requested,
        ReturnStatus::Approved => ReturnEntryKind::Approved,
        ReturnStatus::Rejected => ReturnEntryKind::Rejected,
        ReturnStatus::Received => ReturnEntryKind::Received,
        ReturnStatus::RefundDue => ReturnEntryKind::RefundDue,
        ReturnStatus::Closed => ReturnEntryKind::Closed,
        ReturnStatus::Cancelled => ReturnEntryKind::Cancelled,
    }
}
