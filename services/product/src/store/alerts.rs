//! Who wants to know when a variant can be bought again.

use sqlx::PgConnection;
use types::{ProductId, Timestamp, UserId, VariantId};

/// False if the product has no such variant. Asking twice is asking once.
pub async fn subscribe(
    connection: &mut PgConnection,
    product: ProductId,
    variant: VariantId,
    customer: UserId,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let there = sqlx::query_scalar!(
        r#"WITH wanted AS (
               SELECT id FROM variant WHERE id = $2 AND product_id = $1
           ), asked AS (
               INSERT INTO stock_alert (variant_id, customer_id, created_at) SELECT id, $3, $4 FROM wanted
               ON CONFLICT DO NOTHING
           )
           SELECT EXISTS (SELECT FROM wanted) AS "there!""#,
        product as ProductId,
        variant as VariantId,
        customer as UserId,
        now as Timestamp,
    )
    .fetch_one(connection)
    .await?;
    Ok(there)
}

/// Takes all who asked for one of the variants off the list: they are told once.
pub async fn take(connection: &mut PgConnection, variants: &[VariantId]) -> sqlx::Result<Vec<(VariantId, UserId)>> {
    let rows = sqlx::query!(
        r#"DELETE FROM stock_alert WHERE variant_id = ANY ($1)
           RETURNING variant_id AS "variant_id: VariantId", customer_id AS "customer_id: UserId""#,
        variants as &[VariantId],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.variant_id, row.customer_id)).collect())
}

/// Takes a customer off all lists.
pub async fn forget_customer(connection: &mut PgConnection, customer: UserId) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM stock_alert WHERE customer_id = $1", customer as UserId).execute(connection).await?;
    Ok(())
}
