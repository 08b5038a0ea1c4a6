//! Events that a test sends to the service, and those that it hears from it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Display;
use std::time::Duration;

use contracts::{CloudEvent, Event};
use platform::bus::{Bus, Message, Subscription};
use platform::topology::Topology;
use tokio::sync::Mutex;
use types::{EventId, StreamName};
use uuid::Uuid;

use super::{PATIENCE, TestService};
use crate::eventually;

/// An event that the service has published.
#[derive(Clone, Debug)]
pub struct Published<E> {
    pub id: EventId,
    pub subject: String,
    pub version: i64,
    pub data: E,
}

impl TestService {
    /// Publishes an event as its producer would, and returns once the service has had its effect.
    ///
    /// # Panics
    /// If the effect fails until the event is put aside, or does not happen in time.
    pub async fn deliver<E: Event>(&self, subject: impl Display, version: i64, event: &E) -> EventId {
        let id = EventId::new();
        self.deliver_as(id, subject, version, event).await;
        id
    }

    /// The same with an id of the test's choice: an event that is delivered again has the id that it had before.
    pub async fn deliver_as<E: Event>(&self, id: EventId, subject: impl Display, version: i64, event: &E) {
        self.publish_as(id, subject, version, event).await;
        self.settled().await;
        let done: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM inbox WHERE event_id = $1)")
            .bind(id.0)
            .fetch_one(&self.pool)
            .await
            .expect("the inbox");
        assert!(done, "{} {id} had no effect: the service has no handler for it, or it failed every time", E::TYPE);
    }

    /// Publishes an event and does not wait.
    pub async fn publish<E: Event>(&self, subject: impl Display, version: i64, event: &E) -> EventId {
        let id = EventId::new();
        self.publish_as(id, subject, version, event).await;
        id
    }

    async fn publish_as<E: Event>(&self, id: EventId, subject: impl Display, version: i64, event: &E) {
        let producers = Topology::embedded().expect("the topology").producers_of(E::TYPE);
        let envelope = CloudEvent {
            specversion: CloudEvent::SPEC_VERSION.to_owned(),
            id,
            source: *producers.first().unwrap_or_else(|| panic!("nobody publishes {}", E::TYPE)),
            kind: E::TYPE.to_owned(),
            subject: subject.to_string(),
            time: self.clock.now(),
            datacontenttype: CloudEvent::CONTENT_TYPE.to_owned(),
            aggregateversion: version,
            correlationid: Uuid::now_v7().to_string(),
            causationid: None,
            traceparent: None,
            tracestate: None,
            data: serde_json::to_value(event).expect("JSON"),
        };
        let message = Message {
            id,
            key: envelope.subject.clone(),
            kind: envelope.kind.clone(),
            payload: serde_json::to_vec(&envelope).expect("JSON").into(),
            traceparent: None,
        };
        self.bus.streams.publish(E::STREAM, &[message]).await.expect("the streams take it");
    }

    /// Waits until the service has nothing left to hear: what was published before this has had its effect or failed for good.
    pub async fn settled(&self) {
        let topology = Topology::embedded().expect("the topology");
        let queue = topology.queue_of(self.name);
        let group = queue.map_or(self.name.as_str(), |queue| queue.as_str());
        eventually(PATIENCE, async || {
            for stream in &self.hears {
                let lag = self.bus.streams.lag(*stream, group).await.map_err(|e| e.to_string())?;
                if lag > 0 {
                    return Err(format!("{lag} events of {stream} wait"));
                }
            }
            let Some(queue) = queue else { return Ok(()) };
            let depth = self.bus.queues.depth(queue).await.map_err(|e| e.to_string())?;
            match depth.visible + depth.in_flight {
                0 => Ok(()),
                waiting => Err(format!("{waiting} events wait in {queue}")),
            }
        })
        .await;
    }

    /// What the service has published of this type so far, in the stream's order.
    pub async fn published<E: Event>(&self) -> Vec<Published<E>> {
        let all = self.log.of(E::STREAM).await;
        all.iter().filter(|event| event.source == self.name).filter_map(Published::read).collect()
    }

    /// Waits until the service has published such an event.
    pub async fn publishes<E: Event>(&self, is_it: impl Fn(&E) -> bool) -> Published<E> {
        eventually(PATIENCE, async || self.published::<E>().await.into_iter().find(|event| is_it(&event.data))).await
    }
}

impl<E: Event> Published<E> {
    fn read(event: &CloudEvent) -> Option<Self> {
        let data = event.data_as()?.expect("data of the event's type");
        Some(Published { id: event.id, subject: event.subject.clone(), version: event.aggregateversion, data })
    }
}

/// Reads along with the streams.
pub(super) struct Log {
    bus: Bus,
    heard: Mutex<BTreeMap<StreamName, Heard>>,
}

struct Heard {
    subscription: Box<dyn Subscription>,
    events: Vec<CloudEvent>,
}

impl Log {
    pub(super) fn new(bus: Bus) -> Self {
        Log { bus, heard: Mutex::default() }
    }

    /// All events of a stream so far, each once.
    async fn of(&self, stream: StreamName) -> Vec<CloudEvent> {
        let mut heard = self.heard.lock().await;
        let Heard { subscription, events } = match heard.entry(stream) {
            Entry::Occupied(heard) => heard.into_mut(),
            Entry::Vacant(place) => {
                let subscription = self.bus.streams.subscribe(stream, "test").await.expect("a subscription");
                place.insert(Heard { subscription, events: Vec::new() })
            }
        };
        loop {
            let messages = subscription.next(500, Duration::from_millis(20)).await.expect("the stream");
            if messages.is_empty() {
                return events.clone();
            }
            for message in messages {
                let event: CloudEvent = serde_json::from_slice(&message.payload).expect("a CloudEvent");
                if events.iter().all(|known| known.id != event.id) {
                    events.push(event);
                }
            }
        }
    }
}
