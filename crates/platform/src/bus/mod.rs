//! Event streams and queues, behind two small traits: what the outbox's relay, the bridges and the workers stand on.
//!
//! | | on one machine | in the cloud |
//! |---|---|---|
//! | [`Streams`] | Redis Streams | Kafka (OCI Streaming) |
//! | [`Queues`] | Redis Streams | OCI Queue |
//!
//! Both deliver at least once: whoever has an effect records the event's id in the inbox in the transaction of the effect.
//! A stream keeps the order of each key, a queue keeps none. Nothing here connects before it is first used, so a service
//! starts while the bus is down; [`Streams::ping`] and [`Queues::ping`] say when it is up.
//!
//! Invariant: nothing here waits longer than it was told, or than [`BusOptions`] allow, whatever the server does.

mod config;
mod kafka;
mod oci;
mod pace;
mod redis;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use types::{EventId, QueueName, StreamName, Timestamp};

pub use self::config::{
    BusConfig, BusOptions, KafkaConfig, OciConfig, QueueOptions, QueuesConfig, RedisConfig, SecurityProtocol,
    StreamsConfig,
};

/// The streams and queues of one process.
#[derive(Clone)]
pub struct Bus {
    pub streams: Arc<dyn Streams>,
    pub queues: Arc<dyn Queues>,
}

/// Makes the bus that `config` names; nothing is connected yet. Must be called inside a runtime.
///
/// # Errors
/// [`BusError::Configuration`] when a setting cannot be right: a URL that is none, an authority that cannot be read.
pub fn connect(config: &BusConfig, options: &BusOptions) -> Result<Bus, BusError> {
    let streams: Arc<dyn Streams> = match &config.streams {
        StreamsConfig::Redis(server) => Arc::new(redis::RedisStreams::new(server, options)?),
        StreamsConfig::Kafka(cluster) => Arc::new(kafka::KafkaStreams::new(cluster, options)?),
    };
    let queues: Arc<dyn Queues> = match &config.queues {
        QueuesConfig::Redis(server) => Arc::new(redis::RedisQueues::new(server, options)?),
        QueuesConfig::Oci(cloud) => Arc::new(oci::OciQueues::new(cloud, options)?),
    };
    Ok(Bus { streams, queues })
}

/// One event as it travels: a payload that nobody on the way opens, and what is needed to route it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: EventId,
    /// The aggregate's id: a stream keeps the order of messages with the same key.
    pub key: String,
    /// The event's type, `order.created.v1`, so that a bridge can choose without opening the payload.
    pub kind: String,
    /// A CloudEvent in JSON, at most 256 KiB (OCI Queue's limit).
    pub payload: Bytes,
    /// The W3C trace context of the request that caused the event.
    pub traceparent: Option<String>,
}

/// An append-only log that any number of consumer groups read, each at its own pace.
#[async_trait]
pub trait Streams: Send + Sync + 'static {
    /// Appends all messages in order and returns once every one is durable.
    ///
    /// # Errors
    /// Some of the messages may have been appended: callers repeat the whole call, readers tolerate duplicates.
    async fn publish(&self, stream: StreamName, messages: &[Message]) -> Result<(), BusError>;

    /// Joins the consumer group `group`, which begins at the oldest message if it is new. Needs no server yet: the place
    /// in the group is taken by the first [`Subscription::next`].
    ///
    /// # Errors
    /// [`BusError::Configuration`].
    async fn subscribe(&self, stream: StreamName, group: &str) -> Result<Box<dyn Subscription>, BusError>;

    /// How many messages of the stream the group has not committed yet.
    async fn lag(&self, stream: StreamName, group: &str) -> Result<u64, BusError>;

    /// Can the server be reached?
    async fn ping(&self) -> Result<(), BusError>;
}

/// One member of a consumer group. A partition (Redis: the whole stream) has one active member per group; another one takes
/// over when that member is dropped, or [`BusOptions::membership`] after it died, and starts behind the last commit.
#[async_trait]
pub trait Subscription: Send {
    /// Up to `max` next messages, waiting up to `wait` for the first. What was returned and never committed is delivered
    /// again to whoever is the active member after a crash, a take-over or [`Subscription::rewind`].
    ///
    /// Safe to cancel. While the server cannot be reached, errors are returned at a growing pace (within `wait`), so a loop
    /// over `next` needs no back-off of its own.
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Message>, BusError>;

    /// Declares all messages that `next` has returned so far done.
    ///
    /// # Errors
    /// [`BusError::MembershipLost`]: another member has or will have the messages; `next` goes on from the last commit.
    async fn commit(&mut self) -> Result<(), BusError>;

    /// Lets `next` deliver everything again that was not committed.
    async fn rewind(&mut self) -> Result<(), BusError>;
}

/// Work that is handed to one worker at a time, in no particular order, until a worker deletes it or it is dead.
#[async_trait]
pub trait Queues: Send + Sync + 'static {
    /// Puts all messages and returns once every one is durable.
    ///
    /// # Errors
    /// Some of the messages may have been put: callers repeat the whole call, workers tolerate duplicates.
    async fn put(&self, queue: QueueName, messages: &[Message]) -> Result<(), BusError>;

    /// Up to `max` visible messages, waiting up to `wait` for the first. Each is invisible to others for the queue's
    /// visibility timeout; one that is not deleted by then is delivered again, and after [`QueueOptions::deliveries`]
    /// deliveries becomes a dead letter. If the call is cancelled, what it had taken becomes visible again in the same way.
    async fn get(&self, queue: QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError>;

    /// Deletes delivered messages. Deleting one again, or one that was delivered again in the meantime, is no error.
    async fn delete(&self, queue: QueueName, receipts: &[Receipt]) -> Result<(), BusError>;

    /// Makes a delivered message visible again after `visibility` from now: zero returns it at once, a long time is a
    /// back-off or extends the work on it.
    ///
    /// # Errors
    /// [`BusError::StaleReceipt`] if the message was deleted or delivered again in the meantime.
    async fn set_visibility(&self, queue: QueueName, receipt: &Receipt, visibility: Duration) -> Result<(), BusError>;

    async fn depth(&self, queue: QueueName) -> Result<QueueDepth, BusError>;

    /// Up to `max` dead letters, the oldest first.
    async fn dead_letters(&self, queue: QueueName, max: usize) -> Result<Vec<DeadLetter>, BusError>;

    /// One dead letter by its id.
    async fn dead_letter(&self, queue: QueueName, id: &str) -> Result<Option<DeadLetter>, BusError>;

    /// Puts dead letters into the queue again as if they were new: those with these ids, or all. Returns how many.
    async fn redrive(&self, queue: QueueName, ids: Option<&[String]>) -> Result<u64, BusError>;

    /// Deletes a dead letter for good. False if there is none with this id.
    async fn purge(&self, queue: QueueName, id: &str) -> Result<bool, BusError>;

    /// Can the server be reached?
    async fn ping(&self) -> Result<(), BusError>;
}

/// A message as a worker gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub message: Message,
    pub receipt: Receipt,
    /// How often the message has been delivered, this time included.
    pub deliveries: u32,
}

/// Names one delivery to the queue; opaque to everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt(String);

/// A message that was delivered too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The dead letter's own id, not the event's: the same event can die twice.
    pub id: String,
    pub message: Message,
    pub deliveries: u32,
    pub died_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Messages that a worker could get now.
    pub visible: u64,
    /// Messages that were delivered and are neither deleted nor visible again.
    pub in_flight: u64,
    pub dead: u64,
    /// How long ago the oldest message, visible or in flight, was put.
    pub oldest_age: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Try again later.
    #[error("the bus cannot be reached: {0}")]
    Unavailable(String),
    /// Try again later; whether the server has done it is not known.
    #[error("the bus did not answer within {0:?}")]
    Timeout(Duration),
    /// The server understood and said no.
    #[error("the bus refused: {0}")]
    Refused(String),
    #[error(
        "the place in consumer group '{group}' of {stream} was lost; what is not committed will be delivered again"
    )]
    MembershipLost { stream: StreamName, group: String },
    #[error("the message was deleted or delivered again in the meantime")]
    StaleReceipt,
    #[error("the configuration of the bus: {0}")]
    Configuration(String),
}

impl BusError {
    /// Can the same call succeed later?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout(_) | Self::MembershipLost { .. })
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bus")
    }
}
