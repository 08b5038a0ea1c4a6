//! Cards that customers let us use again, as the provider's tokens.

use contracts::payment::{PaymentMethod, SavedMethod};
use sqlx::PgConnection;
use types::{AttemptId, Timestamp, UserId};
use uuid::Uuid;

/// Keeps the token of a card that has just paid, if the customer asked for that.
pub async fn keep(
    connection: &mut PgConnection,
    attempt: AttemptId,
    customer: UserId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO saved_method (id, customer_id, provider, token, created_at)
         SELECT $1, $2, provider, token_to_save, $4 FROM attempt WHERE id = $3 AND token_to_save IS NOT NULL
         ON CONFLICT DO NOTHING",
        Uuid::now_v7(),
        customer as UserId,
        attempt as AttemptId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn of_customer(connection: &mut PgConnection, customer: UserId) -> Result<Vec<SavedMethod>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, token, created_at FROM saved_method WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 50",
        customer as UserId
    )
    .fetch_all(connection)
    .await?;
    let saved =
        |id, token, created_at| SavedMethod { saved_method_id: id, method: PaymentMethod::Card, token, created_at };
    Ok(rows.into_iter().map(|row| saved(row.id, row.token, row.created_at)).collect())
}

/// False if the customer has no such method.
pub async fn forget(connection: &mut PgConnection, customer: UserId, id: Uuid) -> Result<bool, sqlx::Error> {
    let forgotten = sqlx::query!("DELETE FROM saved_method WHERE customer_id = $1 AND id = $2", customer as UserId, id)
        .execute(connection)
        .await?;
    Ok(forgotten.rows_affected() == 1)
}

/// Everything that is kept for a customer's convenience. What the books need stays (Income-tax Act, section 44AA).
pub async fn forget_all(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH methods AS (DELETE FROM saved_method WHERE customer_id = $1)
         UPDATE attempt SET token_to_save = NULL FROM intent
         WHERE intent.id = attempt.intent_id AND intent.customer_id = $1 AND attempt.token_to_save IS NOT NULL",
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}
