//! The contract against Kafka, and brokers that go away or answer with errors. Joining a group takes the mock brokers three
//! seconds, so checks share a test and run side by side, each with a cluster of its own.

use std::time::{Duration, Instant};

use platform::bus::{
    Bus, BusConfig, BusError, BusOptions, KafkaConfig, QueuesConfig, RedisConfig, SecurityProtocol, StreamsConfig,
    connect,
};
use platform::types::StreamName;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::{eventually, messages, read, streams, texts};

const STREAM: StreamName = StreamName::Product;

pub type Cluster = MockCluster<'static, DefaultProducerContext>;

pub fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    for stream in StreamName::ALL {
        cluster.create_topic(stream.as_str(), 1, 1).unwrap();
    }
    cluster
}

fn config(brokers: String) -> BusConfig {
    let kafka = KafkaConfig {
        brokers,
        security_protocol: SecurityProtocol::Plaintext,
        username: None,
        password: None,
        ca: None,
        idempotence: false,
    };
    let queues = QueuesConfig::Redis(RedisConfig { url: "redis://127.0.0.1:1".to_owned(), ca: None });
    BusConfig { streams: StreamsConfig::Kafka(kafka), queues }
}

pub fn options() -> BusOptions {
    BusOptions { answer_within: Duration::from_secs(4), ..BusOptions::default() }
}

fn bus(cluster: &Cluster) -> Bus {
    connect(&config(cluster.bootstrap_servers()), &options()).unwrap()
}

#[tokio::test]
async fn kafka_keeps_the_contract() {
    let clusters: [Cluster; 6] = std::array::from_fn(|_| cluster());
    let [a, b, c, d, e, f] = clusters.each_ref().map(|cluster| bus(cluster).streams);
    tokio::join!(
        streams::every_key_keeps_its_order_and_every_field_arrives(&*a),
        streams::what_was_not_committed_comes_again(&*b),
        streams::groups_are_independent(&*c),
        streams::another_member_takes_over_when_the_first_is_dropped(&*d),
        streams::the_lag_is_what_is_not_committed(&*e),
        // A real broker answers a waiting fetch at once, the mock only when its 500 ms are over.
        streams::a_waiting_reader_wakes(&*f, Duration::from_secs(1)),
    );
}

#[tokio::test]
async fn brokers_may_go_away_and_answer_with_errors() {
    let cluster = cluster();
    let bus = bus(&cluster);
    bus.streams.ping().await.unwrap();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();

    // What a broker calls temporary is tried again, in order.
    let errors = [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
    ];
    cluster.request_errors(RDKafkaApiKey::Produce, &errors);
    bus.streams.publish(STREAM, &messages(&["1", "2"])).await.unwrap();
    let received = read(&mut *subscription, 2).await;
    assert_eq!(texts(&received), ["1", "2"]);

    // What it calls final is reported.
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
    let error = bus.streams.publish(STREAM, &messages(&["no"])).await.unwrap_err();
    assert!(matches!(error, BusError::Refused(_)), "{error}");

    // librdkafka refuses to send until it has asked about the topic again, which a readiness check does.
    eventually(async || {
        bus.streams.ping().await?;
        bus.streams.publish(STREAM, &messages(&["allowed again"])).await
    })
    .await;
    read(&mut *subscription, 1).await;

    // A commit that failed can be repeated.
    cluster
        .request_errors(RDKafkaApiKey::OffsetCommit, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED]);
    let error = subscription.commit().await.unwrap_err();
    assert!(matches!(error, BusError::Refused(_)), "{error}");
    subscription.commit().await.unwrap();

    // A commit that the group refuses says that the place is lost.
    bus.streams.publish(STREAM, &messages(&["3"])).await.unwrap();
    read(&mut *subscription, 1).await;
    cluster.request_errors(RDKafkaApiKey::OffsetCommit, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
    let error = subscription.commit().await.unwrap_err();
    assert!(matches!(error, BusError::MembershipLost { .. }), "{error}");

    assert_eq!(texts(&read(&mut *subscription, 1).await), ["3"]);

    cluster.broker_down(-1).unwrap();
    let asked = Instant::now();
    let batch = messages(&["4"]);
    let (ping, publish) = tokio::join!(bus.streams.ping(), bus.streams.publish(STREAM, &batch));
    for error in [ping.unwrap_err(), publish.unwrap_err()] {
        assert!(error.is_transient(), "{error}");
    }
    assert!(asked.elapsed() < Duration::from_secs(8), "took {:?}", asked.elapsed());
    assert!(bus.streams.lag(STREAM, "group").await.unwrap_err().is_transient());
    cluster.broker_up(-1).unwrap();
    eventually(async || bus.streams.ping().await).await;
    eventually(async || bus.streams.publish(STREAM, &messages(&["5"])).await).await;
    let mut last = String::new();
    while last != "5" {
        last = texts(&read(&mut *subscription, 1).await).remove(0);
    }
    eventually(async || subscription.commit().await).await;
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);
}

#[tokio::test]
async fn a_producer_that_failed_for_good_is_replaced() {
    let cluster = cluster();
    let mut config = config(cluster.bootstrap_servers());
    if let StreamsConfig::Kafka(kafka) = &mut config.streams {
        kafka.idempotence = true;
    }
    let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::InitProducerId, &[error]);
    let bus = connect(&config, &options()).unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap_err();
    bus.streams.publish(STREAM, &messages(&["2"])).await.unwrap();
}

#[tokio::test]
async fn a_service_starts_before_its_brokers() {
    // Nothing listens on port 1.
    let options = BusOptions { answer_within: Duration::from_millis(500), ..options() };
    let bus = connect(&config("127.0.0.1:1".to_owned()), &options).unwrap();
    let asked = Instant::now();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    assert!(bus.streams.ping().await.unwrap_err().is_transient());
    assert!(bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap_err().is_transient());
    match subscription.next(1, Duration::from_millis(500)).await {
        Ok(messages) => assert!(messages.is_empty()),
        Err(error) => assert!(error.is_transient(), "{error}"),
    }
    subscription.commit().await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(6), "took {:?}", asked.elapsed());
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_refused_at_once() {
    let mut config = config("127.0.0.1:1".to_owned());
    if let StreamsConfig::Kafka(kafka) = &mut config.streams {
        kafka.security_protocol = SecurityProtocol::SaslSsl;
        kafka.username = Some("tenancy/domain/user/pool".to_owned());
        kafka.password = Some("hunter2".to_owned());
        kafka.ca = Some("/nowhere/ca.pem".into());
    }
    let error = connect(&config, &options()).unwrap_err();
    assert!(matches!(error, BusError::Configuration(_)), "{error}");
    assert!(!error.to_string().contains("hunter2"));
}
