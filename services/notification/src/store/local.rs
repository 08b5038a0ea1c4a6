//! Messages on a developer's machine.

use contracts::notification::{LocalMessage, NotificationKind, Outlet};
use sqlx::PgConnection;
use types::{NotificationId, Timestamp};

/// The newest first; those to one recipient only, or since a time only, if asked.
pub async fn local_messages(
    connection: &mut PgConnection,
    recipient: Option<&str>,
    since: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<LocalMessage>, sqlx::Error> {
    sqlx::query_as!(
        LocalMessage,
        r#"SELECT id AS "id: NotificationId", kind AS "kind: NotificationKind", outlet AS "outlet: Outlet", recipient, subject, text,
                  html, created_at
           FROM local_message
           WHERE ($1::text IS NULL OR recipient = $1) AND ($2::timestamptz IS NULL OR created_at >= $2)
           ORDER BY created_at DESC, id DESC LIMIT $3"#,
        recipient,
        since as Option<Timestamp>,
        limit
    )
    .fetch_all(connection)
    .await
}
