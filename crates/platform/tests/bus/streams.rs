//! What every stream back end keeps to. Each check expects streams that are empty.

use std::time::{Duration, Instant};

use platform::bus::{Message, Streams};
use platform::types::{EventId, StreamName};

use crate::server::RedisServer;
use crate::{PATIENCE, eventually, message, messages, read, texts};

const STREAM: StreamName = StreamName::Order;

/// The checks as tests against Redis; `kafka.rs` runs the same.
macro_rules! against_redis {
    ($($check:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $check() {
            let server = RedisServer::start().await;
            super::$check(&*server.bus().streams).await;
        }
    )*};
}

mod redis {
    use super::{Duration, RedisServer};
    against_redis!(
        every_key_keeps_its_order_and_every_field_arrives,
        what_was_not_committed_comes_again,
        groups_are_independent,
        another_member_takes_over_when_the_first_is_dropped,
        the_lag_is_what_is_not_committed,
    );

    #[tokio::test]
    async fn the_lag_is_known_though_the_group_had_a_member_that_found_nothing() {
        let server = RedisServer::start().await;
        let streams = server.bus().streams;
        let mut early = streams.subscribe(super::STREAM, "group").await.unwrap();
        assert!(early.next(1, Duration::ZERO).await.unwrap().is_empty());
        drop(early);
        super::the_lag_is_what_is_not_committed(&*streams).await;
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes_at_once() {
        let server = RedisServer::start().await;
        super::a_waiting_reader_wakes(&*server.bus().streams, Duration::from_millis(20)).await;
    }
}

pub async fn every_key_keeps_its_order_and_every_field_arrives(streams: &dyn Streams) {
    let mut sent: Vec<Message> = (0..60).map(|n| message(["a", "b", "c"][n % 3], &format!("{n}"))).collect();
    sent.push(Message {
        id: EventId::new(),
        key: "large".to_owned(),
        kind: "invoice.issued.v1".to_owned(),
        payload: (0..=250).cycle().take(256 * 1024).collect::<Vec<u8>>().into(),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    });
    for batch in sent.chunks(25) {
        eventually(async || streams.publish(STREAM, batch).await).await;
    }
    eventually(async || streams.publish(STREAM, &[]).await).await;
    let mut subscription = streams.subscribe(STREAM, "group").await.unwrap();
    let received = read(&mut *subscription, sent.len()).await;
    for key in ["a", "b", "c", "large"] {
        let of = |all: &[Message]| all.iter().filter(|m| m.key == key).cloned().collect::<Vec<_>>();
        assert!(of(&sent) == of(&received), "{key} differs");
    }
}

pub async fn what_was_not_committed_comes_again(streams: &dyn Streams) {
    streams.publish(STREAM, &messages(&["1", "2", "3", "4"])).await.unwrap();
    let mut first = streams.subscribe(STREAM, "group").await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(texts(&read(&mut *first, 2).await), ["1", "2"]);
    first.commit().await.unwrap();
    assert_eq!(texts(&read(&mut *first, 2).await), ["3", "4"]);
    first.rewind().await.unwrap();
    assert_eq!(texts(&read(&mut *first, 1).await), ["3"]);
    first.commit().await.unwrap();
    first.rewind().await.unwrap();
    assert_eq!(texts(&read(&mut *first, 1).await), ["4"]);
    drop(first);
    let mut second = streams.subscribe(STREAM, "group").await.unwrap();
    assert_eq!(texts(&read(&mut *second, 1).await), ["4"]);
    second.commit().await.unwrap();
    assert!(second.next(1, Duration::from_millis(100)).await.unwrap().is_empty());
}

pub async fn groups_are_independent(streams: &dyn Streams) {
    streams.publish(STREAM, &messages(&["1", "2"])).await.unwrap();
    let mut one = streams.subscribe(STREAM, "one").await.unwrap();
    let mut two = streams.subscribe(STREAM, "two").await.unwrap();
    let (of_one, of_two) = tokio::join!(read(&mut *one, 2), read(&mut *two, 2));
    assert_eq!((texts(&of_one), texts(&of_two)), (texts(&of_one), vec!["1".to_owned(), "2".to_owned()]));
    one.commit().await.unwrap();
    two.rewind().await.unwrap();
    assert_eq!(texts(&read(&mut *two, 1).await), ["1"]);
    assert_eq!(streams.lag(STREAM, "one").await.unwrap(), 0);
    assert_eq!(streams.lag(STREAM, "two").await.unwrap(), 2);
}

pub async fn another_member_takes_over_when_the_first_is_dropped(streams: &dyn Streams) {
    streams.publish(STREAM, &messages(&["1", "2", "3"])).await.unwrap();
    let mut first = streams.subscribe(STREAM, "group").await.unwrap();
    assert_eq!(texts(&read(&mut *first, 1).await), ["1"]);
    first.commit().await.unwrap();
    assert_eq!(texts(&read(&mut *first, 1).await), ["2"]);
    let mut second = streams.subscribe(STREAM, "group").await.unwrap();
    assert!(second.next(5, Duration::from_millis(300)).await.unwrap().is_empty(), "two members are active");
    drop(first);
    assert_eq!(texts(&read(&mut *second, 2).await), ["2", "3"]);
    second.commit().await.unwrap();
}

pub async fn the_lag_is_what_is_not_committed(streams: &dyn Streams) {
    streams.publish(STREAM, &messages(&["1", "2", "3", "4"])).await.unwrap();
    let mut subscription = streams.subscribe(STREAM, "group").await.unwrap();
    read(&mut *subscription, 2).await;
    assert_eq!(streams.lag(STREAM, "group").await.unwrap(), 4);
    subscription.commit().await.unwrap();
    assert_eq!(streams.lag(STREAM, "group").await.unwrap(), 2);
    read(&mut *subscription, 2).await;
    subscription.commit().await.unwrap();
    assert_eq!(streams.lag(STREAM, "group").await.unwrap(), 0);
}

/// The quickest of several wake-ups is within `bound`, since the machine may be busy with other tests.
pub async fn a_waiting_reader_wakes(streams: &dyn Streams, bound: Duration) {
    let mut subscription = streams.subscribe(STREAM, "group").await.unwrap();
    streams.publish(STREAM, &messages(&["joined"])).await.unwrap();
    read(&mut *subscription, 1).await;
    let mut quickest = PATIENCE;
    for _ in 0..5 {
        let waiting = subscription.next(10, PATIENCE);
        let publishing = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            streams.publish(STREAM, &messages(&["later"])).await.unwrap();
            Instant::now()
        };
        let (woken, published) = tokio::join!(async { (waiting.await, Instant::now()) }, publishing);
        assert_eq!(texts(&woken.0.unwrap()), ["later"]);
        quickest = quickest.min(woken.1.saturating_duration_since(published));
    }
    assert!(quickest < bound, "woken only after {quickest:?}");
}
