//! How a return gets from one status to the next: the one place that changes it, counts its version and keeps its timeline.

use contracts::returns::{ReturnEntry, ReturnEntryKind, ReturnFacts, ReturnLine, ReturnStatus, ReturnedLine};
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::{Money, ReturnId, Timestamp, UserId};

use crate::domain::status;
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
