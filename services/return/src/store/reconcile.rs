//! What must always be true of the returns: for `haat reconcile`.

use std::time::Duration;

use contracts::returns::ReturnStatus;
use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::{Money, OrderId, ReturnId, Timestamp};

/// How long a refund, or the booking of a pick-up, may take.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// A return as payment and order must see it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnFact {
    pub return_id: ReturnId,
    pub order_id: OrderId,
    pub status: ReturnStatus,
    pub refund: Money,
}

/// Every broken rule, as of `now`; empty if all is well.
pub async fn violations(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"WITH counted AS (
             SELECT l.order_line_id,
                    sum(coalesce(l.accepted, 0)) AS accepted,
                    sum(CASE WHEN r.status IN ('rejected', 'cancelled') THEN 0 ELSE coalesce(l.accepted, l.quantity) END) AS claimed,
                    sum(coalesce(l.refund_paise, 0)) AS refund
             FROM return_line l JOIN customer_return r ON r.id = l.return_id GROUP BY l.order_line_id)
           SELECT rule AS "rule!", subject AS "subject!", detail AS "detail!" FROM (
             SELECT 'accepted-within-ordered' AS rule, order_line_id::text AS subject,
                    format('%s accepted of %s', counted.accepted, b.ordered) AS detail
             FROM counted JOIN returnable_line b USING (order_line_id) WHERE counted.accepted > b.ordered
           UNION ALL
             SELECT 'pieces-are-counted', order_line_id::text,
                    format('%s claimed and %s accepted, by the returns %s and %s', b.claimed, b.accepted, c.claimed, c.accepted)
             FROM counted c JOIN returnable_line b USING (order_line_id)
             WHERE (b.claimed, b.accepted) <> (c.claimed, c.accepted)
           UNION ALL
             SELECT 'refunds-within-paid', order_line_id::text, format('%s refunded of %s paise', refund, paid_paise)
             FROM counted JOIN returnable_line b USING (order_line_id)
             WHERE refund > paid_paise OR (counted.accepted = b.ordered AND refund <> paid_paise)
           UNION ALL
             SELECT 'refunds-are-paid', id::text, format('due since %s', refund_due_at)
             FROM customer_return WHERE status = 'refund_due' AND refund_due_at < $1
           UNION ALL
             SELECT 'pickups-are-booked', id::text, format('asked %s times', pickup_attempts)
             FROM customer_return WHERE pickup_due_at IS NOT NULL AND pickup_wanted_at < $1) v
           ORDER BY rule, subject LIMIT 1000"#,
        now.minus(PATIENCE) as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Every return whose goods were received, the oldest first.
pub async fn facts(connection: &mut PgConnection) -> Result<Vec<ReturnFact>, sqlx::Error> {
    sqlx::query_as!(
        ReturnFact,
        r#"SELECT r.id AS "return_id: ReturnId", r.order_id AS "order_id: OrderId", r.status AS "status: ReturnStatus",
                  (SELECT coalesce(sum(refund_paise), 0)::bigint FROM return_line WHERE return_id = r.id) AS "refund!: Money"
           FROM customer_return r WHERE r.status IN ('received', 'refund_due', 'closed') ORDER BY r.id"#
    )
    .fetch_all(connection)
    .await
}
