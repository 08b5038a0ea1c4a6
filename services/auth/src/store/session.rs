use std::time::Duration;

use sqlx::PgConnection;
use types::{SessionId, Timestamp, UserId};

use crate::domain::session::Standing;
use crate::domain::{EndReason, RefreshToken};

pub struct NewSession<'a> {
    pub account_id: UserId,
    pub device: &'a str,
    pub token: &'a RefreshToken,
    pub expires_at: Timestamp,
}

pub struct Session {
    pub account_id: UserId,
    pub family_hash: Vec<u8>,
    pub token_hash: Vec<u8>,
    pub expires_at: Timestamp,
    pub ended: bool,
}

impl Session {
    pub fn standing(self) -> Standing {
        Standing {
            family_hash: self.family_hash,
            token_hash: self.token_hash,
            expires_at: self.expires_at,
            ended: self.ended,
        }
    }
}

/// A live session as its owner sees it.
pub struct Listed {
    pub id: SessionId,
    pub device: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

pub async fn insert(connection: &mut PgConnection, new: &NewSession<'_>, now: Timestamp) -> Result<(), sqlx::Error> {
    let (family, token) = (new.token.family_hash(), new.token.hash());
    sqlx::query!(
        "INSERT INTO session (id, account_id, device, family_hash, token_hash, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        new.token.session as SessionId,
        new.account_id as UserId,
        new.device,
        family.as_bytes(),
        token.as_bytes(),
        now as Timestamp,
        new.expires_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Is the owner to be told of a log-in from `device`? If the account was logged in to before, from devices of other names only, and
/// none of them but the first of all came up after `since`: whoever names a device anew at each log-in has it told once.
pub async fn is_new_device(
    connection: &mut PgConnection,
    account: UserId,
    device: &str,
    since: Timestamp,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH device AS (
               SELECT device AS name, min(created_at) AS came_up FROM session WHERE account_id = $1 GROUP BY device
           )
           SELECT count(*) > 0 AND count(*) FILTER (WHERE name = $2) = 0
                  AND count(*) FILTER (WHERE came_up > $3 AND came_up > (SELECT min(came_up) FROM device)) = 0 AS "new!"
           FROM device"#,
        account as UserId,
        device,
        since as Timestamp
    )
    .fetch_one(connection)
    .await
}

/// Nobody else can refresh or end it until the transaction's end.
pub async fn hold(connection: &mut PgConnection, id: SessionId) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        r#"SELECT account_id AS "account_id: UserId", family_hash, token_hash, expires_at,
                  ended_at IS NOT NULL AS "ended!"
           FROM session WHERE id = $1 FOR UPDATE"#,
        id as SessionId
    )
    .fetch_optional(connection)
    .await
}

/// When a live session began; `None` if it has ended or is another account's.
pub async fn began(
    connection: &mut PgConnection,
    id: SessionId,
    account: UserId,
    now: Timestamp,
) -> Result<Option<Timestamp>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT created_at FROM session WHERE id = $1 AND account_id = $2 AND ended_at IS NULL AND expires_at > $3",
        id as SessionId,
        account as UserId,
        now as Timestamp
    )
    .fetch_optional(connection)
    .await
}

/// From now on only `token` is good.
pub async fn rotate(
    connection: &mut PgConnection,
    token: &RefreshToken,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    let hash = token.hash();
    sqlx::query!(
        "UPDATE session SET token_hash = $2, last_used_at = $3, expires_at = $4 WHERE id = $1",
        token.session as SessionId,
        hash.as_bytes(),
        now as Timestamp,
        expires_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The live ones, newest use first.
pub async fn live(connection: &mut PgConnection, account: UserId, now: Timestamp) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT id AS "id: SessionId", device, created_at, last_used_at, expires_at
           FROM session WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY last_used_at DESC"#,
        account as UserId,
        now as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Ends one. False if there is none of this id, of this account.
pub async fn end(
    connection: &mut PgConnection,
    id: SessionId,
    account: UserId,
    reason: EndReason,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        "UPDATE session SET ended_at = coalesce(ended_at, $4), end_reason = coalesce(end_reason, $3)
         WHERE id = $1 AND account_id = $2",
        id as SessionId,
        account as UserId,
        reason as EndReason,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends all but `kept`. Returns which.
pub async fn end_all(
    connection: &mut PgConnection,
    account: UserId,
    kept: Option<SessionId>,
    reason: EndReason,
    now: Timestamp,
) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE session SET ended_at = $4, end_reason = $3
           WHERE account_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2 RETURNING id AS "id: SessionId""#,
        account as UserId,
        kept as Option<SessionId>,
        reason as EndReason,
        now as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Ends the live ones beyond `most`, those first that were used longest ago. Returns which.
pub async fn end_surplus(
    connection: &mut PgConnection,
    account: UserId,
    most: i64,
    now: Timestamp,
) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE session SET ended_at = $3, end_reason = $4
           WHERE id IN (SELECT id FROM session WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $3
                        ORDER BY last_used_at DESC OFFSET $2)
           RETURNING id AS "id: SessionId""#,
        account as UserId,
        most,
        now as Timestamp,
        EndReason::TooMany as EndReason
    )
    .fetch_all(connection)
    .await
}

/// Those that could have a good access token.
pub async fn live_ids(
    connection: &mut PgConnection,
    account: UserId,
    now: Timestamp,
) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: SessionId" FROM session WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2"#,
        account as UserId,
        now as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Those whose access tokens may not have expired.
pub async fn ended_since(connection: &mut PgConnection, since: Timestamp) -> Result<Vec<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT id AS "id: SessionId" FROM session WHERE ended_at >= $1"#, since as Timestamp)
        .fetch_all(connection)
        .await
}

/// Drops those that are over for a month: until then they tell a known device from a new one. Returns how many.
pub async fn sweep(connection: &mut PgConnection, now: Timestamp) -> Result<u64, sqlx::Error> {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    let swept = sqlx::query!(
        "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < $1 LIMIT 5000)",
        now.minus(MONTH) as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
