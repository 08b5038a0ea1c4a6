//! What becomes of carts by what happens elsewhere.

use contracts::order::OrderedLine;
use sqlx::PgConnection;
use types::{CartId, OrderId, Timestamp, UserId, VariantId};

use super::integer;

/// False if the order's goods have been taken out of their cart before.
pub async fn remember_converted(
    connection: &mut PgConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO converted_order (order_id, converted_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        order as OrderId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Takes out of the customer's cart what was bought, and the coupon that was used for it; what was added later stays. The
/// cart's version afterwards; `None` if the customer has no such cart.
pub async fn take_out(
    connection: &mut PgConnection,
    cart: CartId,
    customer: UserId,
    bought: &[OrderedLine],
    coupon: Option<&str>,
) -> Result<Option<i64>, sqlx::Error> {
    let taken = sqlx::query!(
        "UPDATE cart SET version = version + 1,
                         coupon_code = CASE WHEN upper(coupon_code) = upper($3) THEN NULL ELSE coupon_code END,
                         coupon_applied = coupon_applied AND upper(coupon_code) IS DISTINCT FROM upper($3)
         WHERE id = $1 AND customer_id = $2 RETURNING version",
        cart as CartId,
        customer as UserId,
        coupon
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(taken) = taken else { return Ok(None) };
    let variants: Vec<VariantId> = bought.iter().map(|line| line.variant_id).collect();
    let quantities: Vec<i32> = bought.iter().map(|line| integer(line.quantity)).collect();
    sqlx::query!(
        "WITH bought AS (
             SELECT variant_id, sum(quantity) AS quantity FROM unnest($2::uuid[], $3::integer[]) AS b (variant_id, quantity)
             GROUP BY variant_id
         ), used_up AS (
             DELETE FROM cart_line l USING bought b
             WHERE l.cart_id = $1 AND l.variant_id = b.variant_id AND NOT l.saved_for_later AND l.quantity <= b.quantity
         )
         UPDATE cart_line l SET quantity = l.quantity - b.quantity FROM bought b
         WHERE l.cart_id = $1 AND l.variant_id = b.variant_id AND NOT l.saved_for_later AND l.quantity > b.quantity",
        cart as CartId,
        &variants as &[VariantId],
        &quantities
    )
    .execute(connection)
    .await?;
    Ok(Some(taken.version))
}

pub async fn delete_of_customer(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM cart WHERE customer_id = $1", customer as UserId).execute(connection).await?;
    Ok(())
}
