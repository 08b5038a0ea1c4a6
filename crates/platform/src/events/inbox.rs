//! The table of events whose effect is done.

use std::time::Duration;

use sqlx::PgConnection;
use types::EventId;

/// Records the event in the effect's transaction. False if it was done before; a concurrent delivery of the same event waits
/// here for the other's end.
pub(super) async fn record(connection: &mut PgConnection, id: EventId, kind: &str) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("INSERT INTO inbox (event_id, type) VALUES ($1, $2) ON CONFLICT DO NOTHING", id as EventId, kind)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// How long an event is remembered: longer than any stream or queue keeps it (7 days).
pub const MEMORY: Duration = Duration::from_secs(10 * 24 * 3600);

/// Forgets what can no longer be delivered. Returns how many.
pub async fn sweep(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let seconds = i32::try_from(MEMORY.as_secs()).unwrap_or(i32::MAX);
    let swept = sqlx::query!(
        "DELETE FROM inbox WHERE event_id IN
             (SELECT event_id FROM inbox WHERE done_at < now() - make_interval(secs => $1) LIMIT 5000)",
        f64::from(seconds)
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
