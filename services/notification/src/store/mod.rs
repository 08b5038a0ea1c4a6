//! All SQL, by what it is for.

mod inbox;
mod local;
mod queue;

pub use inbox::{desk, inbox_page, mark_read, unread_count};
pub use local::local_messages;
pub use queue::{Claimed, InboxText, Tried, claim, insert, settle, superseded};

use sqlx::PgConnection;
use types::{Timestamp, UserId};

/// Deletes what a customer was told, and what they were to be told, for good.
pub async fn erase(connection: &mut PgConnection, user: UserId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO erased_customer (user_id, erased_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        user as UserId,
        now as Timestamp
    )
    .execute(&mut *connection)
    .await?;
    // Attempts and local messages go with them.
    sqlx::query!("DELETE FROM notification WHERE user_id = $1", user as UserId).execute(connection).await?;
    Ok(())
}

/// Deletes up to `limit` messages that were finished before a time. Returns how many.
pub async fn forget_before(connection: &mut PgConnection, time: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM notification WHERE id IN (SELECT id FROM notification WHERE finished_at < $1 LIMIT $2)",
        time as Timestamp,
        limit
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}
