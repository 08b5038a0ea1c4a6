//! Carts that nobody comes back to.

use contracts::cart::{CartAbandoned, CartLine};
use sqlx::PgConnection;
use types::{CartId, Timestamp, UserId, VariantId};

/// Customers' carts that were not touched since `before`, each with its version. They count as told, also those with nothing in
/// them, so that they are not looked at again.
pub async fn abandoned(
    connection: &mut PgConnection,
    before: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(i64, CartAbandoned)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"WITH left_alone AS (
             SELECT id FROM cart WHERE customer_id IS NOT NULL AND abandoned_at IS NULL AND touched_at < $1
             ORDER BY touched_at LIMIT $3 FOR UPDATE SKIP LOCKED
           ), told AS (
             UPDATE cart SET abandoned_at = $2 FROM left_alone WHERE cart.id = left_alone.id
             RETURNING cart.id, cart.version, cart.customer_id
           )
           SELECT t.id AS "id!: CartId", t.version AS "version!", t.customer_id AS "customer_id!: UserId",
                  coalesce(array_agg(l.variant_id ORDER BY l.added_at, l.variant_id) FILTER (WHERE l.cart_id IS NOT NULL), '{}') AS "variants!: Vec<VariantId>",
                  coalesce(array_agg(l.quantity ORDER BY l.added_at, l.variant_id) FILTER (WHERE l.cart_id IS NOT NULL), '{}') AS "quantities!"
           FROM told t LEFT JOIN cart_line l ON l.cart_id = t.id AND NOT l.saved_for_later
           GROUP BY t.id, t.version, t.customer_id"#,
        before as Timestamp,
        now as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await?;
    let carts = rows.into_iter().map(|row| {
        let lines = row.variants.into_iter().zip(row.quantities);
        let lines = lines.filter_map(|(variant_id, quantity)| {
            Some(CartLine { variant_id, quantity: u32::try_from(quantity).ok()? })
        });
        (row.version, CartAbandoned { cart_id: row.id, customer_id: row.customer_id, lines: lines.collect() })
    });
    Ok(carts.collect())
}

/// Forgets guests' carts and orders' conversions from before. Returns how many, at most `limit` of each.
pub async fn forget(connection: &mut PgConnection, before: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    let carts = sqlx::query!(
        "DELETE FROM cart WHERE id IN
             (SELECT id FROM cart WHERE customer_id IS NULL AND touched_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before as Timestamp,
        limit
    )
    .execute(&mut *connection)
    .await?;
    let orders = sqlx::query!(
        "DELETE FROM converted_order WHERE order_id IN
             (SELECT order_id FROM converted_order WHERE converted_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before as Timestamp,
        limit
    )
    .execute(connection)
    .await?;
    Ok(carts.rows_affected() + orders.rows_affected())
}
