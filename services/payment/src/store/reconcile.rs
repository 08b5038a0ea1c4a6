//! What the books say of themselves.

use contracts::payment::IntentStatus;
use sqlx::PgConnection;
use types::{Money, OrderId, Timestamp};

/// The payment of an order in short, to be held against the order's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub order_id: OrderId,
    pub amount: Money,
    pub captured: Money,
    pub refunded: Money,
    pub status: IntentStatus,
}

pub async fn facts(connection: &mut PgConnection) -> Result<Vec<Fact>, sqlx::Error> {
    sqlx::query_as!(
        Fact,
        r#"SELECT order_id AS "order_id: OrderId", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               refunded_paise AS "refunded: Money", status AS "status: IntentStatus"
           FROM intent ORDER BY id"#
    )
    .fetch_all(connection)
    .await
}

/// Sentences, one for each breach of a rule, at most a hundred of a kind.
pub async fn breaches(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH sums AS (
               SELECT i.id, i.order_id, i.status, i.amount_paise, i.captured_paise, i.cash_paise, i.refunding_paise, i.refunded_paise,
                   coalesce(a.paid, 0) AS paid, coalesce(a.kept, 0) AS kept, coalesce(a.held, 0) AS held,
                   coalesce(r.requested, 0) AS requested, coalesce(r.succeeded, 0) AS succeeded
               FROM intent i
               LEFT JOIN LATERAL (
                   SELECT sum(amount_paise) FILTER (WHERE status = 'succeeded') AS paid,
                       count(*) FILTER (WHERE status = 'succeeded' AND refund_held_paise < amount_paise) AS kept,
                       sum(refund_held_paise) AS held
                   FROM attempt WHERE intent_id = i.id) a ON true
               LEFT JOIN LATERAL (
                   SELECT sum(amount_paise) FILTER (WHERE state = 'requested') AS requested,
                       sum(amount_paise) FILTER (WHERE state = 'succeeded') AS succeeded
                   FROM refund WHERE intent_id = i.id) r ON true
           )
           (SELECT format('order %s: %s captured, but %s paid and %s in cash', order_id, captured_paise, paid, cash_paise) AS "breach!"
            FROM sums WHERE captured_paise <> paid + cash_paise LIMIT 100)
           UNION ALL
           (SELECT format('order %s: %s refunded and %s on the way, of %s', order_id, refunded_paise, refunding_paise, captured_paise)
            FROM sums WHERE refunded_paise + refunding_paise > captured_paise LIMIT 100)
           UNION ALL
           (SELECT format('order %s: the books say %s refunded and %s on the way, the refunds %s and %s',
                          order_id, refunded_paise, refunding_paise, succeeded, requested)
            FROM sums WHERE refunded_paise <> succeeded OR refunding_paise <> requested LIMIT 100)
           UNION ALL
           (SELECT format('order %s: paid, but %s payments are kept', order_id, kept)
            FROM sums WHERE status = 'paid' AND cash_paise = 0 AND amount_paise > 0
              AND (kept > 1 OR kept = 0 AND refunded_paise + refunding_paise < amount_paise) LIMIT 100)
           UNION ALL
           (SELECT format('order %s: cancelled, but %s is neither refunded nor on the way', order_id,
                          captured_paise - refunded_paise - refunding_paise)
            FROM sums WHERE status = 'cancelled' AND captured_paise > refunded_paise + refunding_paise LIMIT 100)"#
    )
    .fetch_all(connection)
    .await
}

/// Sentences about what should have ended before `long_ago`.
pub async fn stuck(connection: &mut PgConnection, long_ago: Timestamp) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"(SELECT format('attempt %s has been %s since %s', id, status, created_at) AS "stuck!"
            FROM attempt WHERE poll_at IS NOT NULL AND created_at < $1 LIMIT 100)
           UNION ALL
           (SELECT format('refund %s of %s has been on the way since %s, after %s tries', id, amount_paise, requested_at, tries)
            FROM refund WHERE state = 'requested' AND requested_at < $1 LIMIT 100)
           UNION ALL
           (SELECT format('refund %s of %s failed: %s', id, amount_paise, failure_reason)
            FROM refund r WHERE state = 'failed' AND decided_at < $1
              AND EXISTS (SELECT FROM intent i WHERE i.id = r.intent_id AND i.status = 'cancelled'
                          AND i.captured_paise > i.refunded_paise + i.refunding_paise) LIMIT 100)
           UNION ALL
           (SELECT format('webhook %s of %s is not applied: %s', event_id, provider, problem)
            FROM webhook WHERE applied_at IS NULL AND received_at < $1 LIMIT 100)"#,
        long_ago as Timestamp
    )
    .fetch_all(connection)
    .await
}
