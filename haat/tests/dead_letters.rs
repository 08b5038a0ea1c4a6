//! `haat dead-letters`, as a library and as the command.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use contracts::order::OrderDelivered;
use contracts::{CloudEvent, Event as _};
use haat::dead_letters::{DeadLetters, Place};
use platform::bus::{self, Bus, BusConfig, BusOptions, Message, QueueOptions};
use platform::clock::Clock;
use platform::env::Env;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use testkit::{ScratchDirectory, TestDatabase, eventually};
use types::{EventId, OrderId, QueueName, ServiceName, StreamName, UserId};

const SOON: Duration = Duration::from_secs(20);

/// The return service's database, which follows streams, and the streams and queues; no service runs.
struct World {
    database: TestDatabase,
    bus: Bus,
    variables: BTreeMap<String, String>,
}

impl World {
    async fn start() -> Self {
        let returns = haat::services::all().into_iter().find(|service| service.name == ServiceName::Return).unwrap();
        let database = TestDatabase::create(returns.migrations.unwrap()).await;
        let streams = testkit::streams().await;
        let variables = [
            ("STREAMS_URL", streams.url),
            ("BUS_PREFIX", streams.prefix.clone()),
            ("RETURN_DATABASE_URL", database.service_url.clone()),
        ];
        let variables: BTreeMap<_, _> = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // A message is dead as soon as it was delivered once and not worked off.
        let once = QueueOptions { visibility: Duration::from_millis(1), deliveries: 1 };
        let queues = [(QueueName::Order, once)].into();
        let options = BusOptions { prefix: streams.prefix, queues, ..BusOptions::default() };
        let config = BusConfig::from_env(&Env::from_values(variables.clone())).unwrap();
        World { database, bus: bus::connect(&config, &options).unwrap(), variables }
    }

    fn letters(&self) -> DeadLetters {
        DeadLetters::open(None, &Env::from_values(self.variables.clone())).unwrap()
    }

    /// An event that the return service has put aside.
    async fn park(&self, event: &CloudEvent, error: &str) {
        let mut owner = PgConnection::connect(&self.database.owner_url).await.unwrap();
        let park = "INSERT INTO parked_event (event_id, type, event, attempts, error) VALUES ($1, $2, $3, 8, $4)";
        let event_json = serde_json::to_value(event).unwrap();
        sqlx::query(park)
            .bind(event.id)
            .bind(&event.kind)
            .bind(event_json)
            .bind(error)
            .execute(&mut owner)
            .await
            .unwrap();
    }

    /// An event that has died in the order service's queue; its letter's id.
    async fn die(&self, event: &CloudEvent) -> String {
        self.bus.queues.put(QueueName::Order, &[message(event)]).await.unwrap();
        self.bus.queues.get(QueueName::Order, 1, SOON).await.unwrap();
        let letter = || async { self.bus.queues.dead_letters(QueueName::Order, 10).await.unwrap().pop() };
        eventually(SOON, letter).await.id
    }

    async fn on_the_stream(&self) -> Vec<Message> {
        let mut subscription = self.bus.streams.subscribe(StreamName::Order, "test").await.unwrap();
        subscription.next(10, Duration::from_millis(200)).await.unwrap()
    }

    fn haat(&self, arguments: &[&str]) -> Output {
        run(Command::new(env!("CARGO_BIN_EXE_haat")).envs(&self.variables).args(arguments))
    }
}

fn run(command: &mut Command) -> Output {
    // A spawned haat refuses variables that it does not know.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HAAT_") {
            command.env_remove(name);
        }
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn delivered() -> CloudEvent {
    let order_id = OrderId::new();
    let delivered_at = Clock::system().now();
    let data = OrderDelivered { order_id, order_number: "HT-7".to_owned(), customer_id: UserId::new(), delivered_at };
    CloudEvent {
        specversion: CloudEvent::SPEC_VERSION.to_owned(),
        id: EventId::new(),
        source: ServiceName::Order,
        kind: OrderDelivered::TYPE.to_owned(),
        subject: order_id.to_string(),
        time: delivered_at,
        datacontenttype: CloudEvent::CONTENT_TYPE.to_owned(),
        aggregateversion: 4,
        correlationid: "all-1".to_owned(),
        causationid: None,
        traceparent: None,
        tracestate: None,
        data: serde_json::to_value(data).unwrap(),
    }
}

fn message(event: &CloudEvent) -> Message {
    Message {
        id: event.id,
        key: event.subject.clone(),
        kind: event.kind.clone(),
        payload: serde_json::to_vec(event).unwrap().into(),
        traceparent: None,
    }
}

#[tokio::test]
async fn dead_letters_of_queues_and_of_services_are_listed_side_by_side() {
    let world = World::start().await;
    let (parked, dead) = (delivered(), delivered());
    world.park(&parked, "internal: panicked").await;
    let letter = world.die(&dead).await;
    let text = world.letters().list(None).await.unwrap();
    let line = |of: &str| text.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("{of}: {text}"));
    let of_service = line(&parked.id.to_string());
    assert!(
        of_service.starts_with(&format!("return  {}  order.delivered.v1 of {}", parked.id, parked.subject)),
        "{text}"
    );
    assert!(of_service.contains("8 attempts, dead since ") && of_service.ends_with(": internal: panicked"), "{text}");
    assert!(line(&letter).starts_with("order-service-events  ") && line(&letter).contains(&dead.subject), "{text}");
    assert!(text.ends_with("2 dead letters\n"), "{text}");
    assert!(line("CART_DATABASE_URL").starts_with("cart  not looked at"), "what cannot be seen is said: {text}");
    let of_queue = world.letters().list(Some(Place::Queue(QueueName::Order))).await.unwrap();
    assert!(of_queue.contains(&letter) && of_queue.ends_with("1 dead letter\n"), "{of_queue}");
    assert!(!of_queue.contains("not looked at"), "{of_queue}");
    let shown = world.letters().show(Place::Service(ServiceName::Return), &parked.id.to_string()).await.unwrap();
    assert!(shown.contains("attempts    8\n") && shown.contains("error       internal: panicked\n"), "{shown}");
    assert!(shown.contains("\"order_number\": \"HT-7\""), "{shown}");
}

#[tokio::test]
async fn what_a_service_had_put_aside_is_on_its_stream_again_after_a_redrive() {
    let world = World::start().await;
    let [first, second, third] = [delivered(), delivered(), delivered()];
    for event in [&first, &second, &third] {
        world.park(event, "x").await;
    }
    let place = Place::Service(ServiceName::Return);
    let ids = [second.id.to_string(), EventId::new().to_string(), "7-0".to_owned()];
    assert_eq!(world.letters().redrive(place, &ids).await.unwrap(), "1 put to work for return again");
    let redriven = world.on_the_stream().await;
    assert_eq!(redriven.len(), 1);
    assert_eq!((redriven[0].id, redriven[0].key.as_str()), (second.id, second.subject.as_str()));
    let payload: CloudEvent = serde_json::from_slice(&redriven[0].payload).unwrap();
    assert_eq!(payload, second);
    assert_eq!(world.letters().redrive(place, &[]).await.unwrap(), "2 put to work for return again");
    assert_eq!(world.letters().list(Some(place)).await.unwrap(), "0 dead letters\n");
}

#[tokio::test]
async fn what_is_purged_is_gone_for_good_and_was_shown_in_full() {
    let world = World::start().await;
    let [kept, purged, dead] = [delivered(), delivered(), delivered()];
    for event in [&kept, &purged] {
        world.park(event, "x").await;
    }
    let letter = world.die(&dead).await;
    let returns = Place::Service(ServiceName::Return);
    let unknown = EventId::new().to_string();
    let error = world.letters().purge(returns, &[purged.id.to_string(), unknown.clone()]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("return has no dead letter {unknown}"));
    assert!(world.letters().list(Some(returns)).await.unwrap().ends_with("2 dead letters\n"), "nothing half done");
    let shown = world.letters().show(returns, &purged.id.to_string()).await.unwrap();
    let text = world.letters().purge(returns, &[purged.id.to_string()]).await.unwrap();
    assert_eq!(text, format!("{shown}\n1 deleted from return"));
    let queue = Place::Queue(QueueName::Order);
    let text = world.letters().purge(queue, &[letter]).await.unwrap();
    assert!(text.contains(&dead.subject) && text.ends_with("\n1 deleted from order-service-events"), "{text}");
    let left = world.letters().list(None).await.unwrap();
    assert!(left.contains(&kept.id.to_string()) && left.ends_with("1 dead letter\n"), "{left}");
    assert!(world.on_the_stream().await.is_empty(), "nobody does what was purged");
}

#[tokio::test]
async fn a_place_or_letter_that_is_not_there_is_named() {
    let world = World::start().await;
    let returns = Place::Service(ServiceName::Return);
    for id in [EventId::new().to_string(), "no-id".to_owned()] {
        let error = world.letters().show(returns, &id).await.unwrap_err().to_string();
        assert_eq!(error, format!("return has no dead letter {id}"));
    }
    let error = world.letters().list(Some(Place::Service(ServiceName::Order))).await.unwrap_err().to_string();
    assert_eq!(error, "order takes its events from the queue order-service-events: its dead letters are there");
    let error = world.letters().list(Some(Place::Service(ServiceName::Cart))).await.unwrap_err().to_string();
    assert!(error.starts_with("DATABASE_URL is not set"), "{error}");
    assert!("nowhere".parse::<Place>().unwrap_err().contains("'nowhere' is neither a queue"), "the place is named");
}

#[tokio::test]
async fn the_command_finds_a_local_platform_by_its_state_directory() {
    let world = World::start().await;
    let event = delivered();
    world.park(&event, "x").await;
    let letter = world.die(&delivered()).await;
    let state = ScratchDirectory::create();
    let directory = state.path().to_str().unwrap();
    std::fs::write(state.join("environment.json"), serde_json::to_string(&world.variables).unwrap()).unwrap();
    let haat = |arguments: &[&str]| run(Command::new(env!("CARGO_BIN_EXE_haat")).arg("dead-letters").args(arguments));

    let listed = text(&haat(&["--state", directory, "list"]));
    assert!(listed.contains(&event.id.to_string()) && listed.contains(&letter), "{listed}");
    assert_eq!(text(&haat(&["list", "--state", directory])), listed, "wherever the option stands");
    let shown = text(&haat(&["--state", directory, "show", "order-service-events", &letter]));
    assert!(shown.contains("\"type\": \"order.delivered.v1\""), "{shown}");
    let redriven = text(&haat(&["--state", directory, "redrive", "return", &event.id.to_string()]));
    assert_eq!(redriven, "1 put to work for return again\n");
    let redriven = text(&haat(&["--state", directory, "redrive", "order-service-events"]));
    assert_eq!(redriven, "1 put to work for order-service-events again\n");
    assert!(text(&haat(&["--state", directory, "list"])).ends_with("0 dead letters\n"));
    world.park(&event, "x").await;
    let purged = text(&haat(&["--state", directory, "purge", "return", &event.id.to_string()]));
    assert!(purged.contains("\"order_number\": \"HT-7\"") && purged.ends_with("1 deleted from return\n"), "{purged}");
    let all = haat(&["--state", directory, "purge", "return"]);
    assert_eq!(all.status.code(), Some(2), "nobody deletes everything by leaving something out");

    let wrong = haat(&["--state", "/nonexistent", "list"]);
    let message = String::from_utf8(wrong.stderr.clone()).unwrap();
    assert!(!wrong.status.success() && message.contains("/nonexistent"), "{message}");
}

#[tokio::test]
async fn the_command_reads_the_environment() {
    let world = World::start().await;
    let event = delivered();
    world.park(&event, "x").await;
    let listed = text(&world.haat(&["dead-letters", "list", "return"]));
    assert!(listed.contains(&event.id.to_string()), "{listed}");
    let wrong = world.haat(&["dead-letters", "show", "return", "no-id"]);
    assert_eq!(String::from_utf8(wrong.stderr).unwrap(), "haat: return has no dead letter no-id\n");
    assert_eq!(wrong.status.code(), Some(1));
    let event_of: Value = serde_json::from_str(
        &text(&world.haat(&["dead-letters", "show", "return", &event.id.to_string()]))
            .lines()
            .skip(4)
            .collect::<String>(),
    )
    .unwrap();
    assert_eq!(event_of["id"], event.id.to_string());
}
