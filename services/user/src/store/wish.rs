use contracts::user::Wish;
use sqlx::PgConnection;
use types::{ProductId, Timestamp, UserId, VariantId};

/// Up to `limit` wishes, the newest first, that come after a place in that order.
pub async fn page(
    connection: &mut PgConnection,
    user: UserId,
    after: Option<(Timestamp, ProductId)>,
    limit: i64,
) -> Result<Vec<Wish>, sqlx::Error> {
    let (time, product) = after.unzip();
    sqlx::query_as!(
        Wish,
        r#"SELECT product_id AS "product_id: ProductId", variant_id AS "variant_id: VariantId", added_at
           FROM wish
           WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (added_at, product_id) < ($2, $3::uuid))
           ORDER BY added_at DESC, product_id DESC LIMIT $4"#,
        user as UserId,
        time as Option<Timestamp>,
        product as Option<ProductId>,
        limit
    )
    .fetch_all(connection)
    .await
}

pub async fn count(connection: &mut PgConnection, user: UserId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM wish WHERE user_id = $1"#, user as UserId)
        .fetch_one(connection)
        .await
}

/// A product that is there already keeps its place.
pub async fn put(connection: &mut PgConnection, user: UserId, wish: &Wish) -> Result<Wish, sqlx::Error> {
    sqlx::query_as!(
        Wish,
        r#"INSERT INTO wish (user_id, product_id, variant_id, added_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (user_id, product_id) DO UPDATE SET variant_id = excluded.variant_id
           RETURNING product_id AS "product_id: ProductId", variant_id AS "variant_id: VariantId", added_at"#,
        user as UserId,
        wish.product_id as ProductId,
        wish.variant_id as Option<VariantId>,
        wish.added_at as Timestamp
    )
    .fetch_one(connection)
    .await
}

pub async fn delete(connection: &mut PgConnection, user: UserId, product: ProductId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM wish WHERE user_id = $1 AND product_id = $2", user as UserId, product as ProductId)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn delete_all(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM wish WHERE user_id = $1", user as UserId).execute(connection).await?;
    Ok(())
}
