//! What customers and staff see of messages.

use contracts::notification::{
    AttemptOutcome, DeliveryAttempt, DeliveryRecord, Notification, NotificationKind, NotificationStatus, Outlet,
};
use sqlx::PgConnection;
use types::{NotificationId, Timestamp, UserId};
use uuid::Uuid;

/// Where a message stands in a list that has the newest first.
pub type Place = (Timestamp, NotificationId);

/// Up to `limit` messages of a customer's inbox, the newest first, that come after a place.
pub async fn inbox_page(
    connection: &mut PgConnection,
    user: UserId,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Notification>, sqlx::Error> {
    let (time, id) = after.unzip();
    sqlx::query_as!(
        Notification,
        r#"SELECT id AS "id: NotificationId", kind AS "kind: NotificationKind", title AS "title!", body AS "text!", about,
                  created_at, read_at AS "read_at: Timestamp"
           FROM notification
           WHERE user_id = $1 AND outlet = 'inbox' AND status = 'sent'
             AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
           ORDER BY created_at DESC, id DESC LIMIT $4"#,
        user as UserId,
        time as Option<Timestamp>,
        id as Option<NotificationId>,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Marks a message of the customer's inbox as read, keeping the first time; `None` if there is none.
pub async fn mark_read(
    connection: &mut PgConnection,
    user: UserId,
    id: NotificationId,
    now: Timestamp,
) -> Result<Option<Notification>, sqlx::Error> {
    sqlx::query_as!(
        Notification,
        r#"UPDATE notification SET read_at = coalesce(read_at, $3)
           WHERE id = $1 AND user_id = $2 AND outlet = 'inbox' AND status = 'sent'
           RETURNING id AS "id: NotificationId", kind AS "kind: NotificationKind", title AS "title!", body AS "text!", about,
                     created_at, read_at AS "read_at: Timestamp""#,
        id as NotificationId,
        user as UserId,
        now as Timestamp
    )
    .fetch_optional(connection)
    .await
}

pub async fn unread_count(connection: &mut PgConnection, user: UserId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notification
           WHERE user_id = $1 AND outlet = 'inbox' AND status = 'sent' AND read_at IS NULL"#,
        user as UserId
    )
    .fetch_one(connection)
    .await
}

/// Up to `limit` messages to a customer with their tries, the newest first, that come after a place.
pub async fn desk(
    connection: &mut PgConnection,
    user: UserId,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<DeliveryRecord>, sqlx::Error> {
    let (time, id) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: NotificationId", kind AS "kind: NotificationKind", outlet AS "outlet: Outlet",
                  status AS "status: NotificationStatus", about, created_at, next_attempt_at, finished_at,
                  tries.times AS "times!: Vec<Timestamp>", tries.outcomes AS "outcomes!: Vec<AttemptOutcome>",
                  tries.reasons AS "reasons!: Vec<String>"
           FROM notification,
                LATERAL (SELECT coalesce(array_agg(at ORDER BY a.id), '{}') AS times,
                                coalesce(array_agg(outcome ORDER BY a.id), '{}') AS outcomes,
                                coalesce(array_agg(reason ORDER BY a.id), '{}') AS reasons
                         FROM delivery_attempt a WHERE a.notification_id = notification.id) tries
           WHERE user_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
           ORDER BY created_at DESC, id DESC LIMIT $4"#,
        user as UserId,
        time as Option<Timestamp>,
        id as Option<NotificationId>,
        limit
    )
    .fetch_all(connection)
    .await?;
    let record = |row: Row| {
        let Row { id, kind, outlet, status, about, created_at, next_attempt_at, finished_at, times, outcomes, reasons } =
            row;
        let tries = times.into_iter().zip(outcomes).zip(reasons);
        DeliveryRecord {
            id,
            kind,
            outlet,
            status,
            about,
            created_at,
            next_attempt_at: (status == NotificationStatus::Queued).then_some(next_attempt_at),
            finished_at,
            attempts: tries.map(|((at, outcome), reason)| DeliveryAttempt { at, outcome, reason }).collect(),
        }
    };
    Ok(rows.into_iter().map(record).collect())
}

struct Row {
    id: NotificationId,
    kind: NotificationKind,
    outlet: Outlet,
    status: NotificationStatus,
    about: Option<Uuid>,
    created_at: Timestamp,
    next_attempt_at: Timestamp,
    finished_at: Option<Timestamp>,
    times: Vec<Timestamp>,
    outcomes: Vec<AttemptOutcome>,
    reasons: Vec<String>,
}
