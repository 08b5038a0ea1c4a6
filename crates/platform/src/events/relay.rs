//! Publishes what waits in the outbox. One process per service does it at a time, the one that holds the advisory lock, so
//! that an aggregate's events reach their stream in the order of their changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use contracts::CloudEvent;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use types::{ServiceName, StreamName};

use super::outbox::{self, Waiting};
use crate::bus::{Message, Streams};
use crate::db::Db;
use crate::telemetry::names;
use crate::topology::Topology;

/// Between two looks into the outbox when nothing wakes the relay: what a lost wake-up costs.
const POLL: Duration = Duration::from_secs(1);
/// What another process of the service sends when it has put something into the outbox. The relay's own process is woken
/// without it: a NOTIFY inside every transaction would make commits queue for PostgreSQL's one notification lock.
const CHANNEL: &str = "outbox";
/// Any number that nothing else in the service's database locks.
const LOCK: i64 = 0x6861_6174;
const BATCH: i64 = 500;
/// The server gives a relay that it hears nothing of so many times our patience with the server: longer than a stream may need to
/// accept a batch.
const PATIENCE_OF_SERVER: u32 = 5;
/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("database: no answer within {0:?}")]
    Silent(Duration),
    #[error("stream: {0}")]
    Bus(#[from] crate::bus::BusError),
    #[error("an event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Runs until `stop`. Survives the loss of the database and of the streams: what waits, waits on.
pub async fn run(db: Db, streams: Arc<dyn Streams>, stop: CancellationToken) {
    begin_counting(db.service());
    let mut pause = Duration::ZERO;
    while !stop.is_cancelled() {
        let session = lead(&db, streams.as_ref(), &stop);
        match session.await {
            Ok(()) => pause = Duration::ZERO,
            Err(error) => {
                pause = (pause * 2).clamp(Duration::from_millis(50), Duration::from_secs(5));
                tracing::warn!(%error, service = %db.service(), "the outbox is not being published; trying again in {pause:?}");
                metrics::counter!(names::OUTBOX_RELAY_FAILURES_TOTAL, "service" => db.service().as_str()).increment(1);
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Becomes the relay, or waits to; publishes until something breaks or `stop`.
async fn lead(db: &Db, streams: &dyn Streams, stop: &CancellationToken) -> Result<(), RelayError> {
    // A connection of its own, closed at the end: in the pool, the lock and the setting below would outlive this session.
    let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(db.connect_options());
    let result = match answered(db, PgListener::connect_with(&own)).await {
        Ok(mut session) => lead_on(&mut session, db, streams, stop).await,
        Err(error) => Err(error),
    };
    // A server that is gone without a word does not take leave either. Nobody else has this connection.
    let _gone = timeout(FAREWELL, own.close()).await;
    result
}

/// Waits for the database, unless it is gone without a word: the lock is another process's by then, or nobody's.
async fn answered<T>(db: &Db, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, RelayError> {
    timeout(db.patience(), work).await.map_err(|_| RelayError::Silent(db.patience()))?.map_err(RelayError::from)
}

async fn lead_on(
    session: &mut PgListener,
    db: &Db,
    streams: &dyn Streams,
    stop: &CancellationToken,
) -> Result<(), RelayError> {
    session.ignore_pool_close_event(true);
    // A connection that is made anew has neither the lock nor the settings below.
    session.eager_reconnect(false);
    // What is deleted after it was published need not wait for the disk: if the server dies and remembers it, it is published
    // twice, which readers expect.
    answered(db, sqlx::query("SET synchronous_commit = off").execute(&mut *session)).await?;
    // If this process is gone without a word, the lock is free after this.
    let longest = (db.patience() * PATIENCE_OF_SERVER).as_millis().to_string();
    let limit = sqlx::query("SELECT set_config('idle_session_timeout', $1, false)").bind(longest);
    answered(db, limit.execute(&mut *session)).await?;
    while !is_the_relay(session, db).await? {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = db.wake().outbox_woken() => {
                let wake = sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL);
                answered(db, wake.execute(&mut *session)).await?;
            }
            () = tokio::time::sleep(POLL) => {}
        }
    }
    answered(db, session.listen(CHANNEL)).await?;
    loop {
        publish_waiting(db, streams, session).await?;
        if stop.is_cancelled() {
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = db.wake().outbox_woken() => {}
            () = tokio::time::sleep(POLL) => {}
            // The connection broke, and the lock is gone with it: begin again.
            notification = session.try_recv() => if notification?.is_none() { return Ok(()); }
        }
    }
}

async fn is_the_relay(session: &mut PgListener, db: &Db) -> Result<bool, RelayError> {
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(LOCK);
    answered(db, lock.fetch_one(session)).await
}

async fn publish_waiting(db: &Db, streams: &dyn Streams, session: &mut PgListener) -> Result<(), RelayError> {
    let service = db.service();
    loop {
        let waiting = answered(db, outbox::oldest(&mut *session, BATCH)).await?;
        let full = i64::try_from(waiting.len()).unwrap_or(i64::MAX) == BATCH;
        let mut by_stream: BTreeMap<StreamName, (Vec<i64>, Vec<Message>)> = BTreeMap::new();
        for event in waiting {
            let (positions, messages) = by_stream.entry(event.stream).or_default();
            positions.push(event.position);
            messages.push(message(service, event)?);
        }
        for (stream, (positions, messages)) in by_stream {
            streams.publish(stream, &messages).await?;
            answered(db, outbox::forget(&mut *session, &positions)).await?;
            for Message { kind, .. } in messages {
                published(service, stream, kind).increment(1);
            }
        }
        if !full {
            return Ok(());
        }
    }
}

fn published(service: ServiceName, stream: StreamName, kind: String) -> metrics::Counter {
    metrics::counter!(names::EVENTS_PUBLISHED_TOTAL, "service" => service.as_str(), "stream" => stream.as_str(), "type" => kind)
}

/// From nought: growth from nothing to one is not seen as growth, and of some types there is one a day.
fn begin_counting(service: ServiceName) {
    let Ok(topology) = Topology::embedded() else { return };
    for (kind, event) in topology.events().filter(|(_, event)| event.producers.contains(&service)) {
        published(service, event.stream, kind.to_owned()).increment(0);
    }
}

fn message(service: ServiceName, event: Waiting) -> Result<Message, serde_json::Error> {
    let envelope = CloudEvent {
        specversion: CloudEvent::SPEC_VERSION.to_owned(),
        id: event.id,
        source: service,
        kind: event.kind.clone(),
        subject: event.subject.clone(),
        time: event.occurred_at,
        datacontenttype: CloudEvent::CONTENT_TYPE.to_owned(),
        aggregateversion: event.version,
        correlationid: event.correlation_id,
        causationid: event.causation_id,
        traceparent: event.traceparent.clone(),
        tracestate: event.tracestate,
        data: event.data,
    };
    Ok(Message {
        id: event.id,
        key: event.subject,
        kind: event.kind,
        payload: serde_json::to_vec(&envelope)?.into(),
        traceparent: event.traceparent,
    })
}
