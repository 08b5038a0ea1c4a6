//! What customers think of a product.

use contracts::product::{NewReview, Review};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use types::{ProductId, ReviewId, Timestamp, UserId};

use super::count;

/// Where a review stands in the list, the latest first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Place(pub Timestamp, pub ReviewId);

pub async fn list(
    connection: &mut PgConnection,
    product: ProductId,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Review>> {
    let (at, id) = after.map(|place| (place.0, place.1)).unzip();
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ReviewId", rating, title, body, created_at
           FROM review
           WHERE product_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
           ORDER BY created_at DESC, id DESC
           LIMIT $4"#,
        product as ProductId,
        at as Option<Timestamp>,
        id as Option<ReviewId>,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let review = rows.into_iter().map(|row| Review {
        id: row.id,
        rating: u8::try_from(row.rating).unwrap_or(0),
        title: row.title,
        text: row.body,
        created_at: row.created_at,
    });
    Ok(review.collect())
}

/// Adds a review and counts it in the product's average. False if there is no such product on sale.
///
/// # Errors
/// `review_by_customer_key` is violated: the customer has reviewed it before.
pub async fn insert(
    connection: &mut PgConnection,
    id: ReviewId,
    product: ProductId,
    customer: UserId,
    new: &NewReview,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let counted = sqlx::query!(
        "WITH counted AS (
             UPDATE product SET rating_sum = rating_sum + $4::smallint, rating_count = rating_count + 1, changed = DEFAULT
             WHERE id = $2 AND status = 'active'
             RETURNING id
         )
         INSERT INTO review (id, product_id, customer_id, rating, title, body, created_at)
         SELECT $1, id, $3, $4::smallint, $5, $6, $7 FROM counted",
        id as ReviewId,
        product as ProductId,
        customer as UserId,
        i16::from(new.rating),
        new.title.trim(),
        new.text.trim(),
        now as Timestamp,
    )
    .execute(connection)
    .await?;
    Ok(count(counted.rows_affected()) == 1)
}

/// Forgets who wrote the customer's reviews, which stay and count.
pub async fn forget_customer(connection: &mut PgConnection, customer: UserId) -> sqlx::Result<()> {
    sqlx::query!("UPDATE review SET customer_id = NULL WHERE customer_id = $1", customer as UserId)
        .execute(connection)
        .await?;
    Ok(())
}
