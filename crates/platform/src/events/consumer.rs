//! Takes events from queues and streams and has their effect done once.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use contracts::CloudEvent;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use types::{QueueName, StreamName};

use super::handlers::Handlers;
use super::{dead_letters, inbox};
use crate::Problem;
use crate::bus::{Bus, BusError, Delivery, Message, Receipt, Subscription};
use crate::db::Db;
use crate::scope::Scope;
use crate::service::panic_message;
use crate::telemetry::names;
use crate::telemetry::trace_context::{self, TraceContext};
use tracing::Instrument;

/// Events read from a stream at once.
const BATCH: usize = 32;
/// Effects side by side. No more is taken from a queue at once: a message that waits here for others has less of its visibility.
const SIDE_BY_SIDE: usize = 8;
/// What may be read again after a crash. OCI Streaming takes ten commits a second, at times from a group that reads several streams
/// (<https://docs.oracle.com/iaas/Content/Streaming/Concepts/streamingoverview_topic-Limits_on_Streaming_Resources.htm>).
const COMMIT_AFTER: Duration = Duration::from_millis(250);
/// A long poll.
const WAIT: Duration = Duration::from_secs(5);
/// Before a stream or queue that cannot be read is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long one effect may take; below the queues' visibility (30 s).
const TIME_TO_HANDLE: Duration = Duration::from_secs(20);
/// While the database is away, it is looked for at least so often.
const LONGEST_LOOK_AWAY: Duration = Duration::from_secs(1);
/// How long an event rests after its effect has failed for the first time, unless the service was told otherwise.
pub const FIRST_REST: Duration = Duration::from_millis(200);
/// A stream's event is tried so often before it is put aside. A queue counts its deliveries itself.
const STREAM_ATTEMPTS: u32 = 8;

/// What a consumer needs.
pub struct Consumer<A> {
    pub app: A,
    pub db: Db,
    pub bus: Bus,
    pub handlers: Arc<Handlers<A>>,
    /// How long an event rests after its effect has failed for the first time; longer after each further failure.
    pub first_rest: Duration,
    pub stop: CancellationToken,
}

impl<A: Clone> Clone for Consumer<A> {
    fn clone(&self) -> Self {
        Consumer {
            app: self.app.clone(),
            db: self.db.clone(),
            bus: self.bus.clone(),
            handlers: self.handlers.clone(),
            first_rest: self.first_rest,
            stop: self.stop.clone(),
        }
    }
}

impl<A: Clone + Send + Sync + 'static> Consumer<A> {
    /// Moves the events that the service has handlers for from `stream` to its queue.
    pub async fn bridge(self, stream: StreamName, queue: QueueName) {
        self.persistently(stream.as_str(), || async {
            let mut reader = Reader::new(self.bus.streams.subscribe(stream, queue.as_str()).await?);
            while let Some(read) = self.unless_stopped(reader.next()).await {
                let wanted: Vec<Message> = read?.into_iter().filter(|m| self.handlers.of(&m.kind).is_some()).collect();
                if !wanted.is_empty() {
                    self.bus.queues.put(queue, &wanted).await?;
                }
                reader.done().await?;
            }
            reader.commit().await
        })
        .await;
    }

    /// Does the effects of the events in the service's queue.
    pub async fn work(self, queue: QueueName) {
        self.persistently(queue.as_str(), || async {
            while !self.stop.is_cancelled() {
                let Some(taken) = self.unless_stopped(self.bus.queues.get(queue, SIDE_BY_SIDE, WAIT)).await else {
                    break;
                };
                // What has been taken is finished even while stopping: it is in hand, and the deadline covers it.
                let outcomes = join_all(taken?.into_iter().map(|delivery| self.work_on(queue, delivery))).await;
                let is_away = outcomes.contains(&Outcome::DatabaseAway);
                let done: Vec<_> = outcomes.into_iter().filter_map(Outcome::done).collect();
                if !done.is_empty() {
                    self.bus.queues.delete(queue, &done).await?;
                }
                if is_away {
                    self.until_the_database_answers().await;
                }
            }
            Ok(())
        })
        .await;
    }

    /// Does the effects of the events of `stream`, for a service without a queue: one after another for each aggregate.
    pub async fn follow(self, stream: StreamName, group: &'static str) {
        self.persistently(stream.as_str(), || async {
            let mut reader = Reader::new(self.bus.streams.subscribe(stream, group).await?);
            while let Some(read) = self.unless_stopped(reader.next()).await {
                let mut by_key: Vec<(String, Vec<Message>)> = Vec::new();
                for message in read?.into_iter().filter(|m| self.handlers.of(&m.kind).is_some()) {
                    match by_key.iter_mut().find(|(key, _)| *key == message.key) {
                        Some((_, messages)) => messages.push(message),
                        None => by_key.push((message.key.clone(), vec![message])),
                    }
                }
                let all_done = futures::stream::iter(by_key)
                    .map(|(_, messages)| async {
                        for message in messages {
                            if !self.follow_one(&message).await {
                                return false;
                            }
                        }
                        true
                    })
                    .buffer_unordered(SIDE_BY_SIDE)
                    .all(std::future::ready)
                    .await;
                if !all_done {
                    return Ok(());
                }
                reader.done().await?;
            }
            reader.commit().await
        })
        .await;
    }

    /// Tries until it is done or put aside; false if stopped before.
    async fn follow_one(&self, message: &Message) -> bool {
        let mut attempt = 1;
        loop {
            let Err(problem) = self.effect(message).await else { return true };
            tracing::warn!(event = %message.id, kind = message.kind, attempt, %problem, "an event's effect failed");
            // While the database is away nothing can be put aside, and nothing is wrong with the event.
            if attempt >= STREAM_ATTEMPTS && problem.status != 503 {
                match tokio::time::timeout(TIME_TO_HANDLE, dead_letters::park(&self.db, message, attempt, &problem))
                    .await
                {
                    Ok(Ok(())) => return true,
                    Ok(Err(error)) => tracing::error!(%error, event = %message.id, "an event could not be put aside"),
                    Err(_) => tracing::error!(event = %message.id, "putting an event aside took too long"),
                }
            }
            let Some(()) = self.unless_stopped(tokio::time::sleep(doubled(self.first_rest / 2, attempt))).await else {
                return false;
            };
            attempt += 1;
        }
    }

    /// Has the effect done; otherwise the message is given back, to be delivered again after a while.
    async fn work_on(&self, queue: QueueName, delivery: Delivery) -> Outcome {
        let message = &delivery.message;
        match self.effect(message).await {
            Ok(()) => Outcome::Done(delivery.receipt),
            Err(problem) => {
                let after = rest_of_delivery(self.first_rest, delivery.deliveries);
                tracing::warn!(event = %message.id, kind = message.kind, delivery = delivery.deliveries, %problem, "an event's effect failed; again in {after:?}");
                if let Err(error) = self.bus.queues.set_visibility(queue, &delivery.receipt, after).await {
                    tracing::warn!(%error, "a message could not be given back; it comes again when its visibility ends");
                }
                if problem.status == 503 { Outcome::DatabaseAway } else { Outcome::Failed }
            }
        }
    }

    /// A queue counts deliveries: were messages taken while none can have its effect, an outage would kill them.
    async fn until_the_database_answers(&self) {
        let mut attempt = 1;
        while self.db.ping().await.is_err() {
            let Some(()) =
                self.unless_stopped(tokio::time::sleep(doubled(FIRST_PAUSE, attempt).min(LONGEST_LOOK_AWAY))).await
            else {
                return;
            };
            attempt += 1;
        }
    }

    /// The effect and its record in the inbox, in one transaction.
    async fn effect(&self, message: &Message) -> Result<(), Problem> {
        let Some(handler) = self.handlers.of(&message.kind) else { return Ok(()) };
        let event: CloudEvent = serde_json::from_slice(&message.payload)
            .map_err(|error| Problem::internal(format!("event {} is no CloudEvent: {error}", message.id)))?;
        let labels = [("service", self.db.service().to_string()), ("type", message.kind.clone())];
        let started = Instant::now();
        let span = tracing::info_span!("event", service = %self.db.service(), request_id = %event.id, kind = event.kind, trace_id = tracing::field::Empty);
        let caller =
            event.traceparent.as_deref().and_then(|p| TraceContext::from_texts(p, event.tracestate.as_deref()));
        let trace = trace_context::begin(&span, caller);
        let scope = Scope {
            request_id: event.id.to_string(),
            correlation_id: event.correlationid.clone(),
            causation_id: Some(event.id.to_string()),
            trace,
            deadline: started + TIME_TO_HANDLE,
            asker: Arc::default(),
        };
        let work = async {
            let mut tx = self.db.begin().await?;
            if !inbox::record(&mut tx, event.id, &event.kind).await? {
                return Ok(());
            }
            handler.handle(self.app.clone(), event, tx).await.map(drop)
        };
        // A handler that panics over one event must not keep the service from all others by taking it down again and again.
        let work = AssertUnwindSafe(scope.run(work.instrument(span))).catch_unwind();
        let result = match tokio::time::timeout(TIME_TO_HANDLE, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Problem::internal(format!("panicked: {}", panic_message(&*panic)))),
            Err(_) => Err(Problem::unavailable("the effect took too long")),
        };
        let outcome = if result.is_ok() { "done" } else { "failed" };
        metrics::counter!(
            names::EVENTS_HANDLED_TOTAL,
            [labels.as_slice(), &[("outcome", outcome.to_owned())]].concat().as_slice()
        )
        .increment(1);
        metrics::histogram!(names::EVENT_DURATION_SECONDS, labels.as_slice()).record(started.elapsed().as_secs_f64());
        result
    }

    /// Runs `session` again and again, with growing pauses while it fails, until stopped.
    async fn persistently<F: Future<Output = Result<(), BusError>>>(&self, what: &str, session: impl Fn() -> F) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            let started = Instant::now();
            if let Err(error) = session().await {
                failures = if started.elapsed() > WAIT * 2 { 1 } else { failures + 1 };
                tracing::warn!(%error, service = %self.db.service(), from = what, "events cannot be read; trying again");
                let _stopped = self.unless_stopped(tokio::time::sleep(doubled(FIRST_PAUSE, failures))).await;
            }
        }
    }

    async fn unless_stopped<F: Future>(&self, work: F) -> Option<F::Output> {
        self.stop.run_until_cancelled(work).await
    }
}

/// A subscription that commits now and then, not after each read: what is read again after a crash has no effect twice.
struct Reader {
    subscription: Box<dyn Subscription>,
    /// Since when there has been something to commit.
    uncommitted: Option<Instant>,
}

impl Reader {
    fn new(subscription: Box<dyn Subscription>) -> Self {
        Reader { subscription, uncommitted: None }
    }

    async fn next(&mut self) -> Result<Vec<Message>, BusError> {
        let wait = self.uncommitted.map_or(WAIT, |since| COMMIT_AFTER.saturating_sub(since.elapsed()));
        let read = self.subscription.next(BATCH, wait).await?;
        if !read.is_empty() {
            self.uncommitted.get_or_insert_with(Instant::now);
        }
        Ok(read)
    }

    /// All that was read is done.
    async fn done(&mut self) -> Result<(), BusError> {
        if self.uncommitted.is_some_and(|since| since.elapsed() >= COMMIT_AFTER) { self.commit().await } else { Ok(()) }
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        if self.uncommitted.take().is_some() { self.subscription.commit().await } else { Ok(()) }
    }
}

/// What became of a delivery.
#[derive(PartialEq)]
enum Outcome {
    Done(Receipt),
    Failed,
    DatabaseAway,
}

impl Outcome {
    fn done(self) -> Option<Receipt> {
        match self {
            Outcome::Done(receipt) => Some(receipt),
            Outcome::Failed | Outcome::DatabaseAway => None,
        }
    }
}

/// How long a message is given back for: 200 ms, 800 ms, 3.2 s, then 12.8 s. The fifth delivery is the last, so the time until then
/// must be enough for what an event may have overtaken.
fn rest_of_delivery(first: Duration, delivery: u32) -> Duration {
    first * (1 << (2 * delivery.saturating_sub(1)).min(6))
}

/// As long at first, twice as long after each further attempt, up to 10 s.
fn doubled(first: Duration, attempt: u32) -> Duration {
    (first * (1 << attempt.saturating_sub(1).min(7))).min(Duration::from_secs(10))
}
