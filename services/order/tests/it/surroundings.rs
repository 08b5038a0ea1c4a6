//! The service among the others: what it hears, and what it forgets.

use contracts::order::OrderStatus;
use contracts::payment::PaymentMethod;
use contracts::product::{ReserveStock, StockExpired, StockReserved};
use contracts::shipping::{Direction, ShipmentDelivered, ShipmentFacts, ShipmentStatus};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::topology::Topology;
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{Money, OrderId, ServiceName, ShipmentId, UserId};

use crate::shop::Shop;

#[test]
fn it_hears_what_the_topology_says() {
    let topology = Topology::embedded().unwrap();
    let mut handled = order_service::service().handles;
    handled.sort_unstable();
    let mut expected: Vec<&str> =
        topology.events_consumed_by(ServiceName::Order).into_iter().map(|(kind, _)| kind).collect();
    expected.sort_unstable();
    assert_eq!(handled, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_wants_to_be_forgotten_is_forgotten_once_nothing_is_under_way() {
    let shop = Shop::open().await;
    let mut body = shop.new_order(PaymentMethod::Upi);
    body["notes"] = json!("For Asha's birthday");
    let unpaid = shop.customer.post("/api/v1/orders", &body).await.is(201).json["id"].as_str().unwrap().to_owned();
    let bought = shop.paid_order().await;
    let user_id = shop.customer.id();
    shop.service.deliver(user_id, 5, &ErasureRequested { user_id }).await;
    // The parcel still needs its address.
    assert_eq!(shop.read(bought.id).await.address.landmark, "Behind the temple");

    shop.customer.post(&format!("/api/v1/orders/{unpaid}/cancel"), &json!({ "comment": "Sorry, Asha" })).await.is(200);
    let parcel = ShipmentFacts {
        shipment_id: ShipmentId::new(),
        order_id: bought.id,
        return_id: None,
        customer_id: user_id,
        direction: Direction::Outbound,
        carrier: "Delhivery".into(),
        tracking_number: "D123".into(),
        status: ShipmentStatus::Delivered,
        at: shop.service.clock.now(),
    };
    let delivered = ShipmentDelivered { shipment: parcel, cash_collected: Money::ZERO };
    shop.service.deliver(bought.id, 6, &delivered).await;
    assert_eq!(shop.read(bought.id).await.status, OrderStatus::Delivered);
    // Asked again, it is done at once.
    shop.service.deliver(user_id, 6, &ErasureRequested { user_id }).await;
    shop.service.publishes(|event: &ErasureCompleted| event.user_id == user_id).await;

    // The invoice's recipient stays, as the law wants it; everything else is gone.
    let kept = shop.read(bought.id).await;
    assert_eq!(
        (kept.address.name.as_str(), kept.address.phone.as_str(), kept.address.landmark.as_str()),
        ("Asha Rao", "", "")
    );
    let gone = shop.customer.get(&format!("/api/v1/orders/{unpaid}")).await.is(200).json;
    assert!(!gone.to_string().contains("Asha"), "{gone}");
    let notes: i64 = sqlx::query_scalar("SELECT count(*) FROM order_note").fetch_one(&shop.service.pool).await.unwrap();
    let answers = "SELECT count(*) FROM idempotency_key WHERE owner = $1";
    let answers = sqlx::query_scalar::<_, i64>(answers).bind(user_id.to_string());
    assert_eq!(answers.fetch_one(&shop.service.pool).await.unwrap(), 0, "what they were answered names them");
    assert_eq!(notes, 0);
}

/// Cancels the customer's only order, and waits until its address is gone. Somebody else's wish wakes the job: it has no other
/// reason to look before its time.
async fn is_forgotten_once_cancelled(shop: &Shop) {
    let id = shop.orders().await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/orders/{id}");
    assert_eq!(shop.customer.get(&path).await.is(200).json["address"]["name"], "Asha Rao");
    shop.customer.post(&format!("{path}/cancel"), &json!({})).await.is(200);
    let user_id = UserId::new();
    shop.service.deliver(user_id, 5, &ErasureRequested { user_id }).await;
    shop.service.publishes(|event: &ErasureCompleted| event.user_id == user_id).await;
    eventually(PATIENCE, async || shop.customer.get(&path).await.is(200).json["address"]["name"] == "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_being_placed_when_its_customer_wants_to_be_forgotten_is_forgotten_too() {
    let shop = Shop::open().await;
    shop.hold::<ReserveStock>();
    let placing = tokio::spawn({
        let shop = shop.clone();
        async move { shop.order(PaymentMethod::Upi).await }
    });
    shop.held().await;
    let (user_id, other) = (shop.customer.id(), UserId::new());
    for user_id in [user_id, other] {
        shop.service.deliver(user_id, 5, &ErasureRequested { user_id }).await;
    }
    // The job has been there.
    shop.service.publishes(|event: &ErasureCompleted| event.user_id == other).await;
    shop.let_go();
    placing.await.unwrap();
    is_forgotten_once_cancelled(&shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_orders_after_being_forgotten_is_forgotten_again() {
    let shop = Shop::open().await;
    let user_id = shop.customer.id();
    shop.service.deliver(user_id, 5, &ErasureRequested { user_id }).await;
    shop.service.publishes(|event: &ErasureCompleted| event.user_id == user_id).await;
    shop.order(PaymentMethod::Upi).await;
    is_forgotten_once_cancelled(&shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_the_stock_is_kept_for_staff() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    let expired = StockExpired { order_id: order.id, lines: Vec::new() };
    shop.service.deliver(order.id, 2, &expired).await;
    // Of an order that was never placed there is nothing to say.
    let nowhere = OrderId::new();
    shop.service.deliver(nowhere, 1, &StockReserved { order_id: nowhere, lines: Vec::new() }).await;
    assert_eq!(shop.timeline(order.id).await, ["placed"]);
    let staff = shop.service.as_staff(types::Role::Operator);
    let desk = staff.get(&format!("/api/v1/orders/desk/{}", order.id)).await.is(200).json;
    assert_eq!(desk["timeline"][1]["detail"], "expired");
}
