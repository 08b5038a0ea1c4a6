use sqlx::PgConnection;
use types::{Timestamp, UserId};

use crate::domain::Hash;
use crate::keys::Sealed;

pub struct Totp {
    pub sealed: Sealed,
    pub confirmed: bool,
}

/// A secret that is not confirmed yet; replaces an earlier one that is not either. False if one is confirmed.
pub async fn enrol(connection: &mut PgConnection, account: UserId, sealed: &Sealed) -> Result<bool, sqlx::Error> {
    let enrolled = sqlx::query!(
        "INSERT INTO totp (account_id, sealed, sealed_by) VALUES ($1, $2, $3)
         ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, sealed_by = excluded.sealed_by, last_step = 0
         WHERE totp.confirmed_at IS NULL",
        account as UserId,
        sealed.bytes,
        sealed.by
    )
    .execute(connection)
    .await?;
    Ok(enrolled.rows_affected() == 1)
}

pub async fn find(connection: &mut PgConnection, account: UserId) -> Result<Option<Totp>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT sealed, sealed_by, confirmed_at IS NOT NULL AS "confirmed!" FROM totp WHERE account_id = $1"#,
        account as UserId
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Totp { sealed: Sealed { bytes: row.sealed, by: row.sealed_by }, confirmed: row.confirmed }))
}

/// Takes the code of a time step. False if it, or that of a later step, was taken before.
pub async fn take_step(connection: &mut PgConnection, account: UserId, step: i64) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "UPDATE totp SET last_step = $2 WHERE account_id = $1 AND last_step < $2",
        account as UserId,
        step
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

pub async fn confirm(connection: &mut PgConnection, account: UserId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE totp SET confirmed_at = $2 WHERE account_id = $1 AND confirmed_at IS NULL",
        account as UserId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// With its backup codes. False if there was none that was confirmed.
pub async fn remove(connection: &mut PgConnection, account: UserId) -> Result<bool, sqlx::Error> {
    let removed =
        sqlx::query!("DELETE FROM totp WHERE account_id = $1 AND confirmed_at IS NOT NULL", account as UserId)
            .execute(connection)
            .await?;
    Ok(removed.rows_affected() == 1)
}

/// In the place of all that were there.
pub async fn replace_backup_codes(
    connection: &mut PgConnection,
    account: UserId,
    codes: &[Hash],
) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM backup_code WHERE account_id = $1", account as UserId).execute(&mut *connection).await?;
    let hashes: Vec<Vec<u8>> = codes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    sqlx::query!(
        "INSERT INTO backup_code (account_id, code_hash) SELECT $1, unnest($2::bytea[])",
        account as UserId,
        &hashes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// False if there is no such code, or it was used.
pub async fn take_backup_code(
    connection: &mut PgConnection,
    account: UserId,
    code: Hash,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "UPDATE backup_code SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL",
        account as UserId,
        code.as_bytes(),
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

pub async fn backup_codes_left(connection: &mut PgConnection, account: UserId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "left!" FROM backup_code WHERE account_id = $1 AND used_at IS NULL"#,
        account as UserId
    )
    .fetch_one(connection)
    .await
}

/// Some that are sealed by this key; nobody else gets them until the transaction's end.
pub async fn sealed_by(
    connection: &mut PgConnection,
    key: &str,
    limit: i64,
) -> Result<Vec<(UserId, Sealed)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT account_id AS "account_id: UserId", sealed, sealed_by FROM totp WHERE sealed_by = $1
           LIMIT $2 FOR UPDATE SKIP LOCKED"#,
        key,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account_id, Sealed { bytes: row.sealed, by: row.sealed_by })).collect())
}

pub async fn reseal(connection: &mut PgConnection, account: UserId, sealed: &Sealed) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE totp SET sealed = $2, sealed_by = $3 WHERE account_id = $1",
        account as UserId,
        sealed.bytes,
        sealed.by
    )
    .execute(connection)
    .await?;
    Ok(())
}
