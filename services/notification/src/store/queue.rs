//! Messages on their way.

use contracts::notification::{AttemptOutcome, NotificationKind, NotificationStatus, Outlet};
use serde_json::Value;
use sqlx::PgConnection;
use types::{CodeReference, EventId, NotificationId, Timestamp, UserId};
use uuid::Uuid;

use crate::domain::{Message, Settled, rule};

/// A message that this process sends now; another may, once the lease has ended.
pub struct Claimed {
    pub id: NotificationId,
    /// The customer; `None` if it goes to a desk.
    pub user_id: Option<UserId>,
    pub outlet: Outlet,
    pub kind: NotificationKind,
    pub about: Option<Uuid>,
    pub code_reference: Option<CodeReference>,
    pub data: Value,
    /// Tries so far, this one included.
    pub attempts: i32,
}

/// What the customer reads in the inbox.
pub struct InboxText {
    pub title: String,
    pub body: String,
}

/// Queues each message once for each of its outlets; for a customer who was forgotten, nothing.
pub async fn insert(
    connection: &mut PgConnection,
    event: EventId,
    messages: &[Message],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(&Message, Outlet)> = messages
        .iter()
        .flat_map(|message| message.outlets().into_iter().map(move |outlet| (message, outlet)))
        .collect();
    let ids: Vec<NotificationId> = rows.iter().map(|_| NotificationId::new()).collect();
    let users: Vec<Option<UserId>> = rows.iter().map(|(message, _)| message.user_id).collect();
    let outlets: Vec<Outlet> = rows.iter().map(|(_, outlet)| *outlet).collect();
    let kinds: Vec<NotificationKind> = rows.iter().map(|(message, _)| message.kind).collect();
    let abouts: Vec<Option<Uuid>> = rows.iter().map(|(message, _)| message.about).collect();
    let codes: Vec<Option<CodeReference>> =
        rows.iter().map(|(message, _)| message.code.map(|(code, _)| code)).collect();
    let data: Vec<Value> = rows.iter().map(|(message, _)| message.data.clone()).collect();
    let times: Vec<Timestamp> = rows.iter().map(|(message, _)| now.plus(rule(message.kind).delay)).collect();
    sqlx::query!(
        "INSERT INTO notification (id, event_id, user_id, outlet, kind, about, code_reference, data, next_attempt_at, created_at)
         SELECT m.id, $1, m.user_id, m.outlet, m.kind, m.about, m.code_reference, m.data, m.next_attempt_at, $10
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::jsonb[], $9::timestamptz[])
              AS m (id, user_id, outlet, kind, about, code_reference, data, next_attempt_at)
         WHERE NOT EXISTS (SELECT FROM erased_customer e WHERE e.user_id = m.user_id)
         ON CONFLICT ON CONSTRAINT notification_once DO NOTHING",
        event as EventId,
        &ids as &[NotificationId],
        &users as &[Option<UserId>],
        &outlets as &[Outlet],
        &kinds as &[NotificationKind],
        &abouts as &[Option<Uuid>],
        &codes as &[Option<CodeReference>],
        &data,
        &times as &[Timestamp],
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes up to `limit` messages that are due, the longest due first, until the end of a lease.
pub async fn claim(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as!(
        Claimed,
        r#"UPDATE notification SET next_attempt_at = $2, attempts = attempts + 1
           WHERE id IN (SELECT id FROM notification WHERE status = 'queued' AND next_attempt_at <= $1
                        ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: NotificationId", user_id AS "user_id: UserId", outlet AS "outlet: Outlet",
                     kind AS "kind: NotificationKind", about, code_reference AS "code_reference: CodeReference", data, attempts"#,
        now as Timestamp,
        lease_until as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Has the customer been told, or is to be told, one of these about the same thing?
pub async fn is_superseded(
    connection: &mut PgConnection,
    user: UserId,
    about: Uuid,
    by: &[NotificationKind],
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM notification WHERE about = $1 AND kind = ANY($2) AND user_id = $3) AS "found!""#,
        about,
        by as &[NotificationKind],
        user as UserId
    )
    .fetch_one(connection)
    .await
}

/// Records what came of a try. False if the message is not this process's any more: its lease ended and another took it, or
/// the customer was forgotten.
pub async fn settle(
    connection: &mut PgConnection,
    message: &Claimed,
    settled: &Settled,
    inbox: Option<&InboxText>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE notification
         SET status = $3, next_attempt_at = coalesce($4, next_attempt_at), finished_at = CASE WHEN $3 = 'queued' THEN NULL ELSE $5::timestamptz END,
             attempts = attempts - $6::integer, title = $7, body = $8
         WHERE id = $1 AND status = 'queued' AND attempts = $2",
        message.id as NotificationId,
        message.attempts,
        settled.status as NotificationStatus,
        settled.next_attempt_at as Option<Timestamp>,
        now as Timestamp,
        // Waiting for the end of the quiet hours is no failure.
        i32::from(settled.outcome == AttemptOutcome::Postponed),
        inbox.map(|text| text.title.as_str()),
        inbox.map(|text| text.body.as_str())
    )
    .execute(&mut *connection)
    .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO delivery_attempt (notification_id, at, outcome, reason) VALUES ($1, $2, $3, $4)",
        message.id as NotificationId,
        now as Timestamp,
        settled.outcome as AttemptOutcome,
        settled.reason
    )
    .execute(connection)
    .await?;
    Ok(true)
}
