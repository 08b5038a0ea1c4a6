//! Events read straight from a stream whose effect failed again and again. (A queue keeps its own dead letters.)

use types::{EventId, Timestamp};

use crate::Problem;
use crate::bus::Message;
use crate::db::Db;

/// An event that was put aside.
#[derive(Clone, Debug)]
pub struct Parked {
    pub event_id: EventId,
    pub kind: String,
    pub event: serde_json::Value,
    pub attempts: i32,
    pub error: String,
    pub parked_at: Timestamp,
}

pub(super) async fn park(db: &Db, message: &Message, attempts: u32, problem: &Problem) -> Result<(), sqlx::Error> {
    let event: serde_json::Value = serde_json::from_slice(&message.payload).unwrap_or(serde_json::Value::Null);
    let mut connection = db.primary().await?;
    sqlx::query!(
        "INSERT INTO parked_event (event_id, type, event, attempts, error) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (event_id) DO UPDATE SET attempts = parked_event.attempts + excluded.attempts, error = excluded.error",
        message.id as EventId,
        message.kind,
        event,
        i32::try_from(attempts).unwrap_or(i32::MAX),
        problem.to_string(),
    )
    .execute(&mut *connection)
    .await?;
    metrics::counter!("events_parked_total", "service" => db.service().as_str(), "type" => message.kind.clone())
        .increment(1);
    Ok(())
}

/// The oldest first.
pub async fn parked(db: &Db, limit: i64) -> Result<Vec<Parked>, sqlx::Error> {
    let mut connection = db.primary().await?;
    sqlx::query_as!(
        Parked,
        r#"SELECT event_id AS "event_id: EventId", type AS kind, event, attempts, error, parked_at
           FROM parked_event ORDER BY parked_at LIMIT $1"#,
        limit
    )
    .fetch_all(&mut *connection)
    .await
}

/// How many were put aside.
pub(super) async fn count(connection: &mut sqlx::PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM parked_event"#).fetch_one(connection).await
}

/// Takes an event out, to be published again by its owner.
pub async fn take(db: &Db, id: EventId) -> Result<Option<serde_json::Value>, sqlx::Error> {
    let mut connection = db.primary().await?;
    sqlx::query_scalar!("DELETE FROM parked_event WHERE event_id = $1 RETURNING event", id as EventId)
        .fetch_optional(&mut *connection)
        .await
}
