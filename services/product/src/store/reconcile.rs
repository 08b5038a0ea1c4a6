//! What must be true of the stock at any moment, checked against what is: `haat reconcile`.

use sqlx::PgConnection;
use types::OrderId;

/// One sentence for each place where the books do not agree; none if all is well. To be run in one transaction
/// (`REPEATABLE READ`) on a system at work: each statement must see the same moment.
pub async fn violations(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
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
        SELECT format('%s at %s: %s reserved, but %s held for orders', s.variant_id, s.location_id, s.reserved, coalesce(h.quantity, 0)) AS "violation!"
        FROM stock s LEFT JOIN held h USING (variant_id, location_id)
        WHERE s.reserved <> coalesce(h.quantity, 0)
      UNION ALL
        SELECT format('%s at %s: %s on hand, but the ledger sums to %s', s.variant_id, s.location_id, s.on_hand, coalesce(b.pieces, 0))
        FROM stock s LEFT JOIN booked b USING (variant_id, location_id)
        WHERE s.on_hand <> coalesce(b.pieces, 0)
      UNION ALL
        SELECT format('%s at %s: %s on hand, %s reserved', variant_id, location_id, on_hand, reserved)
        FROM stock WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand
      UNION ALL
        SELECT format('order %s: has pieces though it is %s', r.order_id, o.state)
        FROM reservation r JOIN order_stock o USING (order_id)
        WHERE o.state NOT IN ('held', 'committed')
      UNION ALL
        SELECT format('order %s: held, but with no pieces', o.order_id)
        FROM order_stock o
        WHERE o.state = 'held' AND NOT EXISTS (SELECT FROM reservation r WHERE r.order_id = o.order_id)
      UNION ALL
        SELECT format('order %s: held until %s and not yet expired', order_id, expires_at)
        FROM order_stock WHERE state = 'held' AND expires_at < now() - interval '5 minutes'
      UNION ALL
        SELECT format('order %s: bought %s of %s at %s, but the ledger says %s', coalesce(b.order_id, s.order_id),
                      coalesce(b.quantity, 0), coalesce(b.variant_id, s.variant_id), coalesce(b.location_id, s.location_id),
                      coalesce(s.pieces, 0))
        FROM bought b FULL JOIN sold s USING (order_id, variant_id, location_id)
        WHERE coalesce(b.quantity, 0) <> coalesce(s.pieces, 0)
      UNION ALL
        SELECT format('product %s: shown as %s stock', p.id, CASE WHEN p.in_stock THEN 'in' ELSE 'out of' END)
        FROM product p
        WHERE p.in_stock <> EXISTS (
            SELECT FROM variant v JOIN stock s ON s.variant_id = v.id
            WHERE v.product_id = p.id AND v.active AND s.on_hand > s.reserved)
      UNION ALL
        SELECT format('product %s: %s ratings that sum to %s, but %s reviews that sum to %s', p.id, p.rating_count, p.rating_sum,
                      count(r.id), coalesce(sum(r.rating), 0))
        FROM product p LEFT JOIN review r ON r.product_id = p.id
        GROUP BY p.id
        HAVING p.rating_count <> count(r.id) OR p.rating_sum <> coalesce(sum(r.rating), 0)
        "#
    )
    .fetch_all(connection)
    .await
}

/// What an order has of the stock, to be held against the orders' books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockFact {
    pub order_id: OrderId,
    /// `held`, `committed`, `released` or `expired`.
    pub state: String,
}

pub async fn facts(connection: &mut PgConnection) -> sqlx::Result<Vec<StockFact>> {
    sqlx::query_as!(StockFact, r#"SELECT order_id AS "order_id: OrderId", state FROM order_stock ORDER BY order_id"#)
        .fetch_all(connection)
        .await
}
