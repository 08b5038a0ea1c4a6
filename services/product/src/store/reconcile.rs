//! What must be true of the stock at any moment, checked against what is: `haat reconcile`.

use std::time::Duration;

use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::{OrderId, Timestamp};

/// How long after its end a reservation may wait for the job that ends it.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Every broken rule, as of `now`; empty if all is well. To be run in one transaction (`REPEATABLE READ`) on a system at work:
/// each statement must see the same moment.
pub async fn violations(connection: &mut PgConnection, now: Timestamp) -> sqlx::Result<Vec<Violation>> {
    sqlx::query_as!(
        Violation,
        r#"
        WITH held AS (
            SELECT r.variant_id, r.location_id, sum(r.quantity) AS quantity
            FROM reservation r JOIN order_stock o USING (order_id)
            WHERE o.state = 'held'
            GROUP BY r.variant_id, r.location_id
        ), booked AS (
            SELECT variant_id, location_id, sum(change) AS pieces FROM stock_ledger GROUP BY variant_id, location_id
        ), sold AS (
            SELECT order_id, variant_id, location_id, sum(-change) AS pieces FROM stock_ledger
            WHERE reason IN ('sale', 'cancellation')
            GROUP BY order_id, variant_id, location_id
        ), bought AS (
            SELECT r.* FROM reservation r JOIN order_stock o USING (order_id) WHERE o.state = 'committed'
        )
        SELECT rule AS "rule!", subject AS "subject!", detail AS "detail!" FROM (
            SELECT 'reserved-pieces-are-held-for-orders' AS rule, format('%s at %s', s.variant_id, s.location_id) AS subject,
                   format('%s reserved, but %s held for orders', s.reserved, coalesce(h.quantity, 0)) AS detail
            FROM stock s LEFT JOIN held h USING (variant_id, location_id)
            WHERE s.reserved <> coalesce(h.quantity, 0)
          UNION ALL
            SELECT 'the-ledger-sums-to-the-stock', format('%s at %s', s.variant_id, s.location_id),
                   format('%s on hand, but the ledger sums to %s', s.on_hand, coalesce(b.pieces, 0))
            FROM stock s LEFT JOIN booked b USING (variant_id, location_id)
            WHERE s.on_hand <> coalesce(b.pieces, 0)
          UNION ALL
            SELECT 'reserved-pieces-are-on-hand', format('%s at %s', variant_id, location_id),
                   format('%s on hand, %s reserved', on_hand, reserved)
            FROM stock WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand
          UNION ALL
            SELECT 'closed-orders-hold-nothing', r.order_id::text, format('has pieces though it is %s', o.state)
            FROM reservation r JOIN order_stock o USING (order_id)
            WHERE o.state NOT IN ('held', 'committed')
          UNION ALL
            SELECT 'held-orders-hold-something', o.order_id::text, 'held, but with no pieces'
            FROM order_stock o
            WHERE o.state = 'held' AND NOT EXISTS (SELECT FROM reservation r WHERE r.order_id = o.order_id)
          UNION ALL
            SELECT 'reservations-expire', order_id::text, format('held until %s and not yet expired', expires_at)
            FROM order_stock WHERE state = 'held' AND expires_at < $1
          UNION ALL
            SELECT 'sold-pieces-are-in-the-ledger', coalesce(b.order_id, s.order_id)::text,
                   format('bought %s of %s at %s, but the ledger says %s', coalesce(b.quantity, 0),
                          coalesce(b.variant_id, s.variant_id), coalesce(b.location_id, s.location_id), coalesce(s.pieces, 0))
            FROM bought b FULL JOIN sold s USING (order_id, variant_id, location_id)
            WHERE coalesce(b.quantity, 0) <> coalesce(s.pieces, 0)
          UNION ALL
            SELECT 'lists-show-what-can-be-bought', p.id::text,
                   format('shown as %s stock', CASE WHEN p.in_stock THEN 'in' ELSE 'out of' END)
            FROM product p
            WHERE p.in_stock <> EXISTS (
                SELECT FROM variant v JOIN stock s ON s.variant_id = v.id
                WHERE v.product_id = p.id AND v.active AND s.on_hand > s.reserved)
          UNION ALL
            SELECT 'ratings-are-the-reviews', p.id::text,
                   format('%s ratings that sum to %s, but %s reviews that sum to %s', p.rating_count, p.rating_sum,
                          count(r.id), coalesce(sum(r.rating), 0))
            FROM product p LEFT JOIN review r ON r.product_id = p.id
            GROUP BY p.id
            HAVING p.rating_count <> count(r.id) OR p.rating_sum <> coalesce(sum(r.rating), 0)
        ) v ORDER BY rule, subject"#,
        now.minus(PATIENCE) as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// What an order has of the stock, to be held against the orders' books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockFact {
    pub order_id: OrderId,
    /// `held`, `short`, `committed`, `released` or `expired`.
    pub state: String,
    /// Pieces that it holds or has bought.
    pub pieces: i64,
}

pub async fn facts(connection: &mut PgConnection) -> sqlx::Result<Vec<StockFact>> {
    sqlx::query_as!(
        StockFact,
        r#"SELECT order_id AS "order_id: OrderId", state,
                  (SELECT coalesce(sum(quantity), 0) FROM reservation r WHERE r.order_id = o.order_id) AS "pieces!"
           FROM order_stock o ORDER BY order_id"#
    )
    .fetch_all(connection)
    .await
}
