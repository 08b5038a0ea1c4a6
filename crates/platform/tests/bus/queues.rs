//! What every queue back end keeps to. A message dies after five deliveries.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use platform::bus::{BusError, Delivery, Queues};
use platform::types::QueueName;

use crate::{PATIENCE, message, messages};

const QUEUE: QueueName = QueueName::Order;
const NOW: Duration = Duration::ZERO;

/// Each check gets queues of its own, and how long they hide what was delivered.
macro_rules! against {
    ($server:expr, $visibility:expr; $($check:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $check() {
            let server = $server.await;
            super::$check(&*server.bus().queues, $visibility).await;
        }
    )*};
}

macro_rules! every_check_against {
    ($server:expr, $visibility:expr) => {
        against!(
            $server, $visibility;
                a_message_is_delivered_and_deleted,
                what_is_not_deleted_is_delivered_again,
                visibility_can_be_lengthened_and_ended,
                a_message_dies_and_can_be_shown_revived_and_purged,
                workers_never_share_a_message,
                a_waiting_worker_wakes_at_once,
                many_held_messages_do_not_hide_an_expired_one,
        );
    };
}

mod redis {
    use std::time::Duration;

    use crate::server::RedisServer;

    every_check_against!(RedisServer::start(), Duration::from_millis(400));
}

/// OCI Queue counts in whole seconds.
mod oci {
    use std::time::Duration;

    use crate::oci::Cloud;

    every_check_against!(Cloud::start(), Duration::from_secs(1));
}

async fn one(queues: &dyn Queues, wait: Duration) -> Option<Delivery> {
    queues.get(QUEUE, 1, wait).await.unwrap().pop()
}

async fn a_message_is_delivered_and_deleted(queues: &dyn Queues, visibility: Duration) {
    assert!(one(queues, NOW).await.is_none());
    assert_eq!(queues.depth(QUEUE).await.unwrap().oldest_age, None);
    let mut sent = messages(&["1", "2", "3"]);
    sent[2].payload = vec![b'7'; 256 * 1024].into();
    sent[1].traceparent = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    queues.put(QUEUE, &sent).await.unwrap();
    queues.put(QUEUE, &[]).await.unwrap();
    let depth = queues.depth(QUEUE).await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.dead), (3, 0, 0));
    let got = queues.get(QUEUE, 10, PATIENCE).await.unwrap();
    assert!(got.iter().all(|d| d.deliveries == 1));
    assert!(got.iter().map(|d| &d.message).eq(&sent));
    let depth = queues.depth(QUEUE).await.unwrap();
    assert_eq!((depth.visible, depth.in_flight), (0, 3));
    assert!(depth.oldest_age.unwrap() < PATIENCE);
    let receipts: Vec<_> = got.into_iter().map(|d| d.receipt).collect();
    queues.delete(QUEUE, &receipts).await.unwrap();
    queues.delete(QUEUE, &receipts).await.unwrap();
    let depth = queues.depth(QUEUE).await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.oldest_age), (0, 0, None));
    assert!(queues.get(QUEUE, 1, visibility * 2).await.unwrap().is_empty(), "deleted, and yet delivered");
}

async fn what_is_not_deleted_is_delivered_again(queues: &dyn Queues, visibility: Duration) {
    queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    let asked = Instant::now();
    let first = one(queues, PATIENCE).await.unwrap();
    assert!(one(queues, NOW).await.is_none(), "visible at once");
    let second = one(queues, PATIENCE).await.unwrap();
    assert!(asked.elapsed() >= visibility, "visible after {:?}", asked.elapsed());
    assert_eq!((&second.message, second.deliveries), (&first.message, 2));
    // The first worker is late: it may not touch the second's delivery, and to say that it is done is no error.
    let error = queues.set_visibility(QUEUE, &first.receipt, NOW).await.unwrap_err();
    assert!(matches!(error, BusError::StaleReceipt), "{error}");
    queues.delete(QUEUE, &[first.receipt]).await.unwrap();
    queues.delete(QUEUE, std::slice::from_ref(&second.receipt)).await.unwrap();
    let error = queues.set_visibility(QUEUE, &second.receipt, NOW).await.unwrap_err();
    assert!(matches!(error, BusError::StaleReceipt), "{error}");
    assert!(one(queues, visibility * 2).await.is_none());
}

async fn visibility_can_be_lengthened_and_ended(queues: &dyn Queues, visibility: Duration) {
    queues.put(QUEUE, &messages(&["1"])).await.unwrap();
    let first = one(queues, PATIENCE).await.unwrap();
    queues.set_visibility(QUEUE, &first.receipt, NOW).await.unwrap();
    let second = one(queues, NOW).await.expect("returned, so visible at once");
    assert_eq!(second.deliveries, 2);

    let asked = Instant::now();
    queues.set_visibility(QUEUE, &second.receipt, visibility * 3).await.unwrap();
    assert_eq!(queues.depth(QUEUE).await.unwrap().in_flight, 1);
    let third = one(queues, PATIENCE).await.unwrap();
    assert!(asked.elapsed() >= visibility * 3, "visible after {:?}", asked.elapsed());
    assert_eq!(third.deliveries, 3);

    // Held long, then returned: the last word counts. And it may be less than the usual visibility.
    queues.set_visibility(QUEUE, &third.receipt, PATIENCE * 10).await.unwrap();
    let asked = Instant::now();
    queues.set_visibility(QUEUE, &third.receipt, visibility / 4).await.unwrap();
    let fourth = one(queues, PATIENCE).await.unwrap();
    assert!(asked.elapsed() >= visibility / 4, "visible after {:?}", asked.elapsed());
    assert_eq!(fourth.deliveries, 4);
}

async fn a_message_dies_and_can_be_shown_revived_and_purged(queues: &dyn Queues, _visibility: Duration) {
    let sent = messages(&["1"]);
    queues.put(QUEUE, &sent).await.unwrap();
    let kill = async || {
        for expected in 1..=5 {
            let delivery = one(queues, PATIENCE).await.unwrap();
            assert_eq!(delivery.deliveries, expected);
            queues.set_visibility(QUEUE, &delivery.receipt, NOW).await.unwrap();
        }
        assert!(one(queues, NOW).await.is_none(), "delivered a sixth time");
    };
    kill().await;
    let depth = queues.depth(QUEUE).await.unwrap();
    assert_eq!((depth.visible, depth.in_flight, depth.dead), (0, 0, 1));
    let letters = queues.dead_letters(QUEUE, 10).await.unwrap();
    assert_eq!((letters.len(), &letters[0].message, letters[0].deliveries), (1, &sent[0], 5));
    assert_eq!(queues.dead_letter(QUEUE, &letters[0].id).await.unwrap().as_ref(), Some(&letters[0]));
    for unknown in ["1-1", "nonsense"] {
        assert_eq!(queues.dead_letter(QUEUE, unknown).await.unwrap(), None);
        assert!(!queues.purge(QUEUE, unknown).await.unwrap());
        assert_eq!(queues.redrive(QUEUE, Some(&[unknown.to_owned()])).await.unwrap(), 0);
    }

    assert_eq!(queues.redrive(QUEUE, Some(&[letters[0].id.clone()])).await.unwrap(), 1);
    assert_eq!(queues.redrive(QUEUE, Some(&[letters[0].id.clone()])).await.unwrap(), 0);
    kill().await;
    assert_eq!(queues.redrive(QUEUE, None).await.unwrap(), 1);
    assert_eq!(queues.redrive(QUEUE, None).await.unwrap(), 0);
    kill().await;
    let id = queues.dead_letters(QUEUE, 10).await.unwrap().remove(0).id;
    assert!(queues.purge(QUEUE, &id).await.unwrap());
    assert!(!queues.purge(QUEUE, &id).await.unwrap());
    assert!(queues.dead_letters(QUEUE, 10).await.unwrap().is_empty());
}

async fn workers_never_share_a_message(queues: &dyn Queues, _visibility: Duration) {
    // Some are new, some have been returned: both ways to a message must be exclusive.
    let sent: Vec<_> = (0..100).map(|n| message("key", &n.to_string())).collect();
    queues.put(QUEUE, &sent[..50]).await.unwrap();
    for delivery in queues.get(QUEUE, 50, PATIENCE).await.unwrap() {
        queues.set_visibility(QUEUE, &delivery.receipt, NOW).await.unwrap();
    }
    queues.put(QUEUE, &sent[50..]).await.unwrap();
    let worker = async || {
        let mut mine = Vec::new();
        loop {
            let got = queues.get(QUEUE, 3, NOW).await.unwrap();
            if got.is_empty() {
                return mine;
            }
            for delivery in got {
                queues.delete(QUEUE, &[delivery.receipt]).await.unwrap();
                mine.push(delivery.message.id);
            }
        }
    };
    let got = futures::future::join_all((0..6).map(|_| worker())).await.concat();
    assert_eq!(got.len(), sent.len());
    assert_eq!(got.into_iter().collect::<HashSet<_>>(), sent.iter().map(|m| m.id).collect());
}

async fn a_waiting_worker_wakes_at_once(queues: &dyn Queues, _visibility: Duration) {
    let mut quickest = PATIENCE;
    for _ in 0..10 {
        let putting = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            queues.put(QUEUE, &messages(&["1"])).await.unwrap();
            Instant::now()
        };
        let (woken, put) = tokio::join!(async { (one(queues, PATIENCE).await, Instant::now()) }, putting);
        queues.delete(QUEUE, &[woken.0.unwrap().receipt]).await.unwrap();
        quickest = quickest.min(woken.1.saturating_duration_since(put));
    }
    assert!(quickest < Duration::from_millis(20), "woken only after {quickest:?}");
}

async fn many_held_messages_do_not_hide_an_expired_one(queues: &dyn Queues, _visibility: Duration) {
    let sent: Vec<_> = (0..151).map(|n| message("key", &n.to_string())).collect();
    queues.put(QUEUE, &sent).await.unwrap();
    let got = queues.get(QUEUE, 200, PATIENCE).await.unwrap();
    for delivery in &got[..150] {
        queues.set_visibility(QUEUE, &delivery.receipt, PATIENCE * 10).await.unwrap();
    }
    let again = queues.get(QUEUE, 200, PATIENCE).await.unwrap();
    assert!(again.iter().any(|d| d.message == sent[150]), "the last is not visible");
}
