use std::time::Duration;

use contracts::auth::{CodeChannel, CodePurpose};
use sqlx::PgConnection;
use types::{CodeReference, Timestamp, UserId};

use crate::domain::code::Standing;

pub struct NewCode<'a> {
    pub reference: CodeReference,
    /// `None` if the destination is nobody's: see the table.
    pub account_id: Option<UserId>,
    pub purpose: CodePurpose,
    pub channel: CodeChannel,
    pub destination: &'a str,
}

pub struct Code {
    pub reference: CodeReference,
    pub account_id: Option<UserId>,
    pub purpose: CodePurpose,
    pub channel: CodeChannel,
    pub destination: String,
    pub attempts: i16,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl Code {
    pub fn standing(&self) -> Standing {
        Standing { attempts: self.attempts, expires_at: self.expires_at, used_at: self.used_at }
    }
}

macro_rules! select_code {
    ($rest:literal, $($argument:tt)*) => {
        sqlx::query_as!(
            Code,
            r#"SELECT reference AS "reference: CodeReference", account_id AS "account_id: UserId",
                      purpose AS "purpose: CodePurpose", channel AS "channel: CodeChannel", destination, attempts,
                      expires_at, used_at
               FROM code WHERE "# + $rest,
            $($argument)*
        )
    };
}

/// How many codes of a purpose went to `destination` in the last hour and the last day; of those by e-mail only what was not used up,
/// since only the mailbox's owner can have done that. Holds the destination until the
/// transaction's end, so that requests at once are counted one after another.
pub async fn recent(
    connection: &mut PgConnection,
    purpose: CodePurpose,
    destination: &str,
    now: Timestamp,
) -> Result<(i64, i64), sqlx::Error> {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", destination)
        .execute(&mut *connection)
        .await?;
    let counts = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE created_at > $3) AS "in_hour!", count(*) AS "in_day!"
           FROM code WHERE destination = $1 AND purpose = $2 AND created_at > $4 AND (used_at IS NULL OR channel = 'sms')"#,
        destination,
        purpose as CodePurpose,
        now.minus(HOUR) as Timestamp,
        now.minus(HOUR * 24) as Timestamp
    )
    .fetch_one(connection)
    .await?;
    Ok((counts.in_hour, counts.in_day))
}

pub async fn insert(
    connection: &mut PgConnection,
    new: &NewCode<'_>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO code (reference, account_id, purpose, channel, destination, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.reference as CodeReference,
        new.account_id as Option<UserId>,
        new.purpose as CodePurpose,
        new.channel as CodeChannel,
        new.destination,
        now as Timestamp,
        expires_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find(connection: &mut PgConnection, reference: CodeReference) -> Result<Option<Code>, sqlx::Error> {
    select_code!("reference = $1", reference as CodeReference).fetch_optional(connection).await
}

/// As [`find`]; nobody else can try the code until the transaction's end.
pub async fn hold(connection: &mut PgConnection, reference: CodeReference) -> Result<Option<Code>, sqlx::Error> {
    select_code!("reference = $1 FOR UPDATE", reference as CodeReference).fetch_optional(connection).await
}

/// The codes of a purpose to a destination that may be good.
pub async fn live(
    connection: &mut PgConnection,
    purpose: CodePurpose,
    destination: &str,
    now: Timestamp,
) -> Result<Vec<Code>, sqlx::Error> {
    select_code!(
        "destination = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3",
        destination,
        purpose as CodePurpose,
        now as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// One of the codes of a purpose to a destination was used: none is good any more. Returns which were.
pub async fn use_up(
    connection: &mut PgConnection,
    purpose: CodePurpose,
    destination: &str,
    now: Timestamp,
) -> Result<Vec<CodeReference>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE code SET used_at = $3 WHERE destination = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
           RETURNING reference AS "reference: CodeReference""#,
        destination,
        purpose as CodePurpose,
        now as Timestamp
    )
    .fetch_all(connection)
    .await
}

/// Somebody has tried it, with or without success.
pub async fn tried(
    connection: &mut PgConnection,
    reference: CodeReference,
    used_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE code SET attempts = attempts + 1, used_at = $2 WHERE reference = $1",
        reference as CodeReference,
        used_at as Option<Timestamp>
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Drops those that no longer count for how many may be sent. Returns how many.
pub async fn sweep(connection: &mut PgConnection, now: Timestamp) -> Result<u64, sqlx::Error> {
    const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 60 * 60);
    let swept = sqlx::query!(
        "DELETE FROM code WHERE reference IN (SELECT reference FROM code WHERE expires_at < $1 LIMIT 5000)",
        now.minus(TWO_DAYS) as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
