//! The shipping service as customers, staff, carriers and other services meet it.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up is best told by a test that fails")]

mod parcels;
mod pickups;
mod rate_card;
mod reconcile;
mod webhooks;

use std::net::TcpListener;

use contracts::order::OrderConfirmed;
use contracts::payment::PaymentMethod;
use contracts::shipping::{CarrierUpdate, Shipment, ShipmentStatus, Shipments};
use contracts::user::Address;
use http::Method;
use shipping_service::carrier::WebhookKey;
use shipping_service::demo;
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{Money, OrderId, Role, Timestamp, UserId};

pub const SECRET: &str = "known to the test";

/// The service with its rate card, at an address where the sandbox carrier finds it.
pub async fn start() -> TestService {
    start_with(&[]).await
}

pub async fn start_with(variables: &[(&str, &str)]) -> TestService {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut service = TestService::of(shipping_service::service())
        .env("SHIPPING_PORT", free)
        .env("SHIPPING_URL", format!("http://127.0.0.1:{free}"))
        .env("SHIPPING_SANDBOX_SECRET", SECRET);
    for (name, value) in variables {
        service = service.env(name, value);
    }
    let service = service.start().await;
    let mut connection = service.pool.acquire().await.unwrap();
    demo::seed(&mut connection, service.clock.now()).await.unwrap();
    demo::seed(&mut connection, service.clock.now()).await.unwrap();
    service
}

pub fn address(landmark: &str) -> Address {
    Address {
        name: "Asha Rao".to_owned(),
        phone: "+919000000001".to_owned(),
        line1: "12-2-417".to_owned(),
        line2: String::new(),
        landmark: landmark.to_owned(),
        city: "Hyderabad".to_owned(),
        state: "36".parse().unwrap(),
        pin_code: "500081".parse().unwrap(),
    }
}

pub fn confirmed(order_id: OrderId, customer_id: UserId, landmark: &str) -> OrderConfirmed {
    OrderConfirmed {
        order_id,
        order_number: "HT-2611-000001".to_owned(),
        customer_id,
        cart_id: None,
        lines: Vec::new(),
        coupon_code: None,
        total: Money::from_rupees(999),
        payment_method: PaymentMethod::CashOnDelivery,
        cash_to_collect: Money::from_rupees(999),
        address: address(landmark),
        shipping_method_id: demo::STANDARD,
        weight_grams: 500,
        promised_to: "2026-11-30".parse().unwrap(),
    }
}

/// The parcel of a newly confirmed order, once the carrier has taken it on.
pub async fn booked(service: &TestService, customer: UserId) -> Shipment {
    let order = OrderId::new();
    service.deliver(order, 2, &confirmed(order, customer, "")).await;
    eventually(PATIENCE, async || {
        shipments(service, customer, order).await.into_iter().find(|shipment| shipment.tracking_number.is_some())
    })
    .await
}

pub async fn shipments(service: &TestService, customer: UserId, order: OrderId) -> Vec<Shipment> {
    let customer = service.as_customer(customer);
    let found: Shipments = customer.get(&format!("/api/v1/shipments?order_id={order}")).await.is(200).read();
    found.shipments
}

/// Waits until the customer sees the parcel there.
pub async fn until(service: &TestService, customer: UserId, parcel: &Shipment, status: ShipmentStatus) -> Shipment {
    eventually(PATIENCE, async || {
        let found: Shipment =
            service.as_customer(customer).get(&format!("/api/v1/shipments/{}", parcel.id)).await.is(200).read();
        if found.status == status { Ok(found) } else { Err(found.status) }
    })
    .await
}

/// Plays the carrier.
pub async fn advance(service: &TestService, parcel: &Shipment, request: serde_json::Value) {
    let number = parcel.tracking_number.as_deref().unwrap();
    let path = format!("/api/v1/shipping/sandbox/{number}/advance");
    service.as_staff(Role::Operator).post(&path, &request).await.is(200);
}

/// What the carrier would say.
pub fn update(number: &str, event_id: &str, status: ShipmentStatus, at: Timestamp) -> CarrierUpdate {
    CarrierUpdate {
        event_id: event_id.to_owned(),
        tracking_number: number.to_owned(),
        status,
        occurred_at: at,
        description: "said the carrier".to_owned(),
        location: "Secunderabad".to_owned(),
    }
}

/// Sends it, signed with this secret.
pub async fn send_webhook(service: &TestService, secret: &str, update: &CarrierUpdate) -> testkit::service::Answer {
    let body = serde_json::to_vec(update).unwrap();
    let mut carrier = service.guest();
    for (name, value) in WebhookKey::new(secret.as_bytes()).sign(service.clock.now(), &body) {
        carrier = carrier.with(name.as_str(), value);
    }
    carrier.send_bytes(Method::POST, "/api/v1/shipping/webhooks/sandbox", body).await
}
