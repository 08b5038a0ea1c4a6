//! A Redis that dies, freezes, forgets, or is not there yet.

use std::time::{Duration, Instant};

use platform::bus::{BusConfig, BusError, BusOptions, QueueOptions, QueuesConfig, RedisConfig, StreamsConfig, connect};
use platform::types::{QueueName, StreamName};

use crate::server::{RedisServer, options};
use crate::{PATIENCE, eventually, messages, read, texts};

const STREAM: StreamName = StreamName::Payment;
const QUEUE: QueueName = QueueName::Payment;

#[tokio::test]
async fn a_service_starts_before_its_bus_and_works_once_it_is_up() {
    let mut server = RedisServer::start().await;
    server.kill();
    let bus = server.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    let asked = Instant::now();
    for error in [
        bus.streams.ping().await.unwrap_err(),
        bus.queues.ping().await.unwrap_err(),
        bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap_err(),
        bus.streams.lag(STREAM, "group").await.unwrap_err(),
        bus.queues.put(QUEUE, &messages(&["1"])).await.unwrap_err(),
        bus.queues.depth(QUEUE).await.unwrap_err(),
        bus.queues.get(QUEUE, 1, Duration::from_millis(100)).await.unwrap_err(),
        subscription.next(1, Duration::from_millis(100)).await.unwrap_err(),
    ] {
        assert!(matches!(error, BusError::Unavailable(_)), "{error}");
    }
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());

    server.restart().await;
    bus.streams.ping().await.unwrap();
    bus.queues.ping().await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    bus.queues.put(QUEUE, &messages(&["2"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
    assert_eq!(bus.queues.get(QUEUE, 1, PATIENCE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_loop_over_next_does_not_spin_while_the_server_is_away() {
    let mut server = RedisServer::start().await;
    server.kill();
    let bus = server.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    let asked = Instant::now();
    for _ in 0..4 {
        subscription.next(1, PATIENCE).await.unwrap_err();
    }
    // 50 + 100 + 200 + 400 ms.
    assert!(asked.elapsed() >= Duration::from_millis(700), "only {:?} for four attempts", asked.elapsed());
}

#[tokio::test]
async fn nothing_is_lost_when_the_server_is_killed() {
    let mut server = RedisServer::start().await;
    let bus = server.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1", "2", "3"])).await.unwrap();
    bus.queues.put(QUEUE, &messages(&["a", "b"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
    subscription.commit().await.unwrap();
    let first = bus.queues.get(QUEUE, 1, PATIENCE).await.unwrap().remove(0);
    // Both wait on the server when it dies.
    let waiting = tokio::spawn({
        let bus = bus.clone();
        async move { bus.queues.get(QueueName::User, 1, PATIENCE).await }
    });
    eventually(async || match bus.queues.get(QueueName::User, 1, Duration::ZERO).await?.len() {
        0 => Ok(()),
        _ => Err(BusError::StaleReceipt),
    })
    .await;
    server.restart().await;
    assert!(tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap().is_err(), "the wait outlived its server");

    assert_eq!(texts(&read(&mut *subscription, 2).await), ["2", "3"]);
    eventually(async || subscription.commit().await).await;
    eventually(async || bus.queues.delete(QUEUE, std::slice::from_ref(&first.receipt)).await).await;
    let second = eventually(async || bus.queues.get(QUEUE, 5, PATIENCE).await).await;
    assert_eq!(second.iter().map(|d| &d.message.payload[..]).collect::<Vec<_>>(), [b"b"]);
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);
}

#[tokio::test]
async fn a_frozen_server_delays_nobody_beyond_the_deadline() {
    let server = RedisServer::start().await;
    let bus = server.bus_with(&BusOptions { answer_within: Duration::from_millis(300), ..options() });
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    subscription.next(1, Duration::ZERO).await.unwrap();
    let sent = messages(&["1"]);
    server.freeze();
    let asked = Instant::now();
    let (published, put, got, next) = tokio::join!(
        bus.streams.publish(STREAM, &sent),
        bus.queues.put(QUEUE, &sent),
        bus.queues.get(QUEUE, 1, Duration::from_millis(200)),
        subscription.next(1, Duration::from_millis(200)),
    );
    let took = asked.elapsed();
    server.thaw();
    for error in [published.unwrap_err(), put.unwrap_err(), got.unwrap_err(), next.unwrap_err()] {
        assert!(error.is_transient(), "{error}");
    }
    assert!(took < Duration::from_millis(1500), "took {took:?}");
    eventually(async || bus.streams.ping().await).await;
    eventually(async || bus.streams.publish(STREAM, &messages(&["2"])).await).await;
    // The first may have been appended before the freeze ended.
    let mut last = String::new();
    while last != "2" {
        last = texts(&read(&mut *subscription, 1).await).remove(0);
    }
}

#[tokio::test]
async fn work_goes_on_after_the_server_lost_everything() {
    let server = RedisServer::start().await;
    let bus = server.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    bus.queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    read(&mut *subscription, 1).await;
    let lost = bus.queues.get(QUEUE, 1, PATIENCE).await.unwrap().remove(0);
    redis::cmd("FLUSHALL").exec_async(&mut server.connection().await).await.unwrap();

    let error = subscription.commit().await.unwrap_err();
    assert!(matches!(error, BusError::MembershipLost { .. }), "{error}");
    bus.queues.delete(QUEUE, std::slice::from_ref(&lost.receipt)).await.unwrap();
    let error = bus.queues.set_visibility(QUEUE, &lost.receipt, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, BusError::StaleReceipt), "{error}");
    let depth = bus.queues.depth(QUEUE).await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.dead), (0, 0, 0));
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);

    bus.streams.publish(STREAM, &messages(&["2"])).await.unwrap();
    bus.queues.put(QUEUE, &messages(&["2"])).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["2"]);
    subscription.commit().await.unwrap();
    assert_eq!(bus.queues.get(QUEUE, 1, PATIENCE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_member_that_died_loses_its_place_and_what_it_did_not_commit_is_read_first() {
    let server = RedisServer::start().await;
    let bus = server.bus();
    bus.streams.publish(STREAM, &messages(&["1", "2", "3"])).await.unwrap();
    let other = server.bus_with(&options());
    // A process that dies: its runtime goes, nothing is released.
    let died = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let subscription = runtime.block_on(async {
            let mut subscription = other.streams.subscribe(STREAM, "group").await.unwrap();
            assert_eq!(texts(&read(&mut *subscription, 2).await), ["1", "2"]);
            subscription
        });
        runtime.shutdown_background();
        drop(subscription);
    });
    tokio::task::spawn_blocking(|| died.join().unwrap()).await.unwrap();
    let mut successor = bus.streams.subscribe(STREAM, "group").await.unwrap();
    assert!(successor.next(1, Duration::ZERO).await.unwrap().is_empty(), "the dead member's place was free at once");
    assert_eq!(texts(&read(&mut *successor, 3).await), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_member_whose_place_was_taken_cannot_commit() {
    let server = RedisServer::start().await;
    let bus = server.bus();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    read(&mut *subscription, 1).await;
    let key = format!("haat:lease:{STREAM}:group");
    let mut connection = server.connection().await;
    redis::cmd("SET").arg(&key).arg("another").exec_async(&mut connection).await.unwrap();
    // It finds out when it renews; until then its own time has not run out.
    tokio::time::sleep(options().membership / 2).await;
    let error = subscription.commit().await.unwrap_err();
    assert!(matches!(error, BusError::MembershipLost { .. }), "{error}");
    assert!(subscription.next(1, Duration::from_millis(50)).await.unwrap().is_empty());
    redis::cmd("DEL").arg(&key).exec_async(&mut connection).await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
}

#[tokio::test]
async fn a_message_that_a_late_worker_has_done_is_not_delivered_a_third_time() {
    let server = RedisServer::start().await;
    let queues = server.bus().queues;
    queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    let late = queues.get(QUEUE, 1, PATIENCE).await.unwrap().remove(0);
    assert_eq!(queues.get(QUEUE, 1, PATIENCE).await.unwrap()[0].deliveries, 2);
    queues.delete(QUEUE, &[late.receipt]).await.unwrap();
    assert!(queues.get(QUEUE, 1, Duration::from_secs(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_message_is_passed_over() {
    let server = RedisServer::start().await;
    let bus = server.bus();
    let mut connection = server.connection().await;
    for key in [format!("haat:stream:{STREAM}"), format!("haat:queue:{QUEUE}")] {
        redis::cmd("XADD").arg(key).arg("*").arg("a").arg("b").exec_async(&mut connection).await.unwrap();
    }
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    bus.queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
    let mut got = Vec::new();
    while got.is_empty() {
        got = bus.queues.get(QUEUE, 5, PATIENCE).await.unwrap();
    }
    assert_eq!(got.len(), 1);
    assert_eq!(bus.queues.depth(QUEUE).await.unwrap().in_flight, 1, "the foreign entry is still there");
}

#[tokio::test]
async fn what_is_older_than_the_retention_goes() {
    let server = RedisServer::start().await;
    let retention = Duration::from_millis(50);
    let bus = server.bus_with(&BusOptions { stream_retention: retention, ..options() });
    let batch: Vec<_> = (0..300).map(|n| crate::message("key", &n.to_string())).collect();
    bus.streams.publish(STREAM, &batch).await.unwrap();
    tokio::time::sleep(retention * 2).await;
    bus.streams.publish(STREAM, &messages(&["new"])).await.unwrap();
    let lag = bus.streams.lag(STREAM, "group").await.unwrap();
    assert!(lag < 200, "{lag} messages are there");
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    let rest = read(&mut *subscription, usize::try_from(lag).unwrap()).await;
    assert_eq!(texts(&rest).last().unwrap(), "new");
    subscription.commit().await.unwrap();
    assert_eq!(bus.streams.lag(STREAM, "group").await.unwrap(), 0);
}

#[tokio::test]
async fn a_cancelled_wait_leaves_nothing_behind() {
    let server = RedisServer::start().await;
    let default = QueueOptions::default();
    let bus = server.bus_with(&BusOptions { queues: [(QUEUE, default)].into(), ..options() });
    let mut subscription = bus.streams.subscribe(STREAM, "group").await.unwrap();
    for _ in 0..5 {
        let soon = Duration::from_millis(30);
        tokio::time::timeout(soon, subscription.next(1, PATIENCE)).await.unwrap_err();
        tokio::time::timeout(soon, bus.queues.get(QUEUE, 1, PATIENCE)).await.unwrap_err();
    }
    // Had a cancelled wait lived on at the server, it would take the message, for thirty seconds.
    bus.queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    bus.streams.publish(STREAM, &messages(&["1"])).await.unwrap();
    assert_eq!(bus.queues.get(QUEUE, 1, PATIENCE / 2).await.unwrap().len(), 1);
    assert_eq!(texts(&read(&mut *subscription, 1).await), ["1"]);
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_its_password() {
    let server = RedisConfig { url: "http://:hunter2@redis".to_owned(), ca: None };
    let config = BusConfig { streams: StreamsConfig::Redis(server.clone()), queues: QueuesConfig::Redis(server) };
    let error = connect(&config, &BusOptions::default()).unwrap_err();
    assert!(matches!(error, BusError::Configuration(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
