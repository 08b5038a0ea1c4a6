use contracts::Page;
use contracts::order::{GetReturnableOrder, OrderStatus};
use contracts::returns::{Return, ReturnClosed, ReturnRequested, ReturnStatus, ReturnSummary};
use serde_json::json;
use types::OrderId;

use crate::{DAY, Shop};

#[tokio::test]
async fn a_customer_asks_for_a_return_and_sees_it() {
    let shop = Shop::open().await;
    let mut request = shop.request(0, 2);
    request["lines"][0]["comment"] = json!("A size too small");
    request["lines"][0]["photo_url"] = json!("https://photos.example/1.jpg");
    let answer = shop.asha.with("idempotency-key", "once").post("/api/v1/returns", &request).await.is(201);
    let again = shop.asha.with("idempotency-key", "once").post("/api/v1/returns", &request).await.is(201);
    assert_eq!((again.header("idempotency-replayed"), &again.json), ("true", &answer.json));
    let asked: Return = answer.read();
    assert_eq!((asked.status, asked.lines[0].quantity), (ReturnStatus::Requested, 2));
    assert_eq!(asked.lines[0].comment, "A size too small");
    assert_eq!(shop.see(asked.id).await, asked);
    let list: Page<ReturnSummary> = shop.asha.get("/api/v1/returns").await.is(200).read();
    assert_eq!(list.items.iter().map(|item| (item.id, item.pieces)).collect::<Vec<_>>(), [(asked.id, 2)]);
    let told = shop.service.publishes::<ReturnRequested>(|e| e.facts.return_id == asked.id).await;
    assert_eq!((told.version, told.data.facts.lines[0].quantity), (1, 2));
}

#[tokio::test]
async fn the_last_day_is_in_time_and_the_next_is_not() {
    let shop = Shop::open().await;
    shop.service.clock.advance(DAY * 7);
    shop.ask(1, 1).await;
    let shop = Shop::open().await;
    shop.service.clock.advance(DAY * 8);
    let refused = shop.asha.post("/api/v1/returns", &shop.request(1, 1)).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "lines[0].order_line_id");
    assert!(refused.errors[0].rule.starts_with("could be returned until "), "{}", refused.errors[0].rule);
    shop.ask(0, 1).await;
}

#[tokio::test]
async fn what_is_not_delivered_cannot_be_returned() {
    let shop = Shop::with_order(|order| {
        order.status = OrderStatus::Shipped;
        order.delivered_at = None;
    })
    .await;
    shop.asha.post("/api/v1/returns", &shop.request(0, 1)).await.is(409).problem("order-not-delivered");
}

#[tokio::test]
async fn another_customers_order_or_return_is_not_there() {
    let shop = Shop::open().await;
    let ravi = shop.service.customer();
    ravi.post("/api/v1/returns", &shop.request(0, 1)).await.is(404).problem("not-found");
    let unknown = json!({ "order_id": OrderId::new(), "lines": shop.request(0, 1)["lines"] });
    shop.asha.post("/api/v1/returns", &unknown).await.is(404);
    let asked = shop.ask(0, 1).await;
    ravi.get(&format!("/api/v1/returns/{}", asked.id)).await.is(404).problem("not-found");
    ravi.post(&format!("/api/v1/returns/{}/cancel", asked.id), &json!({})).await.is(404);
    shop.service.guest().get("/api/v1/returns").await.is(401);
    shop.service.guest().post("/api/v1/returns", &shop.request(0, 1)).await.is(401);
    let none: Page<ReturnSummary> = ravi.get("/api/v1/returns").await.is(200).read();
    assert!(none.items.is_empty());
}

#[tokio::test]
async fn twenty_at_once_do_not_ask_for_more_than_was_ordered() {
    let shop = Shop::open().await;
    let request = shop.request(0, 1);
    let all = (0..20).map(|_| shop.asha.post("/api/v1/returns", &request));
    let answers = futures::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        let problem = refused.problem("already-returned");
        assert_eq!(problem.errors[0].field, "lines[0].quantity");
        assert_eq!(problem.errors[0].rule, "must be at most 0: the others are being returned");
    }
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn a_request_that_is_refused_takes_nothing() {
    let shop = Shop::open().await;
    shop.ask(0, 2).await;
    // The second line is free, but the first is not.
    let both =
        json!({ "order_id": shop.order_id, "lines": [shop.request(1, 1)["lines"][0], shop.request(0, 2)["lines"][0]] });
    let refused = shop.asha.post("/api/v1/returns", &both).await.is(409).problem("already-returned");
    assert_eq!(refused.errors[0].field, "lines[1].quantity");
    shop.ask(1, 1).await;
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn what_was_cancelled_can_be_asked_for_again() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 3).await;
    let cancel = format!("/api/v1/returns/{}/cancel", asked.id);
    let cancelled: Return = shop.asha.post(&cancel, &json!({})).await.is(200).read();
    assert_eq!(cancelled.status, ReturnStatus::Cancelled);
    shop.asha.post(&cancel, &json!({})).await.is(409).problem("wrong-return-status");
    shop.service.publishes::<ReturnClosed>(|e| e.facts.return_id == asked.id).await;
    shop.ask(0, 3).await;
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn malformed_requests_name_their_fields() {
    let shop = Shop::open().await;
    for (field, wrong) in [("quantity", json!(0)), ("reason", json!("bored")), ("photo_url", json!("ftp://x"))] {
        let mut request = shop.request(0, 1);
        request["lines"][0][field] = wrong;
        let refused = shop.asha.post("/api/v1/returns", &request).await.is(422).problem("invalid-fields");
        assert_eq!(refused.errors[0].field, format!("lines[0].{field}"));
    }
    shop.service.stubs.down::<GetReturnableOrder>();
    shop.asha.post("/api/v1/returns", &shop.request(0, 1)).await.is(503);
}
