//! OCI Queue, version 20210201, as its documentation and SDK describe it: five queues, their channels, their messages.

mod api;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::clock::Clock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;
use types::{QueueName, Timestamp};

use super::faults::Faults;

/// Cheap to clone; clones share the messages.
#[derive(Clone)]
pub struct Queues {
    inner: Arc<Inner>,
    pub faults: Faults,
}

struct Inner {
    clock: Clock,
    stored: Mutex<Stored>,
    put: Notify,
}

#[derive(Default)]
struct Stored {
    messages: Vec<Message>,
    last_id: u64,
    requests: usize,
    deleted: BTreeMap<QueueName, usize>,
}

struct Message {
    queue: QueueName,
    id: u64,
    content: String,
    metadata: Metadata,
    created: Timestamp,
    visible_after: Instant,
    /// None as long as nobody has got it.
    receipt: Option<String>,
    deliveries: u32,
}

/// What a client asks for.
struct Wanted {
    limit: usize,
    /// Any if none is named.
    channel: Option<String>,
    /// How long what is delivered is hidden from others.
    hidden: Duration,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    channel_id: String,
    #[serde(default)]
    custom_properties: BTreeMap<String, String>,
}

/// How long a queue keeps a message.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub fn ocid(queue: QueueName) -> String {
    format!("ocid1.queue.oc1.ap-hyderabad-1.{queue}")
}

impl Queues {
    pub(super) fn new(clock: Clock) -> Self {
        let inner = Inner { clock, stored: Mutex::default(), put: Notify::new() };
        Queues { inner: Arc::new(inner), faults: Faults::default() }
    }

    /// How many requests have come so far.
    pub fn requests(&self) -> usize {
        self.stored().requests
    }

    /// How many messages of a queue have been deleted.
    pub fn deleted(&self, queue: QueueName) -> usize {
        self.stored().deleted.get(&queue).copied().unwrap_or_default()
    }

    /// Puts a message as somebody else would: nothing of ours stands with it.
    pub fn put_foreign(&self, queue: QueueName, channel: &str, content: &str) {
        let metadata = Metadata { channel_id: channel.to_owned(), ..Metadata::default() };
        self.add(queue, content.to_owned(), metadata);
    }

    /// What lies in a channel, visible or not.
    pub fn contents(&self, queue: QueueName, channel: &str) -> Vec<String> {
        let state = self.stored();
        let here = state.messages.iter().filter(|m| m.queue == queue && m.metadata.channel_id == channel);
        here.map(|m| m.content.clone()).collect()
    }

    pub(super) fn router(&self) -> Router {
        Router::new().nest("/20210201/queues/{queue}", api::router(self.clone()))
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.inner.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, queue: QueueName, content: String, metadata: Metadata) -> u64 {
        let mut state = self.stored();
        state.last_id += 1;
        // Larger than what a float holds exactly, as the service's are.
        let id = 36_028_797_018_963_968 + state.last_id;
        let (created, visible_after) = (self.inner.clock.now(), Instant::now());
        state.messages.push(Message {
            queue,
            id,
            content,
            metadata,
            created,
            visible_after,
            receipt: None,
            deliveries: 0,
        });
        drop(state);
        self.inner.put.notify_waiters();
        id
    }

    /// Delivers what is visible now; none means that nothing is, and when something will be.
    fn deliver(&self, queue: QueueName, wanted: &Wanted) -> Result<Vec<Value>, Option<Instant>> {
        let mut state = self.stored();
        let now = Instant::now();
        let here = |m: &&mut Message| {
            m.queue == queue && wanted.channel.as_ref().is_none_or(|channel| m.metadata.channel_id == *channel)
        };
        let mut delivered = Vec::new();
        let mut channel = None;
        let mut next: Option<Instant> = None;
        for message in state.messages.iter_mut().filter(here) {
            if message.visible_after > now {
                next = Some(next.map_or(message.visible_after, |next| next.min(message.visible_after)));
                continue;
            }
            // All of one answer are of one channel.
            if delivered.len() == wanted.limit
                || *channel.get_or_insert(message.metadata.channel_id.clone()) != message.metadata.channel_id
            {
                continue;
            }

            message.deliveries += 1;
            message.visible_after = now + wanted.hidden;
            let receipt = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
            message.receipt = Some(receipt.clone());
            delivered.push(json!({
                "id": message.id, "content": message.content, "receipt": receipt, "deliveryCount": message.deliveries,
                "visibleAfter": self.inner.clock.now().plus(wanted.hidden), "expireAfter": message.created.plus(RETENTION),
                "createdAt": message.created, "metadata": message.metadata,
            }));
        }
        if delivered.is_empty() { Err(next) } else { Ok(delivered) }
    }

    /// What is done with the message that a receipt stands for, as long as it is hidden by it.
    fn with_receipt<T>(&self, queue: QueueName, receipt: &str, act: impl FnOnce(&mut Stored, usize) -> T) -> Option<T> {
        let mut state = self.stored();
        let now = Instant::now();
        let at = state
            .messages
            .iter()
            .position(|m| m.queue == queue && m.receipt.as_deref() == Some(receipt) && m.visible_after > now)?;
        Some(act(&mut state, at))
    }

    fn hide(&self, queue: QueueName, receipt: &str, seconds: u64) -> Option<Value> {
        let hidden = Duration::from_secs(seconds);
        let visible_after = self.inner.clock.now().plus(hidden);
        let updated = self.with_receipt(queue, receipt, |state, at| {
            let message = &mut state.messages[at];
            message.visible_after = Instant::now() + hidden;
            json!({ "id": message.id, "visibleAfter": visible_after })
        });
        self.inner.put.notify_waiters();
        updated
    }

    fn remove(&self, queue: QueueName, receipt: &str) -> bool {
        let removed = self.with_receipt(queue, receipt, |stored, at| {
            stored.messages.remove(at);
            *stored.deleted.entry(queue).or_default() += 1;
        });
        removed.is_some()
    }
}
