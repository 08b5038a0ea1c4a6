//! Events read straight from a stream whose effect failed again and again: put aside, so that the stream goes on. (A queue keeps
//! its own dead letters.)

use std::time::Duration;

use contracts::CloudEvent;
use sqlx::PgConnection;
use types::{EventId, Timestamp};

use super::inbox;
use crate::Problem;
use crate::bus::{BusError, Message, Streams};
use crate::db::Db;
use crate::telemetry::names;
use crate::topology::Topology;

/// After this an event that is published again has had its effect wherever it will.
const LONGEST_ON_ITS_WAY: Duration = Duration::from_secs(24 * 3600);

/// An event that was put aside.
#[derive(Clone, Debug)]
pub struct Parked {
    pub event_id: EventId,
    pub kind: String,
    /// The CloudEvent; null if what came was no JSON.
    pub event: serde_json::Value,
    pub attempts: i32,
    /// Why the last attempt failed.
    pub error: String,
    pub parked_at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    #[error("{id} cannot be published again: {reason}")]
    Unreadable { id: EventId, reason: String },
    #[error(
        "{id} is of {time}: other services have forgotten by now that they have had its effect, and would have it again; \
         settle by hand what it asks for, then purge it"
    )]
    TooOld { id: EventId, time: Timestamp },
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
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
    metrics::counter!(names::EVENTS_PARKED_TOTAL, "service" => db.service().as_str(), "type" => message.kind.clone())
        .increment(1);
    Ok(())
}

/// The oldest first.
pub async fn parked(connection: &mut PgConnection, limit: i64) -> Result<Vec<Parked>, sqlx::Error> {
    sqlx::query_as!(
        Parked,
        r#"SELECT event_id AS "event_id: EventId", type AS kind, event, attempts, error, parked_at
           FROM parked_event ORDER BY parked_at, event_id LIMIT $1"#,
        limit
    )
    .fetch_all(connection)
    .await
}

pub async fn find(connection: &mut PgConnection, id: EventId) -> Result<Option<Parked>, sqlx::Error> {
    sqlx::query_as!(
        Parked,
        r#"SELECT event_id AS "event_id: EventId", type AS kind, event, attempts, error, parked_at
           FROM parked_event WHERE event_id = $1"#,
        id as EventId
    )
    .fetch_optional(connection)
    .await
}

/// How many were put aside.
pub async fn count(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM parked_event"#).fetch_one(connection).await
}

/// Publishes the event to its stream again and forgets that it was put aside. The other services that read the stream find it in
/// their inbox and do nothing, as long as that remembers it.
///
/// # Errors
/// Nothing is forgotten that was not published.
pub async fn redrive(
    connection: &mut PgConnection,
    streams: &dyn Streams,
    parked: &Parked,
    now: Timestamp,
) -> Result<(), RedriveError> {
    let unreadable = |reason: String| RedriveError::Unreadable { id: parked.event_id, reason };
    let event: CloudEvent = serde_json::from_value(parked.event.clone()).map_err(|e| unreadable(e.to_string()))?;
    if event.time < now.minus(inbox::MEMORY - LONGEST_ON_ITS_WAY) {
        return Err(RedriveError::TooOld { id: parked.event_id, time: event.time });
    }
    let topology = Topology::embedded().map_err(|e| unreadable(e.to_string()))?;
    let stream = topology.event(&event.kind).map(|event| event.stream);
    let stream = stream.ok_or_else(|| unreadable(format!("no stream has events of the type {}", event.kind)))?;
    let message = Message {
        id: event.id,
        key: event.subject,
        kind: event.kind,
        payload: serde_json::to_vec(&parked.event).map_err(|e| unreadable(e.to_string()))?.into(),
        traceparent: event.traceparent,
    };
    streams.publish(stream, &[message]).await?;
    purge(connection, parked).await?;
    Ok(())
}

/// Forgets the event for good. False if it is not there any more, or has failed and been put aside once more since it was read from
/// the table.
pub async fn purge(connection: &mut PgConnection, parked: &Parked) -> Result<bool, sqlx::Error> {
    let purged = sqlx::query!(
        "DELETE FROM parked_event WHERE event_id = $1 AND attempts = $2",
        parked.event_id as EventId,
        parked.attempts
    )
    .execute(connection)
    .await?;
    Ok(purged.rows_affected() == 1)
}
