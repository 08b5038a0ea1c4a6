//! Streams on Kafka, by librdkafka: OCI Streaming in the cloud.
//!
//! A topic must exist before it is used: the infrastructure creates it, with its partitions and retention.
//!
//! OCI Streaming is not all of Kafka. It has no idempotent producers and no transactions, and it closes connections now and then to
//! spread its clients, so that a request may have been done without an answer
//! (<https://docs.oracle.com/en-us/iaas/Content/Streaming/Tasks/kafkacompatibility.htm>): librdkafka connects again and repeats, and
//! nobody here gives up a place in a group for that. It takes 1 MB a request, and of each partition 1 MB a second written and five
//! reads a second for each group
//! (<https://docs.oracle.com/iaas/Content/Streaming/Concepts/streamingoverview_topic-Limits_on_Streaming_Resources.htm>).
//!
//! What librdkafka does only by blocking runs on the runtime's blocking threads, each call with its own time-out.

mod diagnosis;
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

use self::diagnosis::{Diagnosis, Listener, failure};
use self::subscription::KafkaSubscription;
use super::{BusError, BusOptions, KafkaConfig, Message, Streams, Subscription};

const ID: &str = "id";
const KIND: &str = "kind";
const TRACEPARENT: &str = "traceparent";
/// In bytes; a request is one partition's batch and a little around it, and has to stay below OCI's 1 MB, be it 10^6 or 2^20.
const BATCH: usize = 950_000;
const LARGEST_REQUEST: usize = 1_000_000;

pub struct KafkaStreams {
    client: ClientConfig,
    /// To be kept out of what brokers say.
    password: Option<String>,
    idempotence: bool,
    answer_within: Duration,
    membership: Duration,
    /// Replaced when librdkafka says that it will never send again.
    producer: Mutex<Sender>,
    /// One reader of committed offsets per group that was asked for.
    observers: Mutex<HashMap<String, Observer>>,
}

#[derive(Clone)]
struct Sender {
    producer: FutureProducer<Listener>,
    diagnosis: Arc<Diagnosis>,
}

#[derive(Clone)]
struct Observer {
    consumer: Arc<BaseConsumer<Listener>>,
    diagnosis: Arc<Diagnosis>,
}

impl KafkaStreams {
    pub fn new(cluster: &KafkaConfig, options: &BusOptions) -> Result<Self, BusError> {
        let password = cluster.password.clone().filter(|_| cluster.security_protocol.authenticates());
        let client = client(cluster, password.as_deref(), options.answer_within);
        Ok(KafkaStreams {
            producer: Mutex::new(sender(&client, password.as_deref(), cluster.idempotence, options.answer_within)?),
            password,
            idempotence: cluster.idempotence,
            answer_within: options.answer_within,
            membership: options.membership,
            observers: Mutex::default(),
            client,
        })
    }

    /// The producer, or a new one if it has failed for good.
    fn sender(&self) -> Result<Sender, BusError> {
        let mut current = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((code, reason)) = current.producer.client().fatal_error() {
            tracing::error!(?code, reason, "the Kafka producer failed for good and is replaced");
            *current = sender(&self.client, self.password.as_deref(), self.idempotence, self.answer_within)?;
        }
        Ok(current.clone())
    }

    fn observer(&self, group: &str) -> Result<Observer, BusError> {
        let mut observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observers.get(group) {
            return Ok(observer.clone());
        }
        let diagnosis = Diagnosis::new(self.password.as_deref());
        let mut config = self.client.clone();
        config.set("group.id", group).set("enable.auto.commit", "false");
        let consumer = config.create_with_context(Listener(Arc::clone(&diagnosis))).map_err(failure)?;
        let observer = Observer { consumer: Arc::new(consumer), diagnosis };
        observers.insert(group.to_owned(), observer.clone());
        Ok(observer)
    }
}

#[async_trait]
impl Streams for KafkaStreams {
    async fn publish(&self, stream: StreamName, messages: &[Message]) -> Result<(), BusError> {
        let Sender { producer, diagnosis } = self.sender()?;
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
                    Err((error, _)) => return Err(diagnosis.explain(error)),
                }
            }
        }
        // librdkafka gives up by itself after `answer_within`; the margin is for its telling us.
        let within = self.answer_within + Duration::from_secs(1);
        let delivered = tokio::time::timeout(within, join_all(on_the_way));
        for outcome in delivered.await.map_err(|_| diagnosis.explain_silence(within))? {
            match outcome {
                Ok(Ok(_)) => diagnosis.all_is_well(),
                Ok(Err((error, _))) => return Err(diagnosis.explain(error)),
                Err(_) => return Err(BusError::Unavailable("the producer was replaced".to_owned())),
            }
        }
        Ok(())
    }

    async fn subscribe(&self, stream: StreamName, group: &str) -> Result<Box<dyn Subscription>, BusError> {
        let diagnosis = Diagnosis::new(self.password.as_deref());
        let within = (self.membership, self.answer_within);
        Ok(Box::new(KafkaSubscription::new(&self.client, diagnosis, stream, group, within)?))
    }

    async fn lag(&self, stream: StreamName, group: &str) -> Result<u64, BusError> {
        let Observer { consumer, diagnosis } = self.observer(group)?;
        let within = self.answer_within;
        blocking(within * 3, diagnosis, move || {
            let lag = lag(&consumer, stream, within);
            // What librdkafka has to say piles up until it is taken, also why it failed. Without a moment to wait, this would end
            // with the first line for the log.
            while consumer.poll(Duration::from_millis(10)).is_some() {}
            lag
        })
        .await
    }

    async fn ping(&self) -> Result<(), BusError> {
        let Sender { producer, diagnosis } = self.sender()?;
        let within = self.answer_within;
        blocking(within + Duration::from_secs(1), diagnosis, move || {
            producer.client().fetch_metadata(Some(StreamName::User.as_str()), within).map(|_| ())
        })
        .await
    }
}

/// What every client of the cluster is told.
fn client(cluster: &KafkaConfig, password: Option<&str>, answer_within: Duration) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("client.id", "haat")
        .set("bootstrap.servers", &cluster.brokers)
        .set("security.protocol", cluster.security_protocol.as_str())
        .set("ssl.endpoint.identification.algorithm", "https")
        .set("allow.auto.create.topics", "false")
        .set("enable.metrics.push", "false")
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true")
        // A connection that the network forgot answers nothing, and is no error to anybody: by default for a minute.
        .set("socket.timeout.ms", answer_within.as_millis().to_string())
        .set("socket.connection.setup.timeout.ms", answer_within.as_millis().max(1000).to_string())
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000");
    if let Some(password) = password {
        client.set("sasl.mechanism", "PLAIN");
        client.set("sasl.username", cluster.username.as_deref().unwrap_or_default());
        client.set("sasl.password", password);
    }
    if let Some(ca) = &cluster.ca {
        client.set("ssl.ca.location", ca.to_string_lossy());
    }
    client
}

fn sender(
    client: &ClientConfig,
    password: Option<&str>,
    idempotence: bool,
    within: Duration,
) -> Result<Sender, BusError> {
    let mut config = client.clone();
    config
        .set("acks", "all")
        .set("enable.idempotence", idempotence.to_string())
        // More than one would let a repeated request overtake.
        .set("max.in.flight.requests.per.connection", "1")
        .set("linger.ms", "1")
        .set("batch.size", BATCH.to_string())
        .set("message.max.bytes", LARGEST_REQUEST.to_string())
        // Of the codecs, OCI's documents name gzip only, and an event is small
        // (<https://docs.oracle.com/en/cloud/paas/integration-cloud/stream-service-adapter/streaming-service-adapter-restrictions.html>).
        .set("compression.codec", "none")
        .set("retry.backoff.ms", "50")
        .set("message.timeout.ms", within.as_millis().to_string());
    let diagnosis = Diagnosis::new(password);
    let producer = config.create_with_context(Listener(Arc::clone(&diagnosis))).map_err(failure)?;
    Ok(Sender { producer, diagnosis })
}

/// Blocks up to `within` for each answer.
fn lag(consumer: &BaseConsumer<Listener>, stream: StreamName, within: Duration) -> Result<u64, KafkaError> {
    let mut partitions = TopicPartitionList::new();
    for topic in consumer.fetch_metadata(Some(stream.as_str()), within)?.topics() {
        for partition in topic.partitions() {
            partitions.add_partition(topic.name(), partition.id());
        }
    }
    let mut lag = 0;
    for place in consumer.committed_offsets(partitions, within)?.elements() {
        let (low, high) = consumer.fetch_watermarks(place.topic(), place.partition(), within)?;
        let committed = match place.offset() {
            Offset::Offset(offset) => offset.max(low),
            _ => low,
        };
        lag += u64::try_from(high - committed).unwrap_or_default();
    }
    Ok(lag)
}

/// Runs what blocks, and waits for it no longer than `within`.
async fn blocking<T: Send + 'static>(
    within: Duration,
    diagnosis: Arc<Diagnosis>,
    run: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, BusError> {
    match tokio::time::timeout(within, tokio::task::spawn_blocking(run)).await {
        Ok(Ok(Ok(value))) => {
            diagnosis.all_is_well();
            Ok(value)
        }
        Ok(Ok(Err(error))) => Err(diagnosis.explain(error)),
        Ok(Err(stopped)) => Err(BusError::Unavailable(stopped.to_string())),
        Err(_) => Err(diagnosis.explain_silence(within)),
    }
}
