use std::sync::atomic::Ordering;
use std::time::Duration;

use contracts::cart::CartConverted;
use contracts::order::{OrderCreated, OrderDelivered};
use contracts::{CloudEvent, Event};
use platform::bus::{BusConfig, BusOptions, DeadLetter, Message, QueuesConfig, RedisConfig, StreamsConfig};
use platform::events::dead_letters::{self, Parked, RedriveError};
use platform::events::inbox;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, PgPool};
use testkit::eventually;
use types::{EventId, OrderId, ServiceName, StreamName, UserId};
use uuid::Uuid;

use crate::shelves::{MENDED, SPITEFUL, Setup, Started, converted};

const SOON: Duration = Duration::from_secs(20);

/// An event as another service would have published it.
pub fn message<E: Event>(subject: Uuid, data: &E) -> Message {
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
        tracestate: None,
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
async fn what_a_transaction_counts_is_counted_if_and_only_if_it_committed() {
    platform::telemetry::install_metrics();
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    service.put("a", shelf, 999).await;
    service.put("a", shelf, 999).await;
    assert_eq!(service.put("b", shelf, 2).await.status(), 409);
    service.put("c", shelf, 1).await;
    let text = service.http.get(service.at("/metrics")).send().await.unwrap().text().await.unwrap();
    let counted = format!("things_total{{shelf=\"{shelf}\"}} 1000");
    assert!(text.lines().any(|line| line == counted), "{text}");
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
async fn what_a_service_has_not_read_yet_is_in_its_metrics() {
    platform::telemetry::install_metrics();
    let service = Setup::of(ServiceName::Order).start().await;
    let (stream, group) = (StreamName::Order, types::QueueName::Order);
    let sample = format!("stream_lag_events{{service=\"order\",stream=\"{stream}\",group=\"{group}\"}} 0\n");
    eventually(SOON, || async {
        let text = service.http.get(service.at("/metrics")).send().await.unwrap().text().await.unwrap();
        if text.contains(&sample) { Ok(()) } else { Err(text) }
    })
    .await;
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

/// A service whose events rest for milliseconds only after a failure.
fn impatient(name: ServiceName) -> Setup {
    Setup::of(name).with("EVENT_REST", "0.005")
}

async fn dead_letter(service: &Started) -> DeadLetter {
    eventually(SOON, || async { service.bus.queues.dead_letters(types::QueueName::Order, 10).await.unwrap().pop() })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_ends_among_the_dead_letters() {
    let service = impatient(ServiceName::Order).start().await;
    let mut broken = message(Uuid::now_v7(), &converted(Uuid::now_v7()));
    broken.payload = serde_json::to_vec(&Value::Null).unwrap().into();
    service.bus.queues.put(types::QueueName::Order, &[broken.clone()]).await.unwrap();
    let letter = dead_letter(&service).await;
    assert_eq!((letter.message.id, letter.message.kind.as_str()), (broken.id, CartConverted::TYPE));
    assert_eq!(letter.deliveries, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_over_which_its_handler_panics_ends_among_the_dead_letters_and_the_others_are_handled() {
    let service = impatient(ServiceName::Order).start().await;
    let (spiteful, shelf) = (CartConverted { order_id: SPITEFUL, ..converted(Uuid::now_v7()) }, Uuid::now_v7());
    let (spiteful, good) = (message(spiteful.cart_id.0, &spiteful), message(shelf, &converted(shelf)));
    service.bus.streams.publish(StreamName::Order, &[spiteful.clone(), good]).await.unwrap();
    assert_eq!(dead_letter(&service).await.message.id, spiteful.id);
    eventually(SOON, || async { service.count(shelf).await == Some(1) }).await;
}

fn delivered(order_id: OrderId) -> OrderDelivered {
    let delivered_at = platform::clock::Clock::system().now();
    OrderDelivered { order_id, order_number: "HT-1".to_owned(), customer_id: UserId::new(), delivered_at }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_stream_over_which_its_handler_panics_is_put_aside_until_it_is_redriven() {
    let service = impatient(ServiceName::Return).start().await;
    let shelf = Uuid::now_v7();
    let (spiteful, good) = (message(SPITEFUL.0, &delivered(SPITEFUL)), message(shelf, &delivered(OrderId(shelf))));
    service.bus.streams.publish(StreamName::Order, &[spiteful.clone(), good]).await.unwrap();
    eventually(SOON, || async { service.count(shelf).await == Some(1) }).await;
    let pool = PgPool::connect(&service.tables.service_url).await.unwrap();
    let parked = || async { dead_letters::parked(&mut pool.acquire().await.unwrap(), 10).await.unwrap().pop() };
    let parked = eventually(SOON, parked).await;
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!((parked.event_id, parked.attempts), (spiteful.id, 8));
    assert_eq!(parked.error, "500 urn:haat:problem:internal");
    assert_eq!(service.count(SPITEFUL.0).await, None, "what the handler had done is undone");

    MENDED.store(true, Ordering::Relaxed);
    dead_letters::redrive(&mut connection, service.bus.streams.as_ref(), &parked, service.clock.now()).await.unwrap();
    eventually(SOON, || async { service.count(SPITEFUL.0).await == Some(1) }).await;
    assert_eq!(dead_letters::count(&mut connection).await.unwrap(), 0);
    dead_letters::redrive(&mut connection, service.bus.streams.as_ref(), &parked, service.clock.now()).await.unwrap();
    let last = message(shelf, &delivered(OrderId(shelf)));
    service.bus.streams.publish(StreamName::Order, &[last]).await.unwrap();
    eventually(SOON, || async { service.count(shelf).await == Some(2) }).await;
    assert_eq!(service.count(SPITEFUL.0).await, Some(1), "redriven twice, done once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_put_aside_is_kept_until_it_can_be_published() {
    let service = Setup::of(ServiceName::Return).start().await;
    let mut owner = PgConnection::connect(&service.tables.owner_url).await.unwrap();
    for event in [Value::Null, serde_json::json!({ "id": 1 })] {
        let park = "INSERT INTO parked_event (event_id, type, event, attempts, error) VALUES ($1, 'x', $2, 8, 'x')";
        sqlx::query(park).bind(Uuid::now_v7()).bind(event).execute(&mut owner).await.unwrap();
    }
    for parked in dead_letters::parked(&mut owner, 10).await.unwrap() {
        let error = dead_letters::redrive(&mut owner, service.bus.streams.as_ref(), &parked, service.clock.now())
            .await
            .unwrap_err();
        assert!(matches!(error, RedriveError::Unreadable { id, .. } if id == parked.event_id), "{error}");
    }
    assert_eq!(dead_letters::count(&mut owner).await.unwrap(), 2);
    let good = message(Uuid::now_v7(), &delivered(OrderId::new()));
    let event: Value = serde_json::from_slice(&good.payload).unwrap();
    let (kind, error) = (good.kind, String::new());
    let parked = Parked { event_id: good.id, kind, event, attempts: 8, error, parked_at: service.clock.now() };
    let streams = service.bus.streams.as_ref();
    let in_ten_days = service.clock.now().plus(inbox::MEMORY);
    let error = dead_letters::redrive(&mut owner, streams, &parked, in_ten_days).await.unwrap_err();
    assert!(matches!(error, RedriveError::TooOld { id, .. } if id == parked.event_id), "{error}");
    let mut read = streams.subscribe(StreamName::Order, "test").await.unwrap();
    assert!(
        read.next(1, Duration::from_millis(100)).await.unwrap().is_empty(),
        "whoever had its effect has forgotten it"
    );
    let mut away = testkit::private_streams().await;
    let config = RedisConfig { url: away.url(), ca: None };
    let config = BusConfig { streams: StreamsConfig::Redis(config.clone()), queues: QueuesConfig::Redis(config) };
    let bus = platform::bus::connect(&config, &BusOptions::default()).unwrap();
    away.kill().await;
    let error =
        dead_letters::redrive(&mut owner, bus.streams.as_ref(), &parked, service.clock.now()).await.unwrap_err();
    assert!(matches!(error, RedriveError::Bus(_)), "{error}");
    assert_eq!(dead_letters::count(&mut owner).await.unwrap(), 2, "nothing is forgotten that was not published");
    away.restart().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_and_its_state_go_on_from_a_request_to_its_events_and_from_an_event_to_those_that_follow() {
    let service = Setup::of(ServiceName::Order).start().await;
    let (trace, state) = ("0af7651916cd43dd8448eb211c80319c", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
    let body = serde_json::json!({ "shelf": Uuid::now_v7(), "things": 1 });
    let request = service.http.post(service.at("/api/v1/things")).header("idempotency-key", "a").json(&body);
    let request = request.header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    request.header("tracestate", state).send().await.unwrap();
    let shelf = Uuid::now_v7();
    let mut event: Value = serde_json::from_slice(&message(shelf, &converted(shelf)).payload).unwrap();
    event["traceparent"] = format!("00-{trace}-b7ad6b7169203332-01").into();
    event["tracestate"] = "fw529a3039@dt=FfAAAAAA".into();
    let heard = Message { payload: serde_json::to_vec(&event).unwrap().into(), ..message(shelf, &converted(shelf)) };
    service.bus.queues.put(types::QueueName::Order, &[heard]).await.unwrap();
    let events = published(&service, 2).await;
    for (event, state) in events.iter().zip([state, "fw529a3039@dt=FfAAAAAA"]) {
        let parent = event.traceparent.as_deref().unwrap();
        assert!(parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-01"), "{parent}");
        assert_eq!(event.tracestate.as_deref(), Some(state));
    }
    assert_eq!(events.len(), 2);
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
