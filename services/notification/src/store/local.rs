//! Messages on a developer's machine.

use contracts::notification::{LocalMessage, NotificationKind, Outlet};
use sqlx::PgConnection;
use types::{NotificationId, Timestamp};

use super::Claimed;
use crate::senders::Letter;

/// Keeps a message in place of sending it.
pub async fn keep_local(
    connection: &mut PgConnection,
    message: &Claimed,
    letter: &Letter,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO local_message (id, notification_id, outlet, kind, recipient, subject, text, html, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        NotificationId::new() as NotificationId,
        message.id as NotificationId,
        message.outlet as Outlet,
        message.kind as NotificationKind,
        letter.recipient,
        letter.subject,
        letter.text,
        letter.html.as_deref(),
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

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
