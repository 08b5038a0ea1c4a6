use sqlx::PgConnection;
use types::Timestamp;

use crate::domain::Lock;
use crate::domain::attempt::{Attempts, MEMORY};

/// Counts one more attempt at `subject`, before it is made; one at a time for each subject. The inner result says whether it
/// may be made.
pub async fn count(
    connection: &mut PgConnection,
    subject: &str,
    now: Timestamp,
) -> Result<Result<Attempts, Lock>, sqlx::Error> {
    // Whoever comes second waits here for the first one's transaction.
    let inserted = sqlx::query!(
        "INSERT INTO attempt (subject, count, last_at) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING",
        subject,
        now as Timestamp
    )
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Attempts::default().one_more(now));
    }
    let before = sqlx::query_as!(
        Attempts,
        r#"SELECT count, last_at AS "last_at?", locked_until FROM attempt WHERE subject = $1 FOR UPDATE"#,
        subject
    )
    .fetch_optional(&mut *connection)
    .await?;
    let attempts = match before.unwrap_or_default().one_more(now) {
        Ok(attempts) => attempts,
        Err(lock) => return Ok(Err(lock)),
    };
    sqlx::query!(
        "INSERT INTO attempt (subject, count, last_at, locked_until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subject) DO UPDATE SET count = $2, last_at = $3, locked_until = $4",
        subject,
        attempts.count,
        now as Timestamp,
        attempts.locked_until as Option<Timestamp>
    )
    .execute(connection)
    .await?;
    Ok(Ok(attempts))
}

/// An attempt succeeded, or somebody who may has lifted the lock.
pub async fn forget(connection: &mut PgConnection, subjects: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM attempt WHERE subject = ANY($1)", subjects).execute(connection).await?;
    Ok(())
}

/// The latest end of the locks on these.
pub async fn locked_until(
    connection: &mut PgConnection,
    subjects: &[String],
    now: Timestamp,
) -> Result<Option<Timestamp>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT max(locked_until) FROM attempt WHERE subject = ANY($1) AND locked_until > $2",
        subjects,
        now as Timestamp
    )
    .fetch_one(connection)
    .await
}

/// Drops what no longer counts. Returns how many.
pub async fn sweep(connection: &mut PgConnection, now: Timestamp) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query!(
        "DELETE FROM attempt WHERE subject IN (SELECT subject FROM attempt WHERE last_at < $1 LIMIT 5000)",
        now.minus(MEMORY) as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
