//! What staff do.

use contracts::order::{Order, OrderStatus};
use contracts::payment::PaymentMethod;
use serde_json::json;
use types::{Role, UserId};

use crate::shop::Shop;

const DESK: &str = "/api/v1/orders/desk";

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_see_the_desk() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let one = format!("{DESK}/{}", order.id);
    for (person, status) in
        [(shop.service.guest(), 401), (shop.customer.clone(), 403), (shop.service.as_staff(Role::Merchandiser), 403)]
    {
        person.get(DESK).await.is(status);
        person.get(&one).await.is(status);
        person.post(&format!("{one}/notes"), &json!({ "text": "x" })).await.is(status);
        person.post(&format!("{one}/cancel"), &json!({})).await.is(status);
        person.post(&format!("{one}/lost"), &json!({})).await.is(status);
        person.post(&format!("{one}/process"), &json!({})).await.is(status);
    }
    for role in [Role::Support, Role::Operator, Role::Admin] {
        shop.service.as_staff(role).get(DESK).await.is(200);
        shop.service.as_staff(role).get(&one).await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_found_by_status_number_customer_and_time() {
    let shop = Shop::open().await;
    let (first, second) = (shop.order(PaymentMethod::CashOnDelivery).await, shop.order(PaymentMethod::Upi).await);
    let staff = shop.service.as_staff(Role::Support);
    let found = async |query: &str| {
        let page = staff.get(&format!("{DESK}?{query}")).await.is(200).json;
        page["items"].as_array().unwrap().iter().map(|o| o["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let both = [second.number.clone(), first.number.clone()];
    assert_eq!(found("").await, both);
    assert_eq!(found("status=pending").await, both[..1]);
    assert_eq!(found(&format!("number={}", first.number)).await, both[1..]);
    assert_eq!(found(&format!("number={}&status=pending", first.number)).await, [""; 0]);
    assert_eq!(found(&format!("customer_id={}", shop.customer.id())).await, both);
    assert_eq!(found(&format!("customer_id={}&status=confirmed", shop.customer.id())).await, both[1..]);
    assert_eq!(found(&format!("customer_id={}", UserId::new())).await, [""; 0]);
    assert_eq!(found(&format!("to={}", second.created_at)).await, both[1..]);
    assert_eq!(found(&format!("from={}", second.created_at)).await, both[..1]);
    let page = staff.get(&format!("{DESK}?limit=1")).await.is(200).json;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(found(&format!("limit=1&cursor={cursor}")).await, both[1..]);
    staff.get(&format!("{DESK}?status=lost")).await.is(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_for_staff_only() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let staff = shop.service.as_staff(Role::Support).with("idempotency-key", "n");
    let path = format!("{DESK}/{}/notes", order.id);
    let note = json!({ "text": "Called: deliver on Monday" });
    staff.post(&path, &note).await.is(201);
    staff.post(&path, &note).await.is(201);
    let desk = staff.get(&format!("{DESK}/{}", order.id)).await.is(200).json;
    let notes = desk["desk_notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1);
    assert_eq!((&notes[0]["text"], &notes[0]["author_id"]), (&note["text"], &json!(staff.id())));
    assert_eq!(desk["customer_id"], json!(shop.customer.id()));
    let seen = shop.customer.get(&format!("/api/v1/orders/{}", order.id)).await.is(200).json.to_string();
    assert!(!seen.contains("Monday"));
    shop.service.as_staff(Role::Support).post(&path, &json!({ "text": "" })).await.is(422);
    let nowhere = format!("{DESK}/{}/notes", types::OrderId::new());
    shop.service.as_staff(Role::Support).post(&nowhere, &note).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_picked_once() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let staff = shop.service.as_staff(Role::Operator);
    let path = format!("{DESK}/{}/process", order.id);
    staff.post(&path, &json!({})).await.is(428);
    let tag = staff.get(&format!("{DESK}/{}", order.id)).await.is(200).header("etag").to_owned();
    let careful = staff.with("if-match", &tag);
    let processed = careful.post(&path, &json!({})).await.is(200);
    assert_eq!(processed.json["status"], "processing");
    assert_ne!(processed.header("etag"), tag);
    careful.post(&path, &json!({})).await.is(412);
    staff.with("if-match", processed.header("etag")).post(&path, &json!({})).await.is(409).problem("order-status");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_cancel_for_a_customer() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let staff = shop.service.as_staff(Role::Support);
    let path = format!("{DESK}/{}/cancel", order.id);
    let cancelled: Order = staff.post(&path, &json!({ "comment": "The customer called" })).await.is(200).read();
    assert_eq!(cancelled.status, OrderStatus::Cancelled);
    assert_eq!(cancelled.cancel_reason, Some(contracts::order::CancelReason::Staff));
    staff.post(&path, &json!({})).await.is(409).problem("order-status");
}
