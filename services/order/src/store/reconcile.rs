//! What must always be true of the orders: for `haat reconcile`.

use std::time::Duration;

use contracts::order::{CancelReason, OrderStatus};
use contracts::payment::PaymentMethod;
use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::{Money, OrderId, Timestamp, UserId};

/// How long a worker may take before an order or a checkout counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a parcel may be on its way, before somebody must ask the carrier whether it is lost.
const LONGEST_WAY: Duration = Duration::from_secs(30 * 24 * 3600);

/// An order as the other services must see it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub status: OrderStatus,
    /// Of a cancelled order.
    pub cancel_reason: Option<CancelReason>,
    pub total: Money,
    pub coupon_code: Option<String>,
    pub payment_method: PaymentMethod,
    pub is_paid: bool,
    pub refunded: Money,
    /// Pieces over all lines.
    pub pieces: u32,
}

/// Every broken rule, as of `now`; empty if all is well.
pub async fn violations(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"SELECT rule AS "rule!", subject AS "subject!", detail AS "detail!" FROM (
             SELECT 'invoice-numbers-have-no-gap' AS rule, c.series || c.financial_year AS subject,
                    format('%s documents, the last number is %s', d.documents, c.last) AS detail
             FROM document_counter c
             CROSS JOIN LATERAL (
                 SELECT count(*) AS documents, coalesce(max(serial), 0) AS largest FROM (
                     SELECT serial FROM invoice i WHERE (i.series, i.financial_year) = (c.series, c.financial_year)
                     UNION ALL
                     SELECT serial FROM credit_note n WHERE (n.series, n.financial_year) = (c.series, c.financial_year)) s) d
             WHERE (d.documents, d.largest) <> (c.last, c.last)
           UNION ALL
             SELECT 'expired-orders-are-cancelled', id::text, format('pending, expired at %s', expires_at)
             FROM customer_order WHERE status = 'pending' AND paid_at IS NULL AND expires_at < $1
           UNION ALL
             SELECT 'paid-orders-are-confirmed', id::text, format('pending, paid at %s', paid_at)
             FROM customer_order WHERE status = 'pending' AND paid_at < $1
           UNION ALL
             SELECT 'shipped-orders-arrive', id::text, format('shipped at %s', shipped_at)
             FROM customer_order WHERE status = 'shipped' AND shipped_at < $2
           UNION ALL
             SELECT 'checkouts-end', order_id::text, format('%s, begun at %s', step, begun_at)
             FROM checkout WHERE step IN ('begun', 'placed', 'undoing') AND begun_at < $1
           UNION ALL
             SELECT 'lines-and-delivery-make-the-total', o.id::text,
                    format('%s paise, the lines and the delivery are %s', o.total_paise, l.total + d.total)
             FROM customer_order o
             CROSS JOIN LATERAL (SELECT coalesce(sum(total_paise), 0) AS total FROM order_line WHERE order_id = o.id) l
             CROSS JOIN LATERAL (SELECT o.shipping_charge_paise - o.shipping_discount_paise AS total) d
             WHERE o.total_paise <> l.total + d.total
           UNION ALL
             SELECT 'confirmed-orders-have-an-invoice', id::text, format('confirmed at %s', confirmed_at)
             FROM customer_order o
             WHERE confirmed_at IS NOT NULL AND NOT EXISTS (SELECT FROM invoice i WHERE i.order_id = o.id)
           UNION ALL
             SELECT 'invoices-are-of-the-orders-total', i.number, format('%s paise, the order is %s', i.total_paise, o.total_paise)
             FROM invoice i JOIN customer_order o ON o.id = i.order_id WHERE i.total_paise <> o.total_paise
           UNION ALL
             SELECT 'cancelled-invoices-are-credited', o.id::text, format('%s paise invoiced, %s credited', o.total_paise, n.total)
             FROM customer_order o
             CROSS JOIN LATERAL (SELECT coalesce(sum(total_paise), 0) AS total FROM credit_note WHERE order_id = o.id) n
             WHERE o.status = 'cancelled' AND o.confirmed_at IS NOT NULL AND n.total <> o.total_paise
           UNION ALL
             SELECT 'credit-notes-are-of-their-lines', n.number, format('%s paise, its lines are %s', n.total_paise, l.total)
             FROM credit_note n
             CROSS JOIN LATERAL (
                 SELECT coalesce(sum(total_paise), 0) AS total FROM credit_note_line WHERE credit_note_id = n.id) l
             WHERE n.total_paise <> l.total
         ) v ORDER BY rule, subject"#,
        now.minus(PATIENCE) as Timestamp,
        now.minus(LONGEST_WAY) as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Every order, the oldest first.
pub async fn facts(connection: &mut PgConnection) -> Result<Vec<OrderFacts>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "order_id: OrderId", customer_id AS "customer_id: UserId", status AS "status: OrderStatus",
                  cancel_reason AS "cancel_reason: CancelReason", total_paise AS "total: Money", coupon_code, payment_method AS "payment_method: PaymentMethod",
                  paid_at IS NOT NULL AS "is_paid!", refunded_paise AS "refunded: Money",
                  (SELECT coalesce(sum(quantity), 0)::integer FROM order_line l WHERE l.order_id = o.id) AS "pieces!"
           FROM customer_order o ORDER BY created_at, id"#
    )
    .fetch_all(connection)
    .await?;
    let facts = rows.into_iter().map(|row| OrderFacts {
        order_id: row.order_id,
        customer_id: row.customer_id,
        status: row.status,
        cancel_reason: row.cancel_reason,
        total: row.total,
        coupon_code: row.coupon_code,
        payment_method: row.payment_method,
        is_paid: row.is_paid,
        refunded: row.refunded,
        pieces: u32::try_from(row.pieces).unwrap_or(0),
    });
    Ok(facts.collect())
}
