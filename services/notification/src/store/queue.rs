//! Messages on their way.

use std::collections::HashSet;

use contracts::notification::{AttemptOutcome, NotificationKind, NotificationStatus, Outlet};
use serde_json::Value;
use sqlx::PgConnection;
use types::{CodeReference, EventId, NotificationId, Timestamp, UserId};
use uuid::Uuid;

use crate::domain::{Lane, Message, Settled, rule};
use crate::senders::Letter;

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
    let lanes: Vec<Lane> = rows.iter().map(|(message, outlet)| Lane::of(message.kind, *outlet)).collect();
    let times: Vec<Timestamp> = rows.iter().map(|(message, _)| now.plus(rule(message.kind).delay)).collect();
    sqlx::query!(
        "INSERT INTO notification (id, event_id, user_id, outlet, kind, about, code_reference, data, next_attempt_at, lane,
                                   created_at)
         SELECT m.id, $1, m.user_id, m.outlet, m.kind, m.about, m.code_reference, m.data, m.next_attempt_at, m.lane, $11
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::jsonb[], $9::timestamptz[], $10::text[])
              AS m (id, user_id, outlet, kind, about, code_reference, data, next_attempt_at, lane)
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
        &lanes as &[Lane],
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes up to `limit` messages of a lane that are due, the longest due first, until the end of a lease.
pub async fn claim(
    connection: &mut PgConnection,
    lane: Lane,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as!(
        Claimed,
        r#"UPDATE notification SET next_attempt_at = $2, attempts = attempts + 1
           WHERE id IN (SELECT id FROM notification WHERE status = 'queued' AND lane = $4 AND next_attempt_at <= $1
                        ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: NotificationId", user_id AS "user_id: UserId", outlet AS "outlet: Outlet",
                     kind AS "kind: NotificationKind", about, code_reference AS "code_reference: CodeReference", data, attempts"#,
        now as Timestamp,
        lease_until as Timestamp,
        limit,
        lane as Lane
    )
    .fetch_all(connection)
    .await
}

/// Those of the messages whose customer has been told, or is to be told, something later about the same thing.
pub async fn superseded(
    connection: &mut PgConnection,
    messages: &[Claimed],
) -> Result<HashSet<NotificationId>, sqlx::Error> {
    let (mut ids, mut users, mut abouts, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for message in messages {
        let (Some(user), Some(about)) = (message.user_id, message.about) else { continue };
        for kind in rule(message.kind).superseded_by {
            ids.push(message.id);
            users.push(user);
            abouts.push(about);
            kinds.push(*kind);
        }
    }
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let superseded = sqlx::query_scalar!(
        r#"SELECT m.id AS "id!: NotificationId"
           FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS m (id, user_id, about, kind)
           WHERE EXISTS (SELECT FROM notification later
                         WHERE later.about = m.about AND later.kind = m.kind AND later.user_id = m.user_id)"#,
        &ids as &[NotificationId],
        &users as &[UserId],
        &abouts,
        &kinds as &[NotificationKind]
    )
    .fetch_all(connection)
    .await?;
    Ok(superseded.into_iter().collect())
}

/// A message with what came of a try.
pub struct Tried {
    pub message: Claimed,
    pub settled: Settled,
    pub inbox: Option<InboxText>,
    /// What is kept in place of sending it, on a developer's machine.
    pub local: Option<Letter>,
}

/// Records what came of tries, all in one statement. Returns the messages that were still this process's: the lease of the others
/// ended and another took them, or the customer was forgotten.
pub async fn settle(
    connection: &mut PgConnection,
    tried: &[Tried],
    now: Timestamp,
) -> Result<HashSet<NotificationId>, sqlx::Error> {
    fn column<'t, T>(tried: &'t [Tried], value: impl Fn(&'t Tried) -> T) -> Vec<T> {
        tried.iter().map(value).collect()
    }
    fn letter<'t, T>(tried: &'t [Tried], value: impl Fn(&'t Letter) -> T) -> Vec<Option<T>> {
        tried.iter().map(|t| t.local.as_ref().map(&value)).collect()
    }
    let settled = sqlx::query_scalar!(
        r#"WITH tried AS (
             SELECT * FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[])
                 AS t (id, attempts, status, next_attempt_at, outcome, reason, title, body)
           ), settled AS (
             UPDATE notification n
             SET status = t.status, next_attempt_at = coalesce(t.next_attempt_at, n.next_attempt_at),
                 finished_at = CASE WHEN t.status = 'queued' THEN NULL ELSE $1::timestamptz END,
                 -- Waiting for the end of the quiet hours is no failure.
                 attempts = n.attempts - (t.outcome = 'postponed')::integer, title = t.title, body = t.body
             FROM tried t WHERE n.id = t.id AND n.status = 'queued' AND n.attempts = t.attempts
             RETURNING n.id, n.outlet, n.kind, t.outcome, t.reason
           ), noted AS (
             INSERT INTO delivery_attempt (notification_id, at, outcome, reason) SELECT id, $1, outcome, reason FROM settled
           ), kept AS (
             INSERT INTO local_message (id, notification_id, outlet, kind, recipient, subject, text, html, created_at)
             SELECT l.id, s.id, s.outlet, s.kind, l.recipient, l.subject, l.text, l.html, $1
             FROM unnest($10::uuid[], $2::uuid[], $11::text[], $12::text[], $13::text[], $14::text[])
                      AS l (id, notification_id, recipient, subject, text, html)
                  JOIN settled s ON s.id = l.notification_id
             WHERE l.recipient IS NOT NULL
           )
           SELECT id AS "id: NotificationId" FROM settled"#,
        now as Timestamp,
        &column(tried, |t| t.message.id) as &[NotificationId],
        &column(tried, |t| t.message.attempts),
        &column(tried, |t| t.settled.status) as &[NotificationStatus],
        &column(tried, |t| t.settled.next_attempt_at) as &[Option<Timestamp>],
        &column(tried, |t| t.settled.outcome) as &[AttemptOutcome],
        &column(tried, |t| t.settled.reason.clone()),
        &column(tried, |t| t.inbox.as_ref().map(|text| text.title.clone())) as &[Option<String>],
        &column(tried, |t| t.inbox.as_ref().map(|text| text.body.clone())) as &[Option<String>],
        &column(tried, |_| NotificationId::new()) as &[NotificationId],
        &letter(tried, |l| l.recipient.clone()) as &[Option<String>],
        &letter(tried, |l| l.subject.clone()) as &[Option<String>],
        &letter(tried, |l| l.text.clone()) as &[Option<String>],
        &column(tried, |t| t.local.as_ref().and_then(|l| l.html.clone())) as &[Option<String>]
    )
    .fetch_all(connection)
    .await?;
    Ok(settled.into_iter().collect())
}
