use std::time::Duration;

use contracts::Page;
use contracts::order::{CancelReason, OrderCancelled};
use contracts::shipping::{
    DeskShipment, Shipment, ShipmentCreated, ShipmentDelivered, ShipmentRto, ShipmentStatus, ShipmentStatusChanged,
};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::reconcile::Violation;
use serde_json::json;
use shipping_service::{carrier, reconcile};
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{Money, OrderId, Role, UserId};

use crate::{advance, booked, confirmed, shipments, start, start_with, until};

fn cancelled(order_id: OrderId, customer_id: UserId) -> OrderCancelled {
    OrderCancelled {
        order_id,
        order_number: "HT-2611-000001".to_owned(),
        customer_id,
        reason: CancelReason::Customer,
        total: Money::from_rupees(999),
    }
}

async fn desk(service: &TestService, order: OrderId) -> DeskShipment {
    let path = format!("/api/v1/shipments/desk?order_id={order}");
    service.as_staff(Role::Support).get(&path).await.is(200).read::<Page<DeskShipment>>().items.remove(0)
}

async fn violations(service: &TestService) -> Vec<Violation> {
    let mut connection = service.pool.acquire().await.unwrap();
    reconcile::violations(&mut connection, service.clock.now()).await.unwrap()
}

#[tokio::test]
async fn a_confirmed_order_has_one_parcel_and_others_hear_of_it_once_it_has_a_number() {
    let service = start().await;
    let (order, customer) = (OrderId::new(), UserId::new());
    service.deliver(order, 2, &confirmed(order, customer, "")).await;
    service.deliver(order, 2, &confirmed(order, customer, "")).await;
    let created = service.publishes::<ShipmentCreated>(|e| e.shipment.order_id == order).await;
    assert_eq!(created.version, 1);
    let of_customer = shipments(&service, customer, order).await;
    assert_eq!(of_customer.len(), 1);
    assert_eq!(of_customer[0].tracking_number.as_deref(), Some(created.data.shipment.tracking_number.as_str()));
    assert_eq!(created.data.promised_to, of_customer[0].promised_to);
    service.settled().await;
    assert_eq!(service.published::<ShipmentCreated>().await.len(), 1);
    let mut connection = service.pool.acquire().await.unwrap();
    let facts = reconcile::facts(&mut connection).await.unwrap();
    assert_eq!((facts.len(), facts[0].order_id), (1, order));
}

#[tokio::test]
async fn a_parcel_goes_to_the_door_and_its_cash_is_collected() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    let staff = service.as_staff(Role::Operator);
    let pack = format!("/api/v1/shipments/{}/pack", parcel.id);
    staff.post(&pack, &json!({})).await.is(200);
    let packed: DeskShipment = staff.post(&pack, &json!({})).await.is(200).read();
    assert_eq!(packed.shipment.status, ShipmentStatus::Packed);
    advance(&service, &parcel, json!({})).await;
    until(&service, customer, &parcel, ShipmentStatus::PickedUp).await;
    staff.post(&pack, &json!({})).await.is(409).problem("wrong-shipment-status");
    advance(&service, &parcel, json!({ "to": "delivered" })).await;
    let arrived = until(&service, customer, &parcel, ShipmentStatus::Delivered).await;
    let way: Vec<_> = arrived.history.iter().rev().map(|entry| entry.status.as_str()).collect();
    assert_eq!(way, ["packed", "picked_up", "in_transit", "out_for_delivery", "delivered"]);

    let delivered = service.publishes::<ShipmentDelivered>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!(delivered.data.cash_collected, Money::from_rupees(999));
    assert_eq!(delivered.version, 6);
    let steps: Vec<_> = service.published::<ShipmentStatusChanged>().await.into_iter().map(|e| e.version).collect();
    assert_eq!(steps, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_lost_answer_books_the_parcel_once() {
    let service = start().await;
    let (order, customer) = (OrderId::new(), UserId::new());
    service.deliver(order, 2, &confirmed(order, customer, carrier::LOSES_ANSWER)).await;
    let failed = eventually(PATIENCE, async || {
        Some(desk(&service, order).await).filter(|parcel| parcel.booking_error.is_some())
    })
    .await;
    assert_eq!(failed.shipment.tracking_number, None);
    let pack = format!("/api/v1/shipments/{}/pack", failed.shipment.id);
    service.as_staff(Role::Operator).post(&pack, &json!({})).await.is(409).problem("not-booked");
    // Nobody was told of a parcel without a number.
    assert!(service.published::<ShipmentCreated>().await.is_empty());
    service.clock.advance(Duration::from_secs(10));
    service.publishes::<ShipmentCreated>(|e| e.shipment.order_id == order).await;
    let carried: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sandbox_parcel").fetch_one(&service.pool).await.unwrap();
    assert_eq!(carried, 1);
    assert_eq!(desk(&service, order).await.booking_error, None);
}

#[tokio::test]
async fn a_parcel_that_no_carrier_takes_is_found_by_reconciliation() {
    let service = start().await;
    let order = OrderId::new();
    service.deliver(order, 2, &confirmed(order, UserId::new(), carrier::REFUSES)).await;
    eventually(PATIENCE, async || desk(&service, order).await.booking_error).await;
    assert!(violations(&service).await.is_empty());
    service.clock.advance(Duration::from_secs(3600));
    assert_eq!(violations(&service).await[0].rule, "parcels-are-booked");
}

#[tokio::test]
async fn an_order_that_was_cancelled_first_is_not_sent() {
    let service = start().await;
    let (order, customer) = (OrderId::new(), UserId::new());
    service.deliver(order, 3, &cancelled(order, customer)).await;
    service.deliver(order, 2, &confirmed(order, customer, "")).await;
    assert!(shipments(&service, customer, order).await.is_empty());
}

#[tokio::test]
async fn confirmation_and_cancellation_at_once_leave_no_parcel_on_its_way() {
    let service = start().await;
    let customer = UserId::new();
    for _ in 0..10 {
        let order = OrderId::new();
        let (confirmed, cancelled) = (confirmed(order, customer, ""), cancelled(order, customer));
        tokio::join!(service.publish(order, 2, &confirmed), service.publish(order, 3, &cancelled));
    }
    service.settled().await;
    let open = "SELECT count(*) FROM shipment WHERE status <> 'cancelled'";
    assert_eq!(sqlx::query_scalar::<_, i64>(open).fetch_one(&service.pool).await.unwrap(), 0);
    // What the carrier was asked to take meanwhile, it gives back.
    let given_back = "SELECT NOT EXISTS (SELECT FROM sandbox_parcel WHERE status <> 'cancelled')
                         AND NOT EXISTS (SELECT FROM shipment WHERE turn_back_due_at IS NOT NULL OR booking_due_at IS NOT NULL)";
    eventually(PATIENCE, async || sqlx::query_scalar::<_, bool>(given_back).fetch_one(&service.pool).await.unwrap())
        .await;
}

#[tokio::test]
async fn a_cancelled_orders_parcel_stays_here_and_the_carrier_gives_it_up() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    service.deliver(parcel.order_id, 3, &cancelled(parcel.order_id, customer)).await;
    until(&service, customer, &parcel, ShipmentStatus::Cancelled).await;
    let changed = service.publishes::<ShipmentStatusChanged>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!(changed.data.shipment.status, ShipmentStatus::Cancelled);
    let status = "SELECT status FROM sandbox_parcel";
    eventually(PATIENCE, async || {
        sqlx::query_scalar::<_, String>(status).fetch_one(&service.pool).await.unwrap() == "cancelled"
    })
    .await;
}

#[tokio::test]
async fn a_parcel_under_way_is_called_back_when_its_order_is_cancelled() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "in_transit" })).await;
    until(&service, customer, &parcel, ShipmentStatus::InTransit).await;
    service.deliver(parcel.order_id, 5, &cancelled(parcel.order_id, customer)).await;
    until(&service, customer, &parcel, ShipmentStatus::Returning).await;
    advance(&service, &parcel, json!({})).await;
    until(&service, customer, &parcel, ShipmentStatus::Returned).await;
    service.publishes::<ShipmentRto>(|e| e.shipment.shipment_id == parcel.id).await;
    assert!(violations(&service).await.is_empty());
}

#[tokio::test]
async fn a_cancelled_orders_parcel_that_was_at_the_door_already_is_delivered_and_its_cash_told() {
    // The carrier's webhooks go nowhere, so that nobody here knows how far the parcel is.
    let service = start_with(&[("SHIPPING_WEBHOOK_URL", "http://127.0.0.1:9/nowhere")]).await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "delivered" })).await;
    service.deliver(parcel.order_id, 3, &cancelled(parcel.order_id, customer)).await;
    let arrived = until(&service, customer, &parcel, ShipmentStatus::Delivered).await;
    let said: Vec<_> = arrived.history.iter().map(|entry| entry.description.as_str()).collect();
    assert!(said.contains(&"The order was cancelled") && said.contains(&"It was too late to call it back"), "{said:?}");
    let delivered = service.publishes::<ShipmentDelivered>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!(delivered.data.cash_collected, Money::from_rupees(999));
    assert!(violations(&service).await.is_empty());
}

#[tokio::test]
async fn nobody_asks_after_a_parcel_that_was_cancelled_while_it_was_booked() {
    let service = start().await;
    let (order, customer) = (OrderId::new(), UserId::new());
    service.deliver(order, 2, &confirmed(order, customer, carrier::LOSES_ANSWER)).await;
    eventually(PATIENCE, async || desk(&service, order).await.booking_error).await;
    service.deliver(order, 3, &cancelled(order, customer)).await;
    service.clock.advance(Duration::from_secs(10));
    let given_back = "SELECT tracking_number IS NOT NULL AND turn_back_due_at IS NULL FROM shipment";
    eventually(PATIENCE, async || sqlx::query_scalar::<_, bool>(given_back).fetch_one(&service.pool).await.unwrap())
        .await;
    let asked_after = "SELECT follow_up_due_at IS NOT NULL FROM shipment";
    assert!(!sqlx::query_scalar::<_, bool>(asked_after).fetch_one(&service.pool).await.unwrap());
}

#[tokio::test]
async fn a_parcel_that_nobody_takes_in_comes_back_with_the_reason() {
    let service = start().await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    advance(&service, &parcel, json!({ "to": "out_for_delivery" })).await;
    advance(&service, &parcel, json!({ "exception": "Nobody at home" })).await;
    let held_up = until(&service, customer, &parcel, ShipmentStatus::Exception).await;
    assert_eq!(held_up.history[0].description, "Nobody at home");
    advance(&service, &parcel, json!({ "to": "returned" })).await;
    until(&service, customer, &parcel, ShipmentStatus::Returned).await;
    let rto = service.publishes::<ShipmentRto>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!(rto.data.shipment.order_id, parcel.order_id);
}

#[tokio::test]
async fn the_desk_cancels_what_has_not_left() {
    let service = start().await;
    let customer = UserId::new();
    let (here, gone) = (booked(&service, customer).await, booked(&service, customer).await);
    let staff = service.as_staff(Role::Support);
    let cancel = |parcel: &Shipment| format!("/api/v1/shipments/{}/cancel", parcel.id);
    let reason = json!({ "reason": "Damaged in the warehouse" });
    staff.post(&cancel(&here), &reason).await.is(200);
    staff.post(&cancel(&here), &reason).await.is(200);
    let seen = until(&service, customer, &here, ShipmentStatus::Cancelled).await;
    assert_eq!(seen.history.iter().filter(|entry| entry.description == "Damaged in the warehouse").count(), 1);
    advance(&service, &gone, json!({})).await;
    until(&service, customer, &gone, ShipmentStatus::PickedUp).await;
    let refused = staff.post(&cancel(&gone), &reason).await.is(409).problem("wrong-shipment-status");
    assert_eq!(refused.extensions["shipment_status"], "picked_up");
}

#[tokio::test]
async fn customers_see_their_own_parcels_only_and_the_desk_is_for_staff() {
    let service = start().await;
    let parcel = booked(&service, UserId::new()).await;
    let other = service.customer();
    let path = format!("/api/v1/shipments/{}", parcel.id);
    other.get(&path).await.is(404).problem("not-found");
    assert!(shipments(&service, other.id(), parcel.order_id).await.is_empty());
    service.guest().get(&path).await.is(401);
    service.guest().get(&format!("/api/v1/shipments?order_id={}", parcel.order_id)).await.is(401);
    for role in [Role::Customer, Role::Merchandiser] {
        let person = service.as_staff(role);
        person.get("/api/v1/shipments/desk").await.is(403);
        person.post(&format!("{path}/pack"), &json!({})).await.is(403);
        person.post(&format!("{path}/cancel"), &json!({ "reason": "no" })).await.is(403);
        let number = parcel.tracking_number.as_deref().unwrap();
        person.post(&format!("/api/v1/shipping/sandbox/{number}/advance"), &json!({})).await.is(403);
    }
}

#[tokio::test]
async fn the_desk_pages_through_all_parcels_the_newest_first() {
    let service = start().await;
    let customer = UserId::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, booked(&service, customer).await.id);
    }
    let staff = service.as_staff(Role::Support);
    let first: Page<DeskShipment> = staff.get("/api/v1/shipments/desk?limit=2&status=created").await.is(200).read();
    let cursor = first.next_cursor.unwrap();
    let second: Page<DeskShipment> =
        staff.get(&format!("/api/v1/shipments/desk?limit=2&cursor={cursor}")).await.is(200).read();
    let seen: Vec<_> = first.items.iter().chain(&second.items).map(|item| item.shipment.id).collect();
    assert_eq!(seen, ids);
    assert_eq!(second.next_cursor, None);
    let none: Page<DeskShipment> = staff.get("/api/v1/shipments/desk?direction=inbound").await.is(200).read();
    assert!(none.items.is_empty());
}

#[tokio::test]
async fn a_forgotten_customers_address_goes_when_the_parcel_is_done() {
    let service = start().await;
    let customer = UserId::new();
    let (done, open) = (booked(&service, customer).await, booked(&service, customer).await);
    advance(&service, &done, json!({ "to": "delivered" })).await;
    until(&service, customer, &done, ShipmentStatus::Delivered).await;
    service.deliver(customer, 7, &ErasureRequested { user_id: customer }).await;
    service.publishes::<ErasureCompleted>(|e| e.user_id == customer).await;
    assert!(desk(&service, done.order_id).await.address.is_none());
    assert!(desk(&service, open.order_id).await.address.is_some());
    advance(&service, &open, json!({ "to": "delivered" })).await;
    until(&service, customer, &open, ShipmentStatus::Delivered).await;
    assert!(desk(&service, open.order_id).await.address.is_none());
}

#[tokio::test]
async fn parcels_move_by_themselves_at_the_set_speed() {
    let service = start_with(&[("SHIPPING_SANDBOX_SPEED", "60")]).await;
    let customer = UserId::new();
    let parcel = booked(&service, customer).await;
    service.clock.advance(Duration::from_secs(61));
    until(&service, customer, &parcel, ShipmentStatus::PickedUp).await;
    service.clock.advance(Duration::from_secs(61));
    until(&service, customer, &parcel, ShipmentStatus::InTransit).await;
}
