//! `haat reconcile` on a platform's own servers: nothing where all is well, and whatever was planted there.

use std::process::{Command, Output};

use futures::future::join_all;
use haat::up::{Infrastructure, Quiet, State};
use platform::bus::{self, BusConfig, BusOptions, Message};
use platform::env::Env;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::ScratchDirectory;
use types::{EventId, QueueName, Role, ServiceName, StreamName};
use uuid::Uuid;

use crate::shop::{Offer, Person, Shop};

/// Harm to one order in one service's database (`$` is the order's id), and how the sentence about the order ends.
const HARMS: &[(ServiceName, &str, &str)] = &[
    (
        ServiceName::Product,
        "UPDATE order_stock SET state = 'held', expires_at = now() + interval '1 day' WHERE order_id = '$'",
        "is confirmed, but its stock is held",
    ),
    (
        ServiceName::Product,
        "UPDATE reservation SET quantity = 2 WHERE order_id = '$'",
        "is of 1 pieces, but 2 are committed",
    ),
    (
        ServiceName::Discount,
        "UPDATE coupon_use SET state = 'released' WHERE order_id = '$'",
        "is confirmed, but its coupon is released",
    ),
    (
        ServiceName::Shipping,
        "DELETE FROM tracking_event WHERE shipment_id = (SELECT id FROM shipment WHERE order_id = '$');
         DELETE FROM shipment WHERE order_id = '$'",
        "is confirmed, but has no parcel",
    ),
    (
        ServiceName::Shipping,
        "UPDATE shipment SET status = 'delivered' WHERE order_id = '$'",
        "is confirmed, but its parcel is delivered",
    ),
    (
        ServiceName::Shipping,
        "UPDATE shipment SET cash_to_collect_paise = 100 WHERE order_id = '$'",
        "has ₹0.00 to pay at the door, but its parcel ₹1.00",
    ),
    (
        ServiceName::Payment,
        "DELETE FROM attempt WHERE intent_id = (SELECT id FROM intent WHERE order_id = '$');
         DELETE FROM intent WHERE order_id = '$'",
        "was sold, but has no payment",
    ),
    (ServiceName::Payment, "UPDATE intent SET captured_paise = 100 WHERE order_id = '$'", "but ₹1.00 was captured"),
    (ServiceName::Payment, "UPDATE intent SET amount_paise = 100 WHERE order_id = '$'", "but ₹1.00 is asked for it"),
    (
        ServiceName::Payment,
        "UPDATE intent SET refunded_paise = 100 WHERE order_id = '$'",
        "knows of ₹0.00 refunded, the payment of ₹1.00",
    ),
    (ServiceName::Order, "UPDATE customer_order SET paid_at = NULL WHERE id = '$'", "are paid"),
    (
        ServiceName::Order,
        "UPDATE customer_order SET status = 'pending', settle_after = 'infinity' WHERE id = '$'",
        "is pending, but its stock is committed",
    ),
    (
        ServiceName::Order,
        "UPDATE customer_order SET status = 'cancelled', cancel_reason = 'staff' WHERE id = '$'",
        "is cancelled, but its coupon is redeemed",
    ),
];

/// Harm that is of no order's, and what is said of it. Every rule of one service's own has its test there.
const OTHER_HARMS: &[(ServiceName, &str, &str)] = &[
    (
        ServiceName::Order,
        "UPDATE document_counter SET last = last + 1 WHERE series = 'INV'",
        "order: invoice-numbers-have-no-gap INV",
    ),
    (
        ServiceName::Order,
        "UPDATE customer_order SET status = 'pending', paid_at = '2020-01-01', settle_after = 'infinity'
         WHERE id = (SELECT id FROM customer_order ORDER BY created_at LIMIT 1)",
        "order: paid-orders-are-confirmed ",
    ),
    (
        ServiceName::Cart,
        "INSERT INTO outbox (id, stream, type, subject, version, correlation_id, data)
         VALUES (gen_random_uuid(), 'order-events', 'cart.abandoned.v1', 's', 1, 'c', '{}')",
        "cart: 1 events are not published",
    ),
    (
        ServiceName::Shipping,
        "INSERT INTO parked_event (event_id, type, event, attempts, error)
         VALUES (gen_random_uuid(), 'order.confirmed.v1', '{}', 5, 'no')",
        "shipping: 1 events were put aside",
    ),
    (ServiceName::Payment, "UPDATE refund SET amount_paise = amount_paise + 1 WHERE return_id IS NOT NULL", "brings "),
    (
        ServiceName::Product,
        "INSERT INTO order_stock (order_id, state) VALUES ('00000000-0000-7000-8000-000000000001', 'committed')",
        "order 00000000-0000-7000-8000-000000000001: does not exist, but its stock is committed",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_platform_has_nothing_to_find_and_a_harmed_one_has_each_harm() {
    let shop = Shop::open().await;
    haat::tour::walk_quietly(&shop.platform.url()).await.unwrap();
    let offer = shop.offer(100).await;
    let code = coupon(&shop).await;
    let orders = join_all(HARMS.iter().map(|_| paid_order(shop.customer(), &offer, &code))).await;
    shop.is_in_order().await;
    let Shop { platform, state, .. } = shop;
    let healthy = reconcile(&state);
    assert_eq!((healthy.status.code(), told(&healthy)), (Some(0), "0 found\n".to_owned()));

    // Only the servers, so that no service mends what is harmed.
    platform.stop().await.unwrap();
    let servers = Infrastructure::start(State::open(state.path(), false).await.unwrap(), &Quiet).await.unwrap();
    servers.publish(&[]).unwrap();
    for ((service, harm, _), order) in HARMS.iter().zip(&orders) {
        do_harm(&servers, *service, &harm.replace('$', order)).await;
    }
    for (service, harm, _) in OTHER_HARMS {
        do_harm(&servers, *service, harm).await;
    }
    let bus = BusConfig::from_env(&Env::from_values(servers.variables())).unwrap();
    let options = BusOptions { prefix: "haat:".to_owned(), ..BusOptions::default() };
    let bus = bus::connect(&bus, &options).unwrap();
    bus.queues.put(QueueName::Payment, &[message()]).await.unwrap();
    bus.streams.publish(StreamName::Product, &[message()]).await.unwrap();

    let harmed = reconcile(&state);
    assert_eq!(harmed.status.code(), Some(1));
    let found = told(&harmed);
    let has = |start: &str, end: &str| found.lines().any(|line| line.starts_with(start) && line.contains(end));
    for ((_, _, sentence), order) in HARMS.iter().zip(&orders) {
        assert!(has(&format!("order {order}: "), sentence), "{sentence}:\n{found}");
    }
    for (_, _, sentence) in OTHER_HARMS {
        assert!(has("", sentence), "{sentence}:\n{found}");
    }
    assert!(has("payment-service-events: 1 messages are not worked off", ""), "{found}");
    assert!(has("product-events: 1 events are not read by cart", ""), "{found}");
    assert!(has(&format!("{} found", found.lines().count() - 1), ""), "{found}");

    // As an operator may have it, who reaches the databases and neither streams nor queues.
    let blind = reconcile_by(servers.variables().into_iter().chain([nowhere("STREAMS_URL"), nowhere("QUEUES_URL")]));
    assert_eq!(blind.status.code(), Some(1));
    let found = told(&blind);
    let told_of = |start: &str| found.lines().any(|line| line.starts_with(start));
    assert!(told_of("order: invoice-numbers-have-no-gap INV"), "{found}");
    assert!(
        told_of("the streams could not be looked at: ") && told_of("the queues could not be looked at: "),
        "{found}"
    );

    let without = servers.variables().into_iter().filter(|(name, _)| !["STREAMS_URL", "QUEUES_URL"].contains(&&**name));
    let found = told(&reconcile_by(without));
    assert!(found.contains("order: invoice-numbers-have-no-gap INV"), "{found}");
    assert!(
        found.contains("neither streams nor queues could be looked at: ") && found.contains("STREAMS_URL"),
        "{found}"
    );
    servers.stop().await;
}

#[test]
fn a_directory_without_a_platform_is_named() {
    let empty = ScratchDirectory::create();
    let output = reconcile(&empty);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(empty.path().to_str().unwrap()), "{said}");
}

/// The code of a new coupon that everybody may use.
async fn coupon(shop: &Shop) -> String {
    let coupon = json!({ "code": "EVERYBODY", "benefit": { "kind": "fixed_amount", "amount": 1_000 } });
    shop.staff(Role::Merchandiser).post("/api/v1/coupons", coupon).await.is(201);
    "EVERYBODY".to_owned()
}

/// Returns the id of an order of one piece that is confirmed.
async fn paid_order(customer: Person, offer: &Offer, code: &str) -> String {
    customer.add(offer, 1).await;
    customer.put("/api/v1/cart/coupon", json!({ "code": code })).await.is(200);
    let method = customer.shipping_method().await;
    let order: Value = customer.check_out(&method, "upi").await.is(201).body;
    customer.pay(&order, "success@sandbox").await.is(201);
    customer.until(&order, "status", "confirmed").await;
    order["id"].as_str().unwrap().to_owned()
}

async fn do_harm(servers: &Infrastructure, service: ServiceName, sql: &str) {
    let mut connection = PgConnection::connect(&servers.owner_url(service)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn message() -> Message {
    let (id, key, kind) = (EventId(Uuid::now_v7()), "s".to_owned(), "order.cancelled.v1".to_owned());
    Message { id, key, kind, payload: b"{}".as_slice().into(), traceparent: None }
}

/// A variable that names a server where there is none.
fn nowhere(name: &str) -> (String, String) {
    (name.to_owned(), "redis://127.0.0.1:1/".to_owned())
}

fn reconcile(state: &ScratchDirectory) -> Output {
    command().arg("--state").arg(state.path()).output().unwrap()
}

fn reconcile_by(variables: impl Iterator<Item = (String, String)>) -> Output {
    command().envs(variables).output().unwrap()
}

/// With nothing of the tests' own environment.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haat"));
    for name in ["HAAT_TEST_POSTGRES_URL", "HAAT_TEST_CACHE_URL", "HAAT_TEST_STREAMS_URL"] {
        command.env_remove(name);
    }
    command.arg("reconcile");
    command
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}
