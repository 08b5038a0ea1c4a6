use contracts::returns::{ReturnClosed, ReturnFacts, ReturnStatus};
use contracts::shipping::{BookPickup, Direction, ShipmentDelivered, ShipmentStatus, ShipmentStatusChanged};
use serde_json::json;
use shipping_service::carrier;
use types::{Money, OrderId, ReturnId, ServiceName, UserId};

use crate::{address, advance, shipments, start, until};

fn pickup(landmark: &str) -> BookPickup {
    BookPickup {
        return_id: ReturnId::new(),
        order_id: OrderId::new(),
        customer_id: UserId::new(),
        from: address(landmark),
        weight_grams: 300,
        attempt: 1,
    }
}

#[tokio::test]
async fn a_return_is_fetched_once_however_often_it_is_asked_for() {
    let service = start().await;
    let call = pickup("");
    let booked = service.call(ServiceName::Return, &call).await;
    let again = service.call(ServiceName::Return, &call).await;
    assert_eq!((again.shipment_id, &again.tracking_number), (booked.shipment_id, &booked.tracking_number));
    let parcel = shipments(&service, call.customer_id, call.order_id).await.remove(0);
    assert_eq!((parcel.direction, parcel.return_id), (Direction::Inbound, Some(call.return_id)));
    advance(&service, &parcel, json!({ "to": "delivered" })).await;
    until(&service, call.customer_id, &parcel, ShipmentStatus::Delivered).await;
    let delivered = service.publishes::<ShipmentDelivered>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!(delivered.data.shipment.return_id, Some(call.return_id));
    assert_eq!(delivered.data.cash_collected, Money::ZERO);
}

#[tokio::test]
async fn a_pick_up_whose_answer_was_lost_is_found_by_the_repeat() {
    let service = start().await;
    let call = pickup(carrier::LOSES_ANSWER);
    // The carrier has it, but nobody knows; a caller repeats what was answered 503.
    assert_eq!(service.try_call(ServiceName::Return, &call).await.unwrap_err().status, 503);
    let booked = service.call(ServiceName::Return, &call).await;
    let parcels: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sandbox_parcel").fetch_one(&service.pool).await.unwrap();
    assert_eq!(parcels, 1);
    assert!(booked.tracking_number.starts_with("SBX"));
}

#[tokio::test]
async fn another_attempt_to_fetch_a_return_is_another_parcel() {
    let service = start().await;
    let call = pickup("");
    let first = service.call(ServiceName::Return, &call).await;
    let second = service.call(ServiceName::Return, &BookPickup { attempt: 2, ..call.clone() }).await;
    assert_ne!((second.shipment_id, &second.tracking_number), (first.shipment_id, &first.tracking_number));
    assert_eq!(service.call(ServiceName::Return, &call).await.shipment_id, first.shipment_id);
}

#[tokio::test]
async fn what_the_customer_keeps_is_not_fetched() {
    let service = start().await;
    let call = pickup("");
    let (return_id, customer_id) = (call.return_id, call.customer_id);
    service.call(ServiceName::Return, &call).await;
    let facts = |status| ReturnFacts {
        return_id,
        order_id: call.order_id,
        order_number: "HT-2611-000001".to_owned(),
        customer_id,
        status,
        lines: Vec::new(),
    };
    let parcel = shipments(&service, customer_id, call.order_id).await.remove(0);
    service.deliver(return_id, 6, &ReturnClosed { facts: facts(ReturnStatus::Closed) }).await;
    assert_eq!(shipments(&service, customer_id, call.order_id).await[0].status, ShipmentStatus::Created);
    service.deliver(return_id, 3, &ReturnClosed { facts: facts(ReturnStatus::Cancelled) }).await;
    until(&service, customer_id, &parcel, ShipmentStatus::Cancelled).await;
    let told = service.publishes::<ShipmentStatusChanged>(|e| e.shipment.shipment_id == parcel.id).await;
    assert_eq!((told.data.shipment.return_id, told.data.shipment.status), (Some(return_id), ShipmentStatus::Cancelled));
}

#[tokio::test]
async fn only_the_return_service_has_parcels_fetched() {
    let service = start().await;
    assert_eq!(service.try_call(ServiceName::Product, &pickup("")).await.unwrap_err().status, 403);
}
