use std::time::Duration;

use contracts::cart::CartConverted;
use contracts::order::{OrderCreated, OrderDelivered};
use contracts::{CloudEvent, Event};
use platform::bus::Message;
use serde_json::Value;
use testkit::eventually;
use types::{EventId, OrderId, ServiceName, StreamName, UserId};
use uuid::Uuid;

use crate::shelves::{Setup, Started, converted};

const SOON: Duration = Duration::from_secs(20);

/// An event as another service would have published it.
fn message<E: Event>(subject: Uuid, data: &E) -> Message {
    let id = EventId::new();
    let event = CloudEvent {
        specversion: CloudEvent::SPEC_VERSION.to_owned(),
        id,
        source: ServiceName::Cart,
        kind: E::TYPE.to_owned(),
        subject: subject.to_string(),
        time: platform::clock::Clock::system().now(),
        datacontenttype: CloudEvent::CONTENT_TYPE.to_owned(),
        aggregateversion: 1,
        correlationid: "c".to_owned(),
        causationid: None,
        traceparent: None,
        data: serde_json::to_value(data).unwrap(),
    };
    Message {
        id,
        key: subject.to_string(),
        kind: E::TYPE.to_owned(),
        payload: serde_json::to_vec(&event).unwrap().into(),
        traceparent: None,
    }
}

async fn published(service: &Started, count: usize) -> Vec<CloudEvent> {
    let mut subscription = service.bus.streams.subscribe(StreamName::Order, &Uuid::new_v4().to_string()).await.unwrap();
    let mut events = Vec::new();
    let deadline = tokio::time::Instant::now() + SOON;
    while events.len() < count && tokio::time::Instant::now() < deadline {
        let read = subscription.next(100, Duration::from_millis(200)).await.unwrap();
        events.extend(read.iter().map(|m| serde_json::from_slice::<CloudEvent>(&m.payload).unwrap()));
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_if_and_only_if_its_transaction_committed() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    service.put("a", shelf, 999).await;
    assert_eq!(service.put("b", shelf, 2).await.status(), 409);
    service.put("c", shelf, 1).await;
    let events = published(&service, 2).await;
    let told: Vec<i64> = events.iter().map(|e| e.aggregateversion).collect();
    assert_eq!(told, [999, 1000], "in the order of the changes, without the one that was undone");
    let first = &events[0];
    assert_eq!((first.source, first.kind.as_str()), (ServiceName::Order, OrderCreated::TYPE));
    assert_eq!(first.subject, shelf.to_string());
    assert!(first.traceparent.is_some());
    assert_eq!(first.data_as::<OrderCreated>().unwrap().unwrap().total.paise(), 999);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_names_the_request_it_follows_from() {
    let service = Setup::of(ServiceName::Order).start().await;
    let body = serde_json::json!({ "shelf": Uuid::now_v7(), "things": 1 });
    let request = service.http.post(service.at("/api/v1/things")).header("idempotency-key", "a").json(&body);
    request.header("x-request-id", "req-1").header("x-correlation-id", "all-1").send().await.unwrap();
    let events = published(&service, 1).await;
    assert_eq!((events[0].correlationid.as_str(), events[0].causationid.as_deref()), ("all-1", Some("req-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queues_event_has_its_effect_once_however_often_it_comes_and_fails() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    let event = message(shelf, &converted(shelf));
    // Its first try fails after the change; then it is there twice.
    service.bus.streams.publish(StreamName::Order, &[event.clone(), event.clone()]).await.unwrap();
    eventually(SOON, || async { service.count(shelf).await == Some(1) }).await;
    let other = Uuid::now_v7();
    service.bus.streams.publish(StreamName::Order, &[event, message(other, &converted(other))]).await.unwrap();
    eventually(SOON, || async { service.count(other).await == Some(1) }).await;
    assert_eq!(service.count(shelf).await, Some(1));
    let depth = eventually(SOON, || async {
        let depth = service.bus.queues.depth(types::QueueName::Order).await.unwrap();
        (depth.visible + depth.in_flight == 0).then_some(depth)
    })
    .await;
    assert_eq!(depth.dead, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_no_delivery_is_used_up() {
    let service = Setup::of(ServiceName::Order).start().await;
    let queue = types::QueueName::Order;
    let shelf = Uuid::now_v7();
    service.database.cut().await;
    service.bus.queues.put(queue, &[message(shelf, &converted(shelf))]).await.unwrap();
    // As long as three deliveries in vain would take: one second each, and what is between them.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let taken = service.bus.queues.get(queue, 1, SOON).await.unwrap();
    assert_eq!(taken[0].deliveries, 2, "once to the service, and now to us");
    service.bus.queues.set_visibility(queue, &taken[0].receipt, Duration::ZERO).await.unwrap();
    service.database.restore();
    eventually(SOON, || async { service.count(shelf).await == Some(1) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_queue_follows_the_stream() {
    let service = Setup::of(ServiceName::Return).start().await;
    let shelf = Uuid::now_v7();
    let delivered = OrderDelivered {
        order_id: OrderId(shelf),
        order_number: "HT-1".to_owned(),
        customer_id: UserId::new(),
        delivered_at: service.clock.now(),
    };
    let event = message(shelf, &delivered);
    service.bus.streams.publish(StreamName::Order, &[event.clone(), event, message(shelf, &delivered)]).await.unwrap();
    eventually(SOON, || async { service.count(shelf).await == Some(2) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_ends_among_the_dead_letters() {
    let service = Setup::of(ServiceName::Order).start().await;
    let mut broken = message(Uuid::now_v7(), &converted(Uuid::now_v7()));
    broken.payload = serde_json::to_vec(&Value::Null).unwrap().into();
    service.bus.queues.put(types::QueueName::Order, &[broken.clone()]).await.unwrap();
    let letters = eventually(Duration::from_secs(60), || async {
        let letters = service.bus.queues.dead_letters(types::QueueName::Order, 10).await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    assert_eq!((letters[0].message.id, letters[0].message.kind.as_str()), (broken.id, CartConverted::TYPE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_streams_are_away_is_told_when_they_are_back() {
    let mut streams = testkit::private_streams().await;
    let service = Setup::of(ServiceName::Order).with("STREAMS_URL", streams.url()).start().await;
    let shelf = Uuid::now_v7();
    streams.kill().await;
    assert_eq!(service.put("a", shelf, 1).await.status(), 201, "the client does not notice");
    let ready = service.http.get(service.at("/ready")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["parts"]["streams"], "cannot be reached");
    streams.restart().await.unwrap();
    assert_eq!(published(&service, 1).await[0].subject, shelf.to_string());
}
