use std::time::Duration;

use contracts::shipping::{Shipment, ShipmentDelivered, ShipmentStatus};
use http::Method;
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{OrderId, Role, UserId};

use crate::{SECRET, advance, booked, confirmed, send_webhook, shipments, start, start_with, until, update};

#[tokio::test]
async fn only_the_carriers_signature_of_now_is_believed() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    let number = parcel.tracking_number.as_deref().unwrap();
    let delivered = update(number, "forged", ShipmentStatus::Delivered, service.clock.now());
    send_webhook(&service, "guessed", &delivered).await.is(401).problem("bad-signature");
    let body = serde_json::to_vec(&delivered).unwrap();
    let unsigned = service.guest().send_bytes(Method::POST, "/api/v1/shipping/webhooks/sandbox", body.clone()).await;
    unsigned.is(401).problem("bad-signature");
    let other = service.guest().send_bytes(Method::POST, "/api/v1/shipping/webhooks/pigeon", body).await;
    other.is(404);
    assert_eq!(until(&service, customer, &parcel, ShipmentStatus::Created).await.history, []);
}

#[tokio::test]
async fn news_that_comes_twice_counts_once() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "delivered", "duplicate": true })).await;
    let arrived = until(&service, customer, &parcel, ShipmentStatus::Delivered).await;
    let sent = "SELECT NOT EXISTS (SELECT FROM sandbox_webhook)";
    eventually(PATIENCE, async || sqlx::query_scalar::<_, bool>(sent).fetch_one(&service.pool).await.unwrap()).await;
    assert_eq!(until(&service, customer, &parcel, ShipmentStatus::Delivered).await, arrived);
    assert_eq!(arrived.history.len(), 4);
    service.settled().await;
    assert_eq!(service.published::<ShipmentDelivered>().await.len(), 1);
}

#[tokio::test]
async fn news_that_comes_in_the_wrong_order_ends_in_the_same_place() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "delivered", "reorder": true })).await;
    let arrived = eventually(PATIENCE, async || {
        Some(until(&service, customer, &parcel, ShipmentStatus::Delivered).await).filter(|seen| seen.history.len() == 4)
    })
    .await;
    let way: Vec<_> = arrived.history.iter().rev().map(|entry| entry.status.as_str()).collect();
    assert_eq!(way, ["picked_up", "in_transit", "out_for_delivery", "delivered"]);
    // The last came first, and the others changed nothing.
    assert_eq!(service.published::<ShipmentDelivered>().await[0].version, 2);
}

#[tokio::test]
async fn news_of_a_parcel_that_is_not_known_yet_waits_for_it() {
    let service = start().await;
    let (order, customer) = (OrderId::new(), UserId::new());
    // The carrier has the parcel, but its answer was lost; it speaks of it before we know its number.
    service.deliver(order, 2, &confirmed(order, customer, shipping_service::carrier::LOSES_ANSWER)).await;
    let number: String = eventually(PATIENCE, async || {
        sqlx::query_scalar("SELECT tracking_number FROM sandbox_parcel").fetch_optional(&service.pool).await.unwrap()
    })
    .await;
    let picked_up = update(&number, "early", ShipmentStatus::PickedUp, service.clock.now());
    send_webhook(&service, SECRET, &picked_up).await.is(204);
    assert_eq!(shipments(&service, customer, order).await[0].status, ShipmentStatus::Created);
    service.clock.advance(Duration::from_secs(10));
    let parcel = shipments(&service, customer, order).await.remove(0);
    let seen = until(&service, customer, &parcel, ShipmentStatus::PickedUp).await;
    assert_eq!(seen.history[0].location, "Secunderabad");
}

#[tokio::test]
async fn news_that_came_in_the_moment_of_booking_is_found_later() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    // As if the webhook's transaction had not seen the booking's.
    let sql = "INSERT INTO tracking_event (carrier, carrier_event_id, tracking_number, status, at, description, location, received_at)
               VALUES ('sandbox', 'overlapped', $1, 'picked_up', now(), '', '', now())";
    sqlx::query(sql).bind(parcel.tracking_number.as_deref()).execute(&service.pool).await.unwrap();
    until(&service, customer, &parcel, ShipmentStatus::PickedUp).await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_by_field() {
    let service = start().await;
    let mut carrier = service.guest();
    let body = br#"{"event_id":"e","tracking_number":"t","status":"teleported","occurred_at":"2026-11-23T00:00:00Z"}"#;
    let key = shipping_service::carrier::WebhookKey::new(SECRET.as_bytes());
    for (name, value) in key.sign(service.clock.now(), body) {
        carrier = carrier.with(name.as_str(), value);
    }
    let answer = carrier.send_bytes(Method::POST, "/api/v1/shipping/webhooks/sandbox", body.to_vec()).await;
    assert_eq!(answer.is(422).problem("invalid-fields").errors[0].field, "status");
}

#[tokio::test]
async fn a_lost_webhook_is_made_good_by_asking() {
    // The carrier's webhooks go nowhere.
    let service =
        start_with(&[("SHIPPING_WEBHOOK_URL", "http://127.0.0.1:9/nowhere"), ("SHIPPING_FOLLOW_UP_AFTER", "0")]).await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "in_transit" })).await;
    until(&service, customer, &parcel, ShipmentStatus::InTransit).await;
}

#[tokio::test]
async fn news_that_moves_no_parcel_is_seen_too() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    let number = parcel.tracking_number.as_deref().unwrap();
    let in_transit = |id: &str, seconds| {
        let at = service.clock.now().plus(Duration::from_secs(seconds));
        update(number, id, ShipmentStatus::InTransit, at)
    };
    let path = format!("/api/v1/shipments/{}", parcel.id);
    send_webhook(&service, SECRET, &in_transit("first", 1)).await.is(204);
    let first = service.as_customer(customer).get(&path).await.is(200).header("etag").to_owned();
    let knowing = service.as_customer(customer).with("if-none-match", first);
    knowing.get(&path).await.is(304);
    send_webhook(&service, SECRET, &in_transit("second", 2)).await.is(204);
    let second: Shipment = knowing.get(&path).await.is(200).read();
    assert_eq!(second.history.len(), 2);
}

#[tokio::test]
async fn the_sandbox_is_not_there_in_production_and_refuses_what_cannot_be() {
    let service = start().await;
    let staff = service.as_staff(Role::Operator);
    let parcel = booked(&service, UserId::new()).await;
    let path = format!("/api/v1/shipping/sandbox/{}/advance", parcel.tracking_number.as_deref().unwrap());
    staff.post(&path, &json!({ "to": "delivered", "exception": "No" })).await.is(422).problem("invalid-fields");
    staff.post(&path, &json!({ "to": "packed" })).await.is(409).problem("no-way-there");
    staff.post("/api/v1/shipping/sandbox/SBX000/advance", &json!({})).await.is(404);
    let production = start_with(&[("APP_ENV", "production")]).await;
    production.as_staff(Role::Operator).post(&path, &json!({})).await.is(404);
}
