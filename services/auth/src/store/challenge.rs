use sqlx::PgConnection;
use types::{Timestamp, UserId};

use crate::domain::Hash;

/// A log-in that waits for its second factor.
pub struct Challenge {
    pub account_id: UserId,
    pub device: String,
}

pub async fn insert(
    connection: &mut PgConnection,
    token: Hash,
    challenge: &Challenge,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO challenge (token_hash, account_id, device, expires_at) VALUES ($1, $2, $3, $4)",
        token.as_bytes(),
        challenge.account_id as UserId,
        challenge.device,
        expires_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find(
    connection: &mut PgConnection,
    token: Hash,
    now: Timestamp,
) -> Result<Option<Challenge>, sqlx::Error> {
    sqlx::query_as!(
        Challenge,
        r#"SELECT account_id AS "account_id: UserId", device FROM challenge WHERE token_hash = $1 AND expires_at > $2"#,
        token.as_bytes(),
        now as Timestamp
    )
    .fetch_optional(connection)
    .await
}

/// It has been met. False if it was before.
pub async fn delete(connection: &mut PgConnection, token: Hash) -> Result<bool, sqlx::Error> {
    let deleted =
        sqlx::query!("DELETE FROM challenge WHERE token_hash = $1", token.as_bytes()).execute(connection).await?;
    Ok(deleted.rows_affected() == 1)
}

pub async fn delete_all(connection: &mut PgConnection, account: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM challenge WHERE account_id = $1", account as UserId).execute(connection).await?;
    Ok(())
}

/// Drops the expired. Returns how many.
pub async fn sweep(connection: &mut PgConnection, now: Timestamp) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query!(
        "DELETE FROM challenge WHERE token_hash IN (SELECT token_hash FROM challenge WHERE expires_at < $1 LIMIT 5000)",
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
