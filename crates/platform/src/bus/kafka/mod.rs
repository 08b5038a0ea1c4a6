//! Streams on Kafka, by librdkafka: OCI Streaming in the cloud.
//!
//! A topic must exist before it is used: the infrastructure creates it, with its partitions and retention.
//!
//! What librdkafka does only by blocking runs on the runtime's blocking threads, each call with its own time-out.

mod subscription;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use types::StreamName;

use self::subscription::KafkaSubscription;
use super::{BusError, BusOptions, KafkaConfig, Message, Streams, Subscription};

const ID: &str = "id";
const KIND: &str = "kind";
const TRACEPARENT: &str = "traceparent";

pub struct KafkaStreams {
    client: ClientConfig,
    idempotence: bool,
    answer_within: Duration,
    membership: Duration,
    /// Replaced when librdkafka says that it will never send again.
    producer: Mutex<FutureProducer>,
    /// One reader of committed offsets per group that was asked for.
    observers: Mutex<HashMap<String, Arc<BaseConsumer>>>,
}

impl KafkaStreams {
    pub fn new(cluster: &KafkaConfig, options: &BusOptions) -> Result<Self, BusError> {
        let mut client = ClientConfig::new();
        client
            .set("client.id", "haat")
            .set("bootstrap.servers", &cluster.brokers)
            .set("security.protocol", cluster.security_protocol.as_str())
            .set("allow.auto.create.topics", "false")
            .set("socket.keepalive.enable", "true")
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000");
        if cluster.security_protocol.authenticates() {
            client.set("sasl.mechanism", "PLAIN");
            client.set("sasl.username", cluster.username.as_deref().unwrap_or_default());
            client.set("sasl.password", cluster.password.as_deref().unwrap_or_default());
        }
        if let Some(ca) = &cluster.ca {
            client.set("ssl.ca.location", ca.to_string_lossy());
        }
        Ok(KafkaStreams {
            producer: Mutex::new(producer(&client, cluster.idempotence, options.answer_within)?),
            idempotence: cluster.idempotence,
            answer_within: options.answer_within,
            membership: options.membership,
            observers: Mutex::default(),
            client,
        })
    }

    /// The producer, or a new one if it has failed for good.
    fn producer(&self) -> Result<FutureProducer, BusError> {
        let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((code, reason)) = current.client().fatal_error() {
            tracing::error!(?code, reason, "the Kafka producer failed for good and is replaced");
            *current = producer(&self.client, self.idempotence, self.answer_within)?;
        }
        Ok(current.clone())
    }

    fn observer(&self, group: &str) -> Result<Arc<BaseConsumer>, BusError> {
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observers.get(group) {
            return Ok(Arc::clone(observer));
        }
        let observer: BaseConsumer =
            self.client.clone().set("group.id", group).set("enable.auto.commit", "false").create().map_err(failure)?;
        let observer = Arc::new(observer);
        observers.insert(group.to_owned(), Arc::clone(&observer));
        Ok(observer)
    }
}

#[async_trait]
impl Streams for KafkaStreams {
    async fn publish(&self, stream: StreamName, messages: &[Message]) -> Result<(), BusError> {
        let producer = self.producer()?;
        let deadline = Instant::now() + self.answer_within;
        let mut on_the_way = Vec::with_capacity(messages.len());
        for message in messages {
            let mut headers = OwnedHeaders::new_with_capacity(3)
                .insert(Header { key: ID, value: Some(&message.id.to_string()) })
                .insert(Header { key: KIND, value: Some(&message.kind) });
            if let Some(traceparent) = &message.traceparent {
                headers = headers.insert(Header { key: TRACEPARENT, value: Some(traceparent) });
            }
            let mut record =
                FutureRecord::to(stream.as_str()).key(&message.key).payload(message.payload.as_ref()).headers(headers);
            loop {
                match producer.send_result(record) {
                    Ok(delivery) => break on_the_way.push(delivery),
                    // librdkafka's queue is full: it empties as brokers answer.
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent))
                        if Instant::now() < deadline =>
                    {
                        record = unsent;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Err((error, _)) => return Err(failure(error)),
                }
            }
        }
        // librdkafka gives up by itself after `answer_within`; the margin is for its telling us.
        let within = self.answer_within + Duration::from_secs(1);
        let delivered = tokio::time::timeout(within, join_all(on_the_way));
        for outcome in delivered.await.map_err(|_| BusError::Timeout(within))? {
            match outcome {
                Ok(Ok(_)) => {}
                Ok(Err((error, _))) => return Err(failure(error)),
                Err(_) => return Err(BusError::Unavailable("the producer was replaced".to_owned())),
            }
        }
        Ok(())
    }

    async fn subscribe(&self, stream: StreamName, group: &str) -> Result<Box<dyn Subscription>, BusError> {
        let subscription = KafkaSubscription::new(&self.client, stream, group, self.membership, self.answer_within)?;
        Ok(Box::new(subscription))
    }

    async fn lag(&self, stream: StreamName, group: &str) -> Result<u64, BusError> {
        let observer = self.observer(group)?;
        let within = self.answer_within;
        blocking(within * 3, move || {
            // What librdkafka has to say piles up until it is taken.
            while observer.poll(Duration::ZERO).is_some() {}
            let mut partitions = TopicPartitionList::new();
            for topic in observer.fetch_metadata(Some(stream.as_str()), within)?.topics() {
                for partition in topic.partitions() {
                    partitions.add_partition(topic.name(), partition.id());
                }
            }
            let mut lag = 0;
            for place in observer.committed_offsets(partitions, within)?.elements() {
                let (low, high) = observer.fetch_watermarks(place.topic(), place.partition(), within)?;
                let committed = match place.offset() {
                    Offset::Offset(offset) => offset.max(low),
                    _ => low,
                };
                lag += u64::try_from(high - committed).unwrap_or_default();
            }
            Ok(lag)
        })
        .await
    }

    async fn ping(&self) -> Result<(), BusError> {
        let producer = self.producer()?;
        let within = self.answer_within;
        blocking(within + Duration::from_secs(1), move || {
            producer.client().fetch_metadata(Some(StreamName::User.as_str()), within).map(|_| ())
        })
        .await
    }
}

fn producer(client: &ClientConfig, idempotence: bool, within: Duration) -> Result<FutureProducer, BusError> {
    let mut config = client.clone();
    config
        .set("acks", "all")
        .set("enable.idempotence", idempotence.to_string())
        // More than one would let a repeated request overtake.
        .set("max.in.flight.requests.per.connection", "1")
        .set("linger.ms", "1")
        .set("retry.backoff.ms", "50")
        .set("message.timeout.ms", within.as_millis().to_string());
    config.create().map_err(failure)
}

/// Runs what blocks, and waits for it no longer than `within`.
async fn blocking<T: Send + 'static>(
    within: Duration,
    run: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, BusError> {
    match tokio::time::timeout(within, tokio::task::spawn_blocking(run)).await {
        Ok(Ok(outcome)) => outcome.map_err(failure),
        Ok(Err(stopped)) => Err(BusError::Unavailable(stopped.to_string())),
        Err(_) => Err(BusError::Timeout(within)),
    }
}

fn failure(error: KafkaError) -> BusError {
    use RDKafkaErrorCode as Code;
    let refused = [
        Code::MessageSizeTooLarge,
        Code::InvalidMessage,
        Code::UnknownTopic,
        Code::UnknownTopicOrPartition,
        Code::UnknownPartition,
        Code::TopicAuthorizationFailed,
        Code::GroupAuthorizationFailed,
        Code::ClusterAuthorizationFailed,
        Code::SaslAuthenticationFailed,
        Code::Authentication,
    ];
    match error {
        // Their texts name the setting and its value, which may be the password.
        KafkaError::ClientConfig(_, reason, setting, _) => BusError::Configuration(format!("{setting}: {reason}")),
        KafkaError::ClientCreation(reason) => BusError::Configuration(reason),
        error => match error.rdkafka_error_code() {
            Some(code) if refused.contains(&code) => BusError::Refused(error.to_string()),
            _ => BusError::Unavailable(error.to_string()),
        },
    }
}
