//! What must always be true of the parcels: for `haat reconcile`.

use std::time::Duration;

use contracts::shipping::ShipmentStatus;
use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::{Money, OrderId, ShipmentId, Timestamp};

/// How long a carrier may take to accept a parcel or to give it back, and news may wait for its parcel.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// An order's parcel, to be held against the orders: each that was confirmed and not cancelled has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipmentFact {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub status: ShipmentStatus,
    pub cash_to_collect: Money,
}

/// Every broken rule, as of `now`; empty if all is well.
pub async fn violations(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"SELECT rule AS "rule!", subject AS "subject!", detail AS "detail!" FROM (
             SELECT 'parcels-are-booked' AS rule, id::text AS subject,
                    format('created at %s, asked %s times: %s', created_at, booking_attempts, booking_error) AS detail
             FROM shipment WHERE tracking_number IS NULL AND status <> 'cancelled' AND created_at < $1
           UNION ALL
             SELECT 'cancelled-parcels-are-given-back', id::text, format('due at %s', turn_back_due_at)
             FROM shipment WHERE turn_back_due_at < $1
           UNION ALL
             SELECT 'cancelled-orders-have-no-parcel-here', s.id::text, format('order %s, %s', s.order_id, s.status)
             FROM heard_order o JOIN shipment s ON s.order_id = o.order_id AND s.direction = 'outbound'
             WHERE o.cancelled AND s.status IN ('created', 'packed')
           UNION ALL
             SELECT 'news-finds-its-parcel', carrier || ' ' || tracking_number, format('%s at %s', status, received_at)
             FROM tracking_event WHERE shipment_id IS NULL AND received_at < $1) v
           ORDER BY rule, subject LIMIT 1000"#,
        now.minus(PATIENCE) as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// The parcels to customers, in the order of their orders' ids.
pub async fn facts(connection: &mut PgConnection) -> Result<Vec<ShipmentFact>, sqlx::Error> {
    sqlx::query_as!(
        ShipmentFact,
        r#"SELECT order_id AS "order_id: OrderId", id AS "shipment_id: ShipmentId", status AS "status: ShipmentStatus",
                  cash_to_collect_paise AS "cash_to_collect: Money"
           FROM shipment WHERE direction = 'outbound' ORDER BY order_id"#
    )
    .fetch_all(connection)
    .await
}
