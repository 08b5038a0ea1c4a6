//! Kafka as OCI Streaming speaks it: over TLS, to users with an auth token, with connections that end now and then. The brokers are
//! librdkafka's mock behind a front of ours; TLS, the SASL handshake and the client are real. A broker that could do all of it is not to
//! be had as an ordinary package: Debian has none, and crates.io's tansu-broker 0.6 takes a TLS configuration that it never uses.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use platform::bus::{
    Bus, BusConfig, BusError, KafkaConfig, Message, QueuesConfig, RedisConfig, SecurityProtocol, StreamsConfig,
    Subscription, connect,
};
use platform::types::{EventId, StreamName};
use testkit::ScratchDirectory;

use crate::front::{Front, Handshake, Recycling, TOKEN, USER};
use crate::kafka::{Cluster, cluster, options};
use crate::tls::certify;
use crate::{PATIENCE, eventually, message, messages, read, streams, texts};

const STREAM: StreamName = StreamName::Order;
/// How long a call may take that cannot succeed: the options' four seconds, and some for a busy machine.
const BOUND: Duration = Duration::from_secs(10);

/// One stream pool, and what is in front of it.
pub struct Cloud {
    directory: ScratchDirectory,
    _cluster: Cluster,
    pub front: Front,
}

impl Cloud {
    pub async fn start() -> Self {
        Cloud::with("IP:127.0.0.1", Handshake::Framed).await
    }

    async fn with(host: &str, handshake: Handshake) -> Self {
        let directory = ScratchDirectory::create();
        certify(directory.path(), "ca", "front", host);
        let cluster = cluster();
        let front = Front::start(&cluster.bootstrap_servers(), directory.path(), "front", handshake).await;
        Cloud { directory, _cluster: cluster, front }
    }

    pub fn bus(&self) -> Bus {
        self.bus_with(|_| {})
    }

    fn bus_with(&self, change: impl FnOnce(&mut KafkaConfig)) -> Bus {
        let mut kafka = KafkaConfig {
            brokers: self.front.address.to_string(),
            security_protocol: SecurityProtocol::SaslSsl,
            username: Some(USER.to_owned()),
            password: Some(TOKEN.to_owned()),
            ca: Some(self.directory.join("ca.pem")),
            idempotence: false,
        };
        change(&mut kafka);
        let queues = QueuesConfig::Redis(RedisConfig { url: "redis://127.0.0.1:1".to_owned(), ca: None });
        connect(&BusConfig { streams: StreamsConfig::Kafka(kafka), queues }, &options()).unwrap()
    }

    fn admitted(&self) -> usize {
        self.front.callers().admitted.load(Ordering::SeqCst)
    }
}

/// What each of the calls says, none of which can succeed.
async fn failures(bus: &Bus) -> [(&'static str, BusError); 5] {
    let asked = Instant::now();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    let batch = messages(&["never"]);
    let (ping, publish, next, lag) = tokio::join!(
        bus.streams.ping(),
        bus.streams.publish(STREAM, &batch),
        subscription.next(1, Duration::from_secs(1)),
        bus.streams.lag(STREAM, "group"),
    );
    assert!(asked.elapsed() < BOUND, "took {:?}", asked.elapsed());
    // librdkafka tells a reason only once.
    let again = subscription.next(1, Duration::from_millis(100)).await;
    assert!(asked.elapsed() < BOUND * 2, "took {:?}", asked.elapsed());
    [
        ("ping", ping.unwrap_err()),
        ("publish", publish.unwrap_err()),
        ("next", next.unwrap_err()),
        ("lag", lag.unwrap_err()),
        ("next again", again.unwrap_err()),
    ]
}

/// In the order in which they came first.
fn once(received: &[Message]) -> Vec<EventId> {
    let mut ids = Vec::new();
    for message in received {
        if !ids.contains(&message.id) {
            ids.push(message.id);
        }
    }
    ids
}

async fn commit(subscription: &mut dyn Subscription) {
    eventually(async || subscription.commit().await).await;
}

#[tokio::test]
async fn the_contract_is_kept_over_tls_by_a_user_with_a_token() {
    let clouds = futures::future::join_all((0..6).map(|_| Cloud::start())).await;
    let buses: Vec<_> = clouds.iter().map(|cloud| cloud.bus().streams).collect();
    tokio::join!(
        streams::every_key_keeps_its_order_and_every_field_arrives(&*buses[0]),
        streams::what_was_not_committed_comes_again(&*buses[1]),
        streams::groups_are_independent(&*buses[2]),
        streams::another_member_takes_over_when_the_first_is_dropped(&*buses[3]),
        streams::the_lag_is_what_is_not_committed(&*buses[4]),
        // A real broker answers a waiting fetch at once, the mock only when its 500 ms are over.
        streams::a_waiting_reader_wakes(&*buses[5], Duration::from_secs(1)),
    );
    assert!(clouds.iter().all(|cloud| cloud.admitted() > 0));
}

#[tokio::test]
async fn no_request_is_larger_than_oci_takes_however_much_is_published_at_once() {
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    // Small ones, that fill a request well, and some as large as an event may be.
    let sizes = std::iter::repeat_n(9_000, 300).chain(std::iter::repeat_n(262_144, 6));
    let batch: Vec<Message> = sizes.map(|size| message("key", &"x".repeat(size))).collect();
    bus.streams.publish(STREAM, &batch).await.unwrap();
    let largest = cloud.front.callers().largest.load(Ordering::SeqCst);
    assert!((262_144..1_000_000).contains(&largest), "{largest} bytes");
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    assert!(read(&mut *subscription, batch.len()).await == batch);
}

#[tokio::test]
async fn the_older_handshake_with_bare_tokens_is_spoken_too() {
    let cloud = Cloud::with("IP:127.0.0.1", Handshake::Bare).await;
    cloud.bus().streams.ping().await.unwrap();
    assert!(cloud.admitted() > 0);
    // A refusal is then the end of the connection, and says no more than that.
    let stranger = cloud.bus_with(|kafka| kafka.password = Some("wrong".to_owned()));
    stranger.streams.ping().await.unwrap_err();
    assert!(cloud.front.callers().refused.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn wrong_credentials_are_a_refusal_that_names_no_token() {
    let cloud = Cloud::start().await;
    let token = "an old auth token";
    let other = USER.replace("ecommerce-order", "ecommerce-cart");
    for (user, token) in [(USER, token), (&other, TOKEN)] {
        let bus = cloud.bus_with(|kafka| {
            kafka.username = Some(user.to_owned());
            kafka.password = Some(token.to_owned());
        });
        for (call, error) in failures(&bus).await {
            assert!(matches!(error, BusError::Refused(_)), "{call}: {error}");
            let told = format!("{error} {error:?}");
            assert!(told.contains("Authentication failed: Invalid username or password"), "{told}");
            assert!(!told.contains(token), "{told}");
        }
    }
    assert_eq!(cloud.admitted(), 0);
}

#[tokio::test]
async fn a_broker_whom_nobody_vouches_for_gets_no_token() {
    let cloud = Cloud::start().await;
    certify(cloud.directory.path(), "other-ca", "other", "IP:127.0.0.1");
    let namesake = Cloud::with("DNS:streaming.elsewhere.example", Handshake::Framed).await;
    let strangers = [
        cloud.bus_with(|kafka| kafka.ca = Some(cloud.directory.join("other-ca.pem"))),
        // By the system's authorities neither.
        cloud.bus_with(|kafka| kafka.ca = None),
        // Nor one of another name.
        namesake.bus(),
    ];
    for errors in futures::future::join_all(strangers.iter().map(failures)).await {
        for (call, error) in errors {
            assert!(error.to_string().contains("certificate verify failed"), "{call}: {error}");
        }
    }
    for callers in [cloud.front.callers(), namesake.front.callers()] {
        assert_eq!((callers.admitted.load(Ordering::SeqCst), callers.refused.load(Ordering::SeqCst)), (0, 0));
    }
}

#[tokio::test]
async fn who_speaks_no_tls_or_shows_no_token_is_not_let_in() {
    let cloud = Cloud::start().await;
    let protocols = [SecurityProtocol::Plaintext, SecurityProtocol::SaslPlaintext, SecurityProtocol::Ssl];
    let buses = protocols.map(|protocol| cloud.bus_with(|kafka| kafka.security_protocol = protocol));
    futures::future::join_all(buses.iter().map(failures)).await;
    assert_eq!(cloud.admitted(), 0);
    assert!(cloud.front.callers().strangers.load(Ordering::SeqCst) > 0, "TLS alone came as far as asking");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_no_key_loses_its_order_while_connections_end_all_the_time() {
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["joined"])).await.unwrap();
    read(&mut *subscription, 1).await;
    commit(&mut *subscription).await;

    let recycling = Recycling::of(&cloud.front, Duration::from_millis(300));
    let publishing = async {
        let mut sent: Vec<Message> = Vec::new();
        while recycling.cuts() < 25 {
            let batch = ["a", "b", "c", "a"].map(|key| message(key, "x"));
            while let Err(error) = bus.streams.publish(STREAM, &batch).await {
                assert!(error.is_transient(), "{error}");
            }
            sent.extend(batch);
        }
        sent.push(message("a", "the last"));
        eventually(async || bus.streams.publish(STREAM, &sent[sent.len() - 1..]).await).await;
        sent
    };
    let reading = async {
        let mut received: Vec<Message> = Vec::new();
        let mut failures = Vec::new();
        let deadline = Instant::now() + PATIENCE * 3;
        while received.last().is_none_or(|last| texts(std::slice::from_ref(last)) != ["the last"]) {
            assert!(Instant::now() < deadline, "only {} came; failures: {failures:?}", received.len());
            let outcome = match subscription.next(50, Duration::from_secs(2)).await {
                Ok(more) => {
                    received.extend(more);
                    subscription.commit().await
                }
                Err(error) => Err(error),
            };
            failures.extend(outcome.err());
        }
        (received, failures)
    };
    let (sent, (received, failures)) = tokio::join!(publishing, reading);
    // A reader gives up its place for an error: a connection that ends is none.
    let harmless = |error: &BusError| matches!(error, BusError::Timeout(_) | BusError::MembershipLost { .. });
    assert!(failures.iter().all(harmless), "{failures:?}");
    let of = |key: &str, all: &[Message]| all.iter().filter(|m| m.key == key).cloned().collect::<Vec<_>>();
    for key in ["a", "b", "c"] {
        assert!(once(&of(key, &received)) == once(&of(key, &sent)), "{key} differs");
    }
    assert!(cloud.admitted() > 25, "only {} connections", cloud.admitted());

    drop(recycling);
    commit(&mut *subscription).await;
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_a_duplicate_and_no_gap() {
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    cloud.front.lose_answers_to_publish(2);
    bus.streams.publish(STREAM, &messages(&["1", "2"])).await.unwrap();
    bus.streams.publish(STREAM, &messages(&["3"])).await.unwrap();
    assert!(cloud.front.has_lost_all());
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    let received = read(&mut *subscription, 7).await;
    assert_eq!(texts(&received), ["1", "2", "1", "2", "1", "2", "3"]);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_given_up_in_seconds() {
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
    commit(&mut *subscription).await;
    cloud.front.fall_silent();
    // librdkafka by itself would wait for a minute.
    let asked = Instant::now();
    eventually(async || bus.streams.publish(STREAM, &messages(&["2"])).await).await;
    let received = read(&mut *subscription, 1).await;
    assert_eq!(texts(&received), ["2"]);
    assert!(asked.elapsed() < PATIENCE, "took {:?}", asked.elapsed());
}

#[tokio::test]
async fn after_a_token_is_replaced_the_old_one_is_refused_and_the_new_one_goes_on_behind_the_last_commit() {
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
    commit(&mut *subscription).await;
    bus.streams.publish(STREAM, &messages(&["2"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["2"]);

    cloud.front.replace_token("the new token");
    cloud.front.cut();
    let batch = messages(&["never"]);
    let (ping, publish, next) = tokio::join!(
        bus.streams.ping(),
        bus.streams.publish(STREAM, &batch),
        subscription.next(1, Duration::from_secs(1)),
    );
    for error in [ping.unwrap_err(), publish.unwrap_err(), next.unwrap_err(), subscription.commit().await.unwrap_err()]
    {
        assert!(matches!(error, BusError::Refused(_)), "{error}");
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
    drop((subscription, bus));

    let bus = cloud.bus_with(|kafka| kafka.password = Some("the new token".to_owned()));
    bus.streams.publish(STREAM, &messages(&["3"])).await.unwrap();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 2).await), ["2", "3"]);
    commit(&mut *subscription).await;
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);
}
