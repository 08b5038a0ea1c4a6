//! Queues on OCI Queue beyond the contract: what a cloud does to its clients.

use std::time::{Duration, Instant};

use platform::bus::{
    Bus, BusConfig, BusError, BusOptions, OciConfig, QueuesConfig, RedisConfig, StreamsConfig, connect,
};
use platform::types::QueueName;
use testkit::oci::{Fault, Oci};

use crate::{PATIENCE, messages, server, texts};

const QUEUE: QueueName = QueueName::Order;
const NOW: Duration = Duration::ZERO;

/// The emulated cloud, with one more way to it.
pub struct Cloud(pub Oci);

impl Cloud {
    pub async fn start() -> Self {
        Cloud(Oci::start().await)
    }

    /// A bus of its own, with times that suit tests.
    pub fn bus(&self) -> Bus {
        bus(self.0.queues_config())
    }
}

fn bus(cloud: OciConfig) -> Bus {
    let streams = StreamsConfig::Redis(RedisConfig { url: "redis://127.0.0.1:1".to_owned(), ca: None });
    let mut options = server::options();
    for queue in options.queues.values_mut() {
        queue.visibility = Duration::from_secs(1);
    }
    connect(&BusConfig { streams, queues: QueuesConfig::Oci(cloud) }, &options).unwrap()
}

#[tokio::test]
async fn batches_are_as_large_as_the_service_takes() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    let mut sent = messages(&["x"; 45]);
    for large in &mut sent[..5] {
        large.payload = vec![b'x'; 200 << 10].into();
    }
    queues.put(QUEUE, &sent).await.unwrap();
    // Two by two for the large ones, then twenty by twenty.
    assert_eq!(cloud.0.queues.requests(), 5);
    let got = queues.get(QUEUE, 45, PATIENCE).await.unwrap();
    assert_eq!(got.len(), 45);
    let receipts: Vec<_> = got.into_iter().map(|delivery| delivery.receipt).collect();
    let before = cloud.0.queues.requests();
    queues.delete(QUEUE, &receipts).await.unwrap();
    assert_eq!(cloud.0.queues.requests() - before, 3);
    assert_eq!(queues.depth(QUEUE).await.unwrap().in_flight, 0);
}

#[tokio::test]
async fn what_the_service_could_not_take_is_refused_before_it_is_asked() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    let mut sent = messages(&["small", "large"]);
    sent[1].payload = vec![b'x'; (256 << 10) + 1].into();
    let error = queues.put(QUEUE, &sent).await.unwrap_err();
    assert!(matches!(&error, BusError::Refused(why) if why.contains("262145 bytes")), "{error}");
    sent[1].payload = vec![0xff].into();
    let error = queues.put(QUEUE, &sent).await.unwrap_err();
    assert!(matches!(&error, BusError::Refused(why) if why.ends_with("is no text")), "{error}");
    assert_eq!(cloud.0.queues.requests(), 0, "nothing was put");
}

#[tokio::test]
async fn a_message_of_somebody_else_is_set_aside_and_holds_nobody_up() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    cloud.0.queues.put_foreign(QUEUE, "events", "hello?");
    queues.put(QUEUE, &messages(&["ours"])).await.unwrap();
    let got = queues.get(QUEUE, 10, PATIENCE).await.unwrap();
    assert_eq!(texts(&got.into_iter().map(|d| d.message).collect::<Vec<_>>()), ["ours"]);
    assert_eq!(cloud.0.queues.contents(QUEUE, "unreadable"), ["hello?"]);
    assert_eq!(cloud.0.queues.contents(QUEUE, "events"), ["ours"]);
}

#[tokio::test]
async fn errors_of_the_service_are_told_apart() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    for (status, transient) in [(500, true), (503, true), (429, true), (404, false), (400, false)] {
        let status = http::StatusCode::from_u16(status).unwrap();
        cloud.0.queues.faults.plant(http::Method::POST, Fault::Refused(status), 1);
        let error = queues.put(QUEUE, &messages(&["1"])).await.unwrap_err();
        assert_eq!(error.is_transient(), transient, "{status}: {error}");
        assert!(transient || error.to_string().contains("opc-request-id"), "{error}");
    }
    queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    assert_eq!(cloud.0.queues.contents(QUEUE, "events"), ["1"], "what was refused was not put");
}

#[tokio::test]
async fn nobody_waits_longer_than_was_said() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    cloud.0.queues.faults.plant(http::Method::POST, Fault::Silence, 1);
    let asked = Instant::now();
    let error = queues.put(QUEUE, &messages(&["1"])).await.unwrap_err();
    assert!(matches!(error, BusError::Timeout(_)), "{error}");
    for wait in [Duration::ZERO, Duration::from_millis(300), Duration::from_millis(1300)] {
        let asked = Instant::now();
        assert!(queues.get(QUEUE, 1, wait).await.unwrap().is_empty());
        let waited = asked.elapsed();
        assert!(waited >= wait && waited < wait + Duration::from_secs(1), "{waited:?} instead of {wait:?}");
    }
    assert!(asked.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_cloud_that_is_away_is_asked_at_a_growing_pace() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    let unavailable = http::StatusCode::SERVICE_UNAVAILABLE;
    cloud.0.queues.faults.plant(http::Method::GET, Fault::Refused(unavailable), 1000);
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        assert!(queues.get(QUEUE, 1, PATIENCE).await.unwrap_err().is_transient());
    }
    assert!(cloud.0.queues.requests() <= 10, "{} requests in two seconds", cloud.0.queues.requests());
    assert!(queues.ping().await.unwrap_err().is_transient());
    cloud.0.queues.faults.clear();
    queues.ping().await.unwrap();
}

#[tokio::test]
async fn a_queue_that_is_not_configured_is_named() {
    let cloud = Cloud::start().await;
    let only =
        OciConfig { queues: [(QueueName::User, cloud.0.queue_url(QueueName::User))].into(), ..cloud.0.queues_config() };
    let queues = bus(only).queues;
    queues.ping().await.unwrap();
    let error = queues.get(QUEUE, 1, NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "the configuration of the bus: OCI_QUEUES has no entry for order-service-events");
    let none = OciConfig { queues: [].into(), ..cloud.0.queues_config() };
    bus(none).queues.ping().await.unwrap();
}

#[tokio::test]
async fn a_url_that_is_no_queues_is_refused_at_once() {
    let cloud = Cloud::start().await;
    for url in [
        "nonsense",
        "https://cell-1.example",
        "https://cell-1.example/20210201/queues/",
        "https://x/20210201/queues/a/messages",
    ] {
        let wrong = OciConfig { queues: [(QUEUE, url.to_owned())].into(), ..cloud.0.queues_config() };
        let streams = StreamsConfig::Redis(RedisConfig { url: "redis://127.0.0.1:1".to_owned(), ca: None });
        let config = BusConfig { streams, queues: QueuesConfig::Oci(wrong) };
        let error = connect(&config, &BusOptions::default()).unwrap_err();
        assert!(matches!(error, BusError::Configuration(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn dead_letters_come_back_after_a_look_that_failed() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    for _ in 0..5 {
        let delivery = queues.get(QUEUE, 1, PATIENCE).await.unwrap().remove(0);
        queues.set_visibility(QUEUE, &delivery.receipt, NOW).await.unwrap();
    }
    assert!(queues.get(QUEUE, 1, NOW).await.unwrap().is_empty());
    let unavailable = http::StatusCode::SERVICE_UNAVAILABLE;
    // Putting it back into the queue fails, after it was taken.
    cloud.0.queues.faults.plant(http::Method::POST, Fault::Refused(unavailable), 1);
    assert!(queues.redrive(QUEUE, None).await.unwrap_err().is_transient());
    assert_eq!(queues.dead_letters(QUEUE, 10).await.unwrap().len(), 1);
    assert_eq!(queues.redrive(QUEUE, None).await.unwrap(), 1);
    assert_eq!(queues.get(QUEUE, 1, PATIENCE).await.unwrap()[0].deliveries, 1);
}

#[tokio::test]
async fn a_dead_message_that_cannot_be_buried_holds_nobody_up() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    queues.put(QUEUE, &messages(&["poison"])).await.unwrap();
    for _ in 0..5 {
        let delivery = queues.get(QUEUE, 1, PATIENCE).await.unwrap().remove(0);
        queues.set_visibility(QUEUE, &delivery.receipt, NOW).await.unwrap();
    }
    queues.put(QUEUE, &messages(&["sound"])).await.unwrap();
    cloud.0.queues.faults.plant(http::Method::POST, Fault::Refused(http::StatusCode::BAD_REQUEST), 1);
    let got = queues.get(QUEUE, 2, PATIENCE).await.unwrap();
    assert_eq!(texts(&got.into_iter().map(|d| d.message).collect::<Vec<_>>()), ["sound"]);
    assert_eq!(cloud.0.queues.contents(QUEUE, "events"), ["poison", "sound"], "it is not lost");
}

#[tokio::test]
async fn what_is_no_letter_of_ours_is_not_counted_among_those_put_back() {
    let cloud = Cloud::start().await;
    let queues = cloud.bus().queues;
    cloud.0.queues.put_foreign(QUEUE, "dead-letters", "hello?");
    assert_eq!(queues.redrive(QUEUE, None).await.unwrap(), 0);
    assert_eq!(queues.depth(QUEUE).await.unwrap().dead, 1);
}
