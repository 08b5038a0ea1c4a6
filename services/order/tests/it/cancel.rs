//! Cancelling.

use contracts::order::{
    CancelReason, CreditNoteIssued, FoundReturnableOrder, GetReturnableOrder, Order, OrderCancelled, OrderStatus,
};
use contracts::payment::PaymentMethod;
use serde_json::json;
use types::{OrderId, ServiceName};
use uuid::Uuid;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_cancels_an_order_that_is_not_paid() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    let path = format!("/api/v1/orders/{}/cancel", order.id);
    let person = shop.customer.with("idempotency-key", Uuid::new_v4().to_string());
    let body = json!({ "comment": "Ordered the wrong size" });

    let cancelled = person.post(&path, &body).await.is(200);
    let view: Order = cancelled.read();
    assert_eq!((view.status, view.cancel_reason), (OrderStatus::Cancelled, Some(CancelReason::Customer)));
    assert_eq!(person.post(&path, &body).await.is(200).bytes, cancelled.bytes, "a repeat is answered as the first");
    let refused = shop.customer.post(&path, &body).await.is(409).problem("order-status");
    assert_eq!(refused.extensions["order_status"], "cancelled");

    shop.service.publishes(|event: &OrderCancelled| event.order_id == order.id).await;
    assert_eq!(shop.service.published::<OrderCancelled>().await.len(), 1);
    assert_eq!(shop.customer.get(&format!("/api/v1/orders/{}/credit-notes", order.id)).await.is(200).json, json!([]));
    let desk = shop.service.as_staff(types::Role::Support).get(&format!("/api/v1/orders/desk/{}", order.id)).await;
    assert_eq!(desk.is(200).json["desk_notes"][0]["text"], "Ordered the wrong size");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invoice_of_a_cancelled_order_is_credited_in_full() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    shop.customer.post(&format!("/api/v1/orders/{}/cancel", order.id), &json!({})).await.is(200);

    let notes = shop.customer.get(&format!("/api/v1/orders/{}/credit-notes", order.id)).await.is(200).json;
    let invoice = shop.customer.get(&format!("/api/v1/orders/{}/invoice", order.id)).await.is(200).json;
    assert_eq!(notes.as_array().unwrap().len(), 1);
    let note = &notes[0];
    assert_eq!((&note["total"], &note["tax"]), (&invoice["total"], &invoice["tax"]));
    assert_eq!(note["invoice_number"], invoice["number"]);
    assert_eq!(note["return_id"], json!(null));
    for (credited, invoiced) in note["lines"].as_array().unwrap().iter().zip(invoice["lines"].as_array().unwrap()) {
        for field in ["description", "hsn", "quantity", "tax", "total"] {
            assert_eq!(credited[field], invoiced[field], "{field}");
        }
    }
    let event = shop.service.publishes(|event: &CreditNoteIssued| event.order_id == order.id).await;
    assert_eq!(event.data.total, order.amounts.total);
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_order_is_not_there() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let stranger = shop.service.customer();
    for path in ["", "/timeline", "/invoice", "/credit-notes"] {
        stranger.get(&format!("/api/v1/orders/{}{path}", order.id)).await.is(404);
        shop.service.guest().get(&format!("/api/v1/orders/{}{path}", order.id)).await.is(401);
    }
    stranger.post(&format!("/api/v1/orders/{}/cancel", order.id), &json!({})).await.is(404);
    assert_eq!(stranger.get("/api/v1/orders").await.is(200).json["items"], json!([]));
    shop.customer.get(&format!("/api/v1/orders/{}", OrderId::new())).await.is(404);

    let call = GetReturnableOrder { order_id: order.id, customer_id: stranger.id() };
    assert!(matches!(shop.service.call(ServiceName::Return, &call).await, FoundReturnableOrder::Absent));
    let call = GetReturnableOrder { customer_id: shop.customer.id(), ..call };
    let FoundReturnableOrder::Found(found) = shop.service.call(ServiceName::Return, &call).await else {
        panic!("the customer's own order is not there")
    };
    assert_eq!(found.lines[0].paid, order.lines[0].price.total);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_orders_goes_on_where_a_page_ended() {
    let shop = Shop::open().await;
    let mut numbers = Vec::new();
    for _ in 0..5 {
        numbers.insert(0, shop.order(PaymentMethod::Upi).await.number);
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/orders?limit=2".to_owned());
    loop {
        let page = shop.customer.get(&path).await.is(200).json;
        seen.extend(page["items"].as_array().unwrap().iter().map(|o| o["number"].as_str().unwrap().to_owned()));
        assert_eq!(page["items"][0]["pieces"], 3);
        assert_eq!(page["items"][0]["title"], "Kurta");
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/orders?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, numbers);
    shop.customer.get("/api/v1/orders?limit=0").await.is(400);
    shop.customer.get("/api/v1/orders?cursor=%25").await.is(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_order_is_not_sent_again() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    let path = format!("/api/v1/orders/{}", order.id);
    let tag = shop.customer.get(&path).await.is(200).header("etag").to_owned();
    shop.customer.with("if-none-match", &tag).get(&path).await.is(304);
    shop.pay(&order).await;
    shop.until(order.id, OrderStatus::Confirmed).await;
    shop.customer.with("if-none-match", &tag).get(&path).await.is(200);
}
