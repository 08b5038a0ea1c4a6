//! The money of an order, as the payment service tells of it.

use contracts::order::{Actor, OrderStatus, TimelineKind};
use sqlx::PgConnection;
use types::{Money, OrderId, Timestamp};

/// What is known of an order when money came for it.
pub struct Paid {
    pub status: OrderStatus,
    /// False if its payment was recorded before.
    pub first: bool,
}

/// Records that the order is paid, once, and has a worker see to it if it is pending. None if there is no such order.
pub async fn record(
    connection: &mut PgConnection,
    id: OrderId,
    at: Timestamp,
    now: Timestamp,
) -> Result<Option<Paid>, sqlx::Error> {
    sqlx::query_as!(
        Paid,
        r#"WITH before AS (
             SELECT id, status, paid_at FROM customer_order WHERE id = $1 FOR UPDATE
         ), paid AS (
             UPDATE customer_order o SET
                 paid_at = $2, version = version + 1,
                 settle_after = CASE o.status WHEN 'pending' THEN least(o.settle_after, $3) ELSE o.settle_after END
             FROM before b WHERE o.id = b.id AND b.paid_at IS NULL
         ), history AS (
             INSERT INTO order_history (order_id, at, kind, status, actor)
             SELECT id, $2, $4, status, $5 FROM before WHERE paid_at IS NULL
         )
         SELECT status AS "status: OrderStatus", paid_at IS NULL AS "first!" FROM before"#,
        id as OrderId,
        at as Timestamp,
        now as Timestamp,
        TimelineKind::PaymentReceived as TimelineKind,
        Actor::System as Actor
    )
    .fetch_optional(connection)
    .await
}

/// Records how much went back in all. News of refunds comes in any order, so the largest counts. False if there is no such
/// order.
pub async fn record_refunded(
    connection: &mut PgConnection,
    id: OrderId,
    refunded_total: Money,
) -> Result<bool, sqlx::Error> {
    let recorded = sqlx::query!(
        "UPDATE customer_order SET refunded_paise = greatest(refunded_paise, $2), version = version + 1 WHERE id = $1",
        id as OrderId,
        refunded_total as Money
    )
    .execute(connection)
    .await?;
    Ok(recorded.rows_affected() == 1)
}
