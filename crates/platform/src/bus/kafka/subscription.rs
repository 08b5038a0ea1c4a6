use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use types::StreamName;

use super::diagnosis::{Diagnosis, failure, is_of_connections};
use super::{ID, KIND, TRACEPARENT, blocking};
use crate::bus::{BusError, Message, Subscription};

/// Between two attempts to commit.
const PAUSE: Duration = Duration::from_millis(100);

pub struct KafkaSubscription {
    /// None only while it is dropped.
    consumer: Option<Arc<StreamConsumer<Watch>>>,
    stream: StreamName,
    group: String,
    answer_within: Duration,
    /// By partition, what was returned and is not committed.
    uncommitted: BTreeMap<i32, Returned>,
    /// How often partitions had been taken from us when these were returned.
    revocations: u64,
}

#[derive(Clone, Copy)]
struct Returned {
    first: i64,
    last: i64,
}

/// Counts how often partitions were taken from this member, and hears what connections suffer from.
struct Watch {
    revocations: AtomicU64,
    diagnosis: Arc<Diagnosis>,
}

impl ClientContext for Watch {
    fn error(&self, error: KafkaError, reason: &str) {
        self.diagnosis.note(&error, reason);
    }
}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if !matches!(rebalance, Rebalance::Assign(_)) {
            self.revocations.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl KafkaSubscription {
    /// `within`: how long a dead member keeps its place, and how long an answer may take.
    pub fn new(
        client: &ClientConfig,
        diagnosis: Arc<Diagnosis>,
        stream: StreamName,
        group: &str,
        (membership, answer_within): (Duration, Duration),
    ) -> Result<Self, BusError> {
        let mut config = client.clone();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", membership.as_millis().to_string())
            .set("heartbeat.interval.ms", (membership / 3).as_millis().to_string())
            // As OCI's examples have it: no more than one request may carry.
            .set("max.partition.fetch.bytes", "1048576")
            .set("fetch.error.backoff.ms", "100");
        let watch = Watch { revocations: AtomicU64::new(0), diagnosis };
        let consumer: StreamConsumer<Watch> = config.create_with_context(watch).map_err(failure)?;
        consumer.subscribe(&[stream.as_str()]).map_err(failure)?;
        Ok(KafkaSubscription {
            consumer: Some(Arc::new(consumer)),
            stream,
            group: group.to_owned(),
            answer_within,
            uncommitted: BTreeMap::new(),
            revocations: 0,
        })
    }

    fn consumer(&self) -> Result<Arc<StreamConsumer<Watch>>, BusError> {
        self.consumer.clone().ok_or_else(|| BusError::Unavailable("closed".to_owned()))
    }

    /// Were partitions taken from us since the first message that is not committed?
    fn is_revoked(&self, consumer: &StreamConsumer<Watch>) -> bool {
        consumer.context().revocations.load(Ordering::SeqCst) != self.revocations
    }

    fn note(&mut self, consumer: &StreamConsumer<Watch>, record: &BorrowedMessage<'_>) {
        let revocations = consumer.context().revocations.load(Ordering::SeqCst);
        if self.revocations != revocations {
            // A new assignment began at the last commit: what was returned before it is not ours to commit any more.
            self.uncommitted.clear();
            self.revocations = revocations;
        }
        let offset = record.offset();
        let returned = self.uncommitted.entry(record.partition()).or_insert(Returned { first: offset, last: offset });
        returned.last = offset;
    }

    fn list(&self, place: impl Fn(Returned) -> i64) -> Result<TopicPartitionList, BusError> {
        let mut list = TopicPartitionList::new();
        for (&partition, &returned) in &self.uncommitted {
            let offset = Offset::Offset(place(returned));
            list.add_partition_offset(self.stream.as_str(), partition, offset).map_err(failure)?;
        }
        Ok(list)
    }

    /// After a wait in which connections failed and nothing came: are there brokers that answer now?
    async fn look_for_brokers(&self, consumer: Arc<StreamConsumer<Watch>>) -> Result<(), BusError> {
        let (topic, within) = (self.stream.as_str(), self.answer_within);
        let diagnosis = Arc::clone(&consumer.context().diagnosis);
        let look = move || consumer.fetch_metadata(Some(topic), within).map(|_| ());
        blocking(within + Duration::from_secs(1), diagnosis, look).await
    }

    /// Repeats what a cut connection undoes, up to `answer_within`, but not once the partitions are somebody else's: brokers do not ask
    /// whose they are, and would go back to our place.
    async fn commit_offsets(&self, consumer: Arc<StreamConsumer<Watch>>) -> Result<Result<(), KafkaError>, BusError> {
        let deadline = Instant::now() + self.answer_within;
        let diagnosis = &consumer.context().diagnosis;
        loop {
            if self.is_revoked(&consumer) {
                return Ok(Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::AssignmentLost)));
            }
            let offsets = self.list(|returned| returned.last + 1)?;
            let left = deadline.saturating_duration_since(Instant::now());
            let commit = {
                let consumer = Arc::clone(&consumer);
                tokio::task::spawn_blocking(move || consumer.commit(&offsets, CommitMode::Sync))
            };
            match tokio::time::timeout(left, commit).await {
                Ok(Ok(Err(error)))
                    if is_of_connections(&error) && !diagnosis.is_refused() && Instant::now() + PAUSE < deadline =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(Ok(outcome)) => return Ok(outcome),
                Ok(Err(stopped)) => return Err(BusError::Unavailable(stopped.to_string())),
                Err(_) => return Err(diagnosis.explain_silence(self.answer_within)),
            }
        }
    }

    fn lost(&mut self) -> BusError {
        self.uncommitted.clear();
        BusError::MembershipLost { stream: self.stream, group: self.group.clone() }
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Message>, BusError> {
        let consumer = self.consumer()?;
        let diagnosis = Arc::clone(&consumer.context().diagnosis);
        let deadline = Instant::now() + wait;
        let mut messages = Vec::new();
        while messages.len() < max.max(1) {
            let received = if messages.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                tokio::time::timeout(left, consumer.recv()).await.ok()
            } else {
                consumer.recv().now_or_never()
            };
            match received {
                None => break,
                Some(Ok(record)) => {
                    diagnosis.all_is_well();
                    self.note(&consumer, &record);
                    messages.extend(message(&record));
                }
                // librdkafka connects again and this member keeps its place, which it would lose if its caller gave up.
                Some(Err(error)) if is_of_connections(&error) && !diagnosis.is_refused() => {}
                Some(Err(error)) if messages.is_empty() => return Err(diagnosis.explain(error)),
                Some(Err(error)) => {
                    tracing::warn!(%error, stream = %self.stream, group = self.group, "reading ended early");
                    break;
                }
            }
        }
        if messages.is_empty() && diagnosis.is_ill() {
            self.look_for_brokers(consumer).await?;
        }
        Ok(messages)
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        if self.uncommitted.is_empty() {
            return Ok(());
        }
        let consumer = self.consumer()?;
        match self.commit_offsets(Arc::clone(&consumer)).await? {
            Ok(()) => {
                consumer.context().diagnosis.all_is_well();
                self.uncommitted.clear();
                Ok(())
            }
            Err(error) => match error.rdkafka_error_code() {
                Some(
                    RDKafkaErrorCode::UnknownMemberId
                    | RDKafkaErrorCode::IllegalGeneration
                    | RDKafkaErrorCode::RebalanceInProgress
                    | RDKafkaErrorCode::FencedInstanceId
                    | RDKafkaErrorCode::AssignmentLost,
                ) => {
                    // Usually the partitions are taken next and begin at the last commit; if not, we go back ourselves.
                    if let Err(error) = self.rewind().await {
                        tracing::debug!(%error, stream = %self.stream, group = self.group, "nothing to go back in");
                    }
                    Err(self.lost())
                }
                _ => Err(consumer.context().diagnosis.explain(error)),
            },
        }
    }

    async fn rewind(&mut self) -> Result<(), BusError> {
        let consumer = self.consumer()?;
        // Partitions that were taken from us begin at the last commit anyway, wherever they are now.
        if !self.uncommitted.is_empty() && !self.is_revoked(&consumer) {
            let offsets = self.list(|returned| returned.first)?;
            let within = self.answer_within;
            let diagnosis = Arc::clone(&consumer.context().diagnosis);
            blocking(within, diagnosis, move || consumer.seek_partitions(offsets, within)).await?;
        }
        self.uncommitted.clear();
        Ok(())
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        let consumer = self.consumer.take();
        // Leaving the group blocks until the broker has been told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}

/// None, with a line in the log, for a record that nobody of us can have written.
fn message(record: &BorrowedMessage<'_>) -> Option<Message> {
    let header = |name: &str| {
        let found = record.headers()?.iter().find(|h| h.key == name)?;
        std::str::from_utf8(found.value?).ok().map(str::to_owned)
    };
    let message = (|| {
        Some(Message {
            id: header(ID)?.parse().ok()?,
            key: std::str::from_utf8(record.key()?).ok()?.to_owned(),
            kind: header(KIND)?,
            payload: Bytes::copy_from_slice(record.payload().unwrap_or_default()),
            traceparent: header(TRACEPARENT),
        })
    })();
    if message.is_none() {
        let (topic, partition, offset) = (record.topic(), record.partition(), record.offset());
        tracing::error!(topic, partition, offset, "passed over a record that is no message");
    }
    message
}
