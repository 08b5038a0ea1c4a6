//! Returns as they are shown.

use contracts::returns::{DeskReturn, Pickup, Return};
use platform::Result;
use sqlx::PgConnection;

use crate::lifecycle;
use crate::store::case::Case;
use crate::store::{entry, line};

pub async fn of_customer(connection: &mut PgConnection, case: Case) -> Result<Return> {
    let lines = line::of_case(connection, case.id).await?;
    Ok(Return {
        id: case.id,
        order_id: case.order_id,
        order_number: case.order_number,
        status: case.status,
        refund: lifecycle::refund(&lines),
        lines,
        pickup: case
            .carrier
            .zip(case.tracking_number)
            .map(|(carrier, tracking_number)| Pickup { carrier, tracking_number }),
        rejection_reason: case.rejection_reason,
        requested_at: case.requested_at,
        timeline: entry::of_case(connection, case.id).await?,
    })
}

pub async fn of_desk(connection: &mut PgConnection, case: Case) -> Result<DeskReturn> {
    let (customer_id, address) = (case.customer_id, case.address.clone().map(|address| address.0));
    Ok(DeskReturn { customer_id, details: of_customer(connection, case).await?, address })
}
