//! The table of events that wait to be published.

use sqlx::{PgConnection, PgExecutor};
use types::{EventId, StreamName, Timestamp};
use uuid::Uuid;

use crate::scope::Scope;

/// An event on its way into the outbox.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub kind: &'static str,
    pub stream: StreamName,
    pub subject: String,
    pub version: i64,
    pub data: serde_json::Value,
}

/// An event that waits in the outbox.
#[derive(Debug)]
pub(super) struct Waiting {
    pub position: i64,
    pub id: EventId,
    pub stream: StreamName,
    pub kind: String,
    pub subject: String,
    pub version: i64,
    pub correlation_id: String,
    pub causation_id: Option<String>,
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
    pub data: serde_json::Value,
    pub occurred_at: Timestamp,
}

/// Writes all in one statement, in their order.
pub(crate) async fn write(connection: &mut PgConnection, events: &[Outgoing]) -> Result<(), sqlx::Error> {
    let scope = Scope::current();
    let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    let streams: Vec<String> = events.iter().map(|e| e.stream.to_string()).collect();
    let kinds: Vec<String> = events.iter().map(|e| e.kind.to_owned()).collect();
    let subjects: Vec<String> = events.iter().map(|e| e.subject.clone()).collect();
    let versions: Vec<i64> = events.iter().map(|e| e.version).collect();
    let data: Vec<serde_json::Value> = events.iter().map(|e| e.data.clone()).collect();
    sqlx::query!(
        "INSERT INTO outbox (id, stream, type, subject, version, correlation_id, causation_id, traceparent, tracestate, data)
         SELECT e.id, e.stream, e.type, e.subject, e.version, $7, $8, $9, $10, e.data
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::jsonb[])
              WITH ORDINALITY AS e (id, stream, type, subject, version, data, n)
         ORDER BY e.n",
        &ids,
        &streams,
        &kinds,
        &subjects,
        &versions,
        &data,
        scope.correlation_id,
        scope.causation_id,
        scope.trace.to_string(),
        scope.trace.state_text(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest events.
pub(super) async fn oldest(connection: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        r#"SELECT position, id AS "id: EventId", stream AS "stream: StreamName", type AS kind, subject, version,
                  correlation_id, causation_id, traceparent, tracestate, data, occurred_at
           FROM outbox ORDER BY position LIMIT $1"#,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Forgets events that their streams have accepted.
pub(super) async fn forget(connection: impl PgExecutor<'_>, positions: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM outbox WHERE position = ANY($1)", positions).execute(connection).await?;
    Ok(())
}

/// How many wait, and how long the oldest has waited, in seconds.
pub async fn backlog(connection: &mut PgConnection) -> Result<(i64, f64), sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 AS "age!" FROM outbox"#
    )
    .fetch_one(connection)
    .await?;
    Ok((row.count, row.age))
}
