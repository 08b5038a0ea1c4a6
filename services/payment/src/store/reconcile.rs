//! What the books say of themselves.

use contracts::payment::{IntentStatus, RefundState};
use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::{Money, OrderId, ReturnId, Timestamp};

use crate::domain::refunded_of_order;

/// The payment of an order in short, to be held against the order's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub order_id: OrderId,
    pub amount: Money,
    pub captured: Money,
    pub refunded: Money,
    pub status: IntentStatus,
}

impl Fact {
    /// What the order knows to have gone back.
    pub fn refunded_of_order(&self) -> Money {
        refunded_of_order(self.amount, self.captured, self.refunded)
    }
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

/// A refund of a return, to be held against the return's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFact {
    pub return_id: ReturnId,
    pub order_id: OrderId,
    pub amount: Money,
    pub state: RefundState,
}

/// Of a return whose refund was tried again, the last is the one that counts.
pub async fn refund_facts(connection: &mut PgConnection) -> Result<Vec<RefundFact>, sqlx::Error> {
    sqlx::query_as!(
        RefundFact,
        r#"SELECT r.return_id AS "return_id!: ReturnId", i.order_id AS "order_id: OrderId", r.amount_paise AS "amount: Money",
               r.state AS "state: RefundState"
           FROM refund r JOIN intent i ON i.id = r.intent_id WHERE r.return_id IS NOT NULL
           ORDER BY r.state <> 'failed', r.id"#
    )
    .fetch_all(connection)
    .await
}

/// Sums that do not agree, at most a hundred of a kind.
pub async fn sums(connection: &mut PgConnection) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"WITH sums AS (
               SELECT i.id, i.order_id, i.status, i.amount_paise, i.captured_paise, i.cash_paise, i.refunding_paise, i.refunded_paise,
                   coalesce(a.paid, 0) AS paid, coalesce(a.kept, 0) AS kept,
                   coalesce(r.requested, 0) AS requested, coalesce(r.succeeded, 0) AS succeeded
               FROM intent i
               LEFT JOIN LATERAL (
                   SELECT sum(amount_paise) FILTER (WHERE status = 'succeeded') AS paid,
                       count(*) FILTER (WHERE status = 'succeeded' AND refund_held_paise < amount_paise) AS kept
                   FROM attempt WHERE intent_id = i.id) a ON true
               LEFT JOIN LATERAL (
                   SELECT sum(amount_paise) FILTER (WHERE state = 'requested') AS requested,
                       sum(amount_paise) FILTER (WHERE state = 'succeeded') AS succeeded
                   FROM refund WHERE intent_id = i.id) r ON true
           )
           (SELECT 'attempts-and-cash-make-what-was-captured' AS "rule!", 'order ' || order_id AS "subject!",
                   format('%s captured, but %s paid and %s in cash', captured_paise, paid, cash_paise) AS "detail!"
            FROM sums WHERE captured_paise <> paid + cash_paise LIMIT 100)
           UNION ALL
           (SELECT 'refunds-within-captured', 'order ' || order_id,
                   format('%s refunded and %s on the way, of %s', refunded_paise, refunding_paise, captured_paise)
            FROM sums WHERE refunded_paise + refunding_paise > captured_paise LIMIT 100)
           UNION ALL
           (SELECT 'refunds-make-what-was-refunded', 'order ' || order_id,
                   format('the books say %s refunded and %s on the way, the refunds %s and %s',
                          refunded_paise, refunding_paise, succeeded, requested)
            FROM sums WHERE refunded_paise <> succeeded OR refunding_paise <> requested LIMIT 100)
           UNION ALL
           (SELECT 'attempts-hold-their-refunds', 'attempt ' || a.id, format('%s held, its refunds are %s', a.refund_held_paise, r.total)
            FROM attempt a
            CROSS JOIN LATERAL (SELECT coalesce(sum(amount_paise), 0) AS total FROM refund
                                WHERE attempt_id = a.id AND state IN ('requested', 'succeeded')) r
            WHERE a.refund_held_paise <> r.total LIMIT 100)
           UNION ALL
           (SELECT 'paid-orders-keep-one-payment', 'order ' || order_id, format('paid, but %s payments are kept', kept)
            FROM sums WHERE status = 'paid' AND cash_paise = 0 AND amount_paise > 0
              AND (kept > 1 OR kept = 0 AND refunded_paise + refunding_paise < amount_paise) LIMIT 100)
           UNION ALL
           (SELECT 'cancelled-orders-keep-no-money', 'order ' || order_id,
                   format('%s is neither refunded nor on the way', captured_paise - refunded_paise - refunding_paise)
            FROM sums WHERE status = 'cancelled' AND captured_paise > refunded_paise + refunding_paise LIMIT 100)"#
    )
    .fetch_all(connection)
    .await
}

/// What should have ended before `long_ago`.
pub async fn stuck(connection: &mut PgConnection, long_ago: Timestamp) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"(SELECT 'attempts-are-decided' AS "rule!", id::text AS "subject!",
                   format('%s since %s', status, created_at) AS "detail!"
            FROM attempt WHERE poll_at IS NOT NULL AND status <> 'failed' AND created_at < $1 LIMIT 100)
           UNION ALL
           (SELECT 'refunds-end', id::text,
                   format('%s paise on the way since %s, after %s tries', amount_paise, requested_at, tries)
            FROM refund WHERE state = 'requested' AND requested_at < $1 LIMIT 100)
           UNION ALL
           (SELECT 'failed-refunds-are-made-good', id::text, format('%s paise: %s', amount_paise, failure_reason)
            FROM refund r WHERE state = 'failed' AND decided_at < $1
              AND NOT EXISTS (SELECT FROM refund o WHERE o.cause = r.cause AND o.state <> 'failed')
              AND EXISTS (SELECT FROM intent i WHERE i.id = r.intent_id
                          AND (i.status = 'cancelled' AND i.captured_paise > i.refunded_paise + i.refunding_paise
                               OR r.return_id IS NOT NULL
                                  AND i.captured_paise - i.refunded_paise - i.refunding_paise >= r.amount_paise)) LIMIT 100)
           UNION ALL
           (SELECT 'webhooks-are-applied', provider || ' ' || event_id, coalesce(problem, 'not tried yet')
            FROM webhook WHERE applied_at IS NULL AND received_at < $1 LIMIT 100)"#,
        long_ago as Timestamp
    )
    .fetch_all(connection)
    .await
}
