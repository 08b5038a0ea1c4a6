//! What providers told us, byte for byte.

use sqlx::PgConnection;
use types::Timestamp;

use crate::provider::ProviderName;

/// What became of a webhook at once.
#[derive(Clone, Debug)]
pub enum Fate<'a> {
    Applied,
    /// Nothing can be made of it yet: it is tried again from this time on.
    Later {
        due_at: Timestamp,
        problem: &'a str,
    },
    /// A person must look at it.
    Set {
        aside: &'a str,
    },
}

impl Fate<'_> {
    fn columns(&self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>, Option<&str>) {
        match self {
            Fate::Applied => (Some(now), None, None),
            Fate::Later { due_at, problem } => (None, Some(*due_at), Some(problem)),
            Fate::Set { aside } => (None, None, Some(aside)),
        }
    }
}

/// Keeps a webhook. False if it was kept before.
pub async fn keep(
    connection: &mut PgConnection,
    provider: ProviderName,
    event_id: &str,
    body: &[u8],
    fate: Fate<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (applied_at, due_at, problem) = fate.columns(now);
    let kept = sqlx::query!(
        "INSERT INTO webhook (provider, event_id, body, received_at, applied_at, due_at, problem)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        provider as ProviderName,
        event_id,
        body,
        now as Timestamp,
        applied_at as Option<Timestamp>,
        due_at as Option<Timestamp>,
        problem,
    )
    .execute(connection)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// A webhook that waits for something to be made of it.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub provider: ProviderName,
    pub event_id: String,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
    pub tries: i32,
}

/// Takes webhooks whose time has come, and sets the next time: twice as far away each time, up to an hour.
pub async fn claim_due(
    connection: &mut PgConnection,
    now: Timestamp,
    first_pause_seconds: f64,
    limit: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"UPDATE webhook SET tries = tries + 1,
               due_at = $1::timestamptz + make_interval(secs => least($2 * power(2, least(tries, 16)), 3600))
           WHERE (provider, event_id) IN
               (SELECT provider, event_id FROM webhook WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING provider AS "provider: ProviderName", event_id, body, received_at, tries"#,
        now as Timestamp,
        first_pause_seconds,
        limit
    )
    .fetch_all(connection)
    .await
}

/// What became of a kept webhook.
pub async fn settle(
    connection: &mut PgConnection,
    provider: ProviderName,
    event_id: &str,
    fate: Fate<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let (applied_at, due_at, problem) = fate.columns(now);
    sqlx::query!(
        "UPDATE webhook SET applied_at = $3, due_at = $4, problem = $5 WHERE provider = $1 AND event_id = $2",
        provider as ProviderName,
        event_id,
        applied_at as Option<Timestamp>,
        due_at as Option<Timestamp>,
        problem,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets up to `limit` webhooks that came before `before` and that nothing is to be made of any more. Returns how many.
pub async fn forget(connection: &mut PgConnection, before: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "DELETE FROM webhook WHERE (provider, event_id) IN
             (SELECT provider, event_id FROM webhook WHERE received_at < $1 AND due_at IS NULL
              ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before as Timestamp,
        limit
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
