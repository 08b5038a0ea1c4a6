//! What must always be true of the coupons' counts: for `haat reconcile`.

use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::OrderId;

/// Every broken rule; empty if all is well.
pub async fn violations(connection: &mut PgConnection) -> Result<Vec<Violation>, sqlx::Error> {
    sqlx::query_as!(
        Violation,
        r#"SELECT rule AS "rule!", subject AS "subject!", detail AS "detail!" FROM (
             SELECT 'coupon-uses-are-counted' AS rule, c.code AS subject,
                    format('counted %s, held or redeemed by %s orders', c.used, u.orders) AS detail
             FROM coupon c
             CROSS JOIN LATERAL (SELECT count(*) AS orders FROM coupon_use
                                 WHERE coupon_id = c.id AND state IN ('held', 'redeemed')) u
             WHERE c.used <> u.orders
           UNION ALL
             SELECT 'coupons-stay-within-their-limit', code, format('used %s times of %s', used, total_limit)
             FROM coupon WHERE used > total_limit
           UNION ALL
             SELECT 'customers-uses-are-counted', c.code,
                    format('customer %s: counted %s, held or redeemed by %s orders', coalesce(n.customer_id, u.customer_id),
                           coalesce(n.used, 0), coalesce(u.orders, 0))
             FROM coupon_customer n
             FULL JOIN (SELECT coupon_id, customer_id, count(*) AS orders FROM coupon_use
                        WHERE state IN ('held', 'redeemed') AND customer_id IS NOT NULL GROUP BY coupon_id, customer_id) u
                  ON (u.coupon_id, u.customer_id) = (n.coupon_id, n.customer_id)
             JOIN coupon c ON c.id = coalesce(n.coupon_id, u.coupon_id)
             WHERE coalesce(n.used, 0) <> coalesce(u.orders, 0)
           UNION ALL
             SELECT 'customers-stay-within-their-limit', c.code, format('customer %s: %s times of %s', n.customer_id, n.used, n.allowed)
             FROM coupon_customer n JOIN coupon c ON c.id = n.coupon_id WHERE n.used > n.allowed
         ) v ORDER BY rule, subject"#
    )
    .fetch_all(connection)
    .await
}

/// What an order has of a coupon, to be held against the orders' books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponFact {
    pub order_id: OrderId,
    pub code: String,
    /// `held`, `redeemed`, `released` or `refused`.
    pub state: String,
}

pub async fn facts(connection: &mut PgConnection) -> Result<Vec<CouponFact>, sqlx::Error> {
    sqlx::query_as!(
        CouponFact,
        r#"SELECT u.order_id AS "order_id: OrderId", c.code, u.state
           FROM coupon_use u JOIN coupon c ON c.id = u.coupon_id ORDER BY u.order_id"#
    )
    .fetch_all(connection)
    .await
}
