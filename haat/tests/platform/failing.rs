use std::time::Duration;

use serde_json::json;
use testkit::eventually;

use crate::shop::{PATIENCE, Shop};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_can_be_tried_again() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(3).await);
    let order = asha.order(&offer, 1).await;
    asha.pay(&order, "decline@sandbox").await.is(201);
    eventually(PATIENCE, || async { asha.payment(&order).await["attempts"][0]["status"] == "failed" }).await;
    assert_eq!(asha.until(&order, "status", "pending").await["payment"]["paid_at"], json!(null));
    asha.pay(&order, "success@sandbox").await.is(201);
    asha.until(&order, "status", "confirmed").await;
    assert_eq!(asha.payment(&order).await["captured"], order["amounts"]["total"]);
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_converges_however_its_webhooks_come() {
    let shop = Shop::open().await;
    let offer = shop.offer(20).await;
    for vpa in ["duplicate@sandbox", "reorder@sandbox", "lost@sandbox", "silent@sandbox"] {
        let asha = shop.customer();
        let order = asha.order(&offer, 1).await;
        let attempt = asha.pay(&order, vpa).await;
        assert!(attempt.status < 500 || vpa == "lost@sandbox", "{vpa}: {}", attempt.body);
        asha.until(&order, "status", "confirmed").await;
        let payment = asha.payment(&order).await;
        assert_eq!(payment["captured"], order["amounts"]["total"], "{vpa}");
    }
    assert_eq!(shop.available(&offer).await, 16);
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unpaid_order_expires_and_gives_everything_back() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(1).await);
    asha.add(&offer, 1).await;
    asha.put("/api/v1/cart/coupon", json!({ "code": "ONCE" })).await.is(200);
    let method = asha.shipping_method().await;
    let order = asha.check_out(&method, "upi").await.is(201).body;
    assert_eq!(order["coupon_code"], "ONCE");
    assert_eq!(shop.available(&offer).await, 0);
    shop.platform.clock.advance(Duration::from_secs(16 * 60));
    let asha = shop.again(&asha);
    let order = asha.until(&order, "status", "cancelled").await;
    assert_eq!(order["cancel_reason"], "payment_expired");
    eventually(PATIENCE, || async { shop.available(&offer).await == 1 }).await;
    // The coupon's only use is there again for somebody else.
    let ravi = shop.customer();
    ravi.add(&offer, 1).await;
    eventually(PATIENCE, || async {
        let cart = ravi.put("/api/v1/cart/coupon", json!({ "code": "ONCE" })).await;
        cart.status == 200
    })
    .await;
    let method = ravi.shipping_method().await;
    let again = ravi.check_out(&method, "upi").await.is(201).body;
    assert_eq!(again["coupon_code"], "ONCE");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_for_a_cancelled_order_goes_back_by_itself() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(2).await);
    let order = asha.order(&offer, 1).await;
    let attempt = asha.pay(&order, "pending@sandbox").await.is(201).body;
    asha.post(&format!("/api/v1/orders/{}/cancel", order["id"].as_str().unwrap()), json!({})).await.is(200);
    asha.until(&order, "status", "cancelled").await;
    eventually(PATIENCE, || async { asha.payment(&order).await["status"] == "cancelled" }).await;
    let page = attempt["action"]["url"].as_str().unwrap();
    let payment_id = page.rsplit('/').next().unwrap();
    asha.post(&format!("/api/v1/payments/sandbox/{payment_id}/approve"), json!({})).await;
    asha.until_refunded(&order, &order["amounts"]["total"]).await;
    assert_eq!(asha.until(&order, "status", "cancelled").await["status"], "cancelled");
    eventually(PATIENCE, || async { shop.available(&offer).await == 2 }).await;
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_that_is_cancelled_is_refunded_with_a_credit_note() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(2).await);
    let order = asha.order(&offer, 2).await;
    asha.pay(&order, "success@sandbox").await.is(201);
    asha.until(&order, "status", "confirmed").await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    asha.post(&format!("{path}/cancel"), json!({})).await.is(200);
    asha.until(&order, "refund_status", "refunded").await;
    asha.until_refunded(&order, &order["amounts"]["total"]).await;
    let notes = asha.get(&format!("{path}/credit-notes")).await.is(200).body;
    let notes = notes.as_array().or(notes["items"].as_array()).unwrap();
    assert_eq!((notes.len(), &notes[0]["total"]), (1, &order["amounts"]["total"]));
    eventually(PATIENCE, || async { shop.available(&offer).await == 2 }).await;
    asha.post(&format!("{path}/cancel"), json!({})).await.is(409);
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_piece_is_sold_once() {
    let shop = Shop::open().await;
    let (asha, ravi, offer) = (shop.customer(), shop.customer(), shop.offer(1).await);
    asha.add(&offer, 1).await;
    ravi.add(&offer, 1).await;
    let (first, second) = (asha.shipping_method().await, ravi.shipping_method().await);
    let answers = tokio::join!(asha.check_out(&first, "upi"), ravi.check_out(&second, "upi"));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let loser = if answers.0.status == 409 { answers.0 } else { answers.1 };
    let loser = loser.problem(409, "insufficient-stock");
    assert_eq!(loser.body["shortages"][0]["available"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_after_its_window_is_refused() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(2).await);
    let order = asha.order(&offer, 1).await;
    asha.pay(&order, "success@sandbox").await.is(201);
    asha.until(&order, "status", "confirmed").await;
    let request = json!({
        "order_id": order["id"],
        "lines": [{ "order_line_id": order["lines"][0]["id"], "quantity": 1, "reason": "damaged" }],
    });
    asha.post("/api/v1/returns", request.clone()).await.is(409);
    let operator = shop.staff(types::Role::Operator);
    let path = format!("/api/v1/shipments?order_id={}", order["id"].as_str().unwrap());
    let tracking = eventually(PATIENCE, || async {
        asha.get(&path).await.body["shipments"][0]["tracking_number"].as_str().map(str::to_owned)
    })
    .await;
    operator.post(&format!("/api/v1/shipping/sandbox/{tracking}/advance"), json!({ "to": "delivered" })).await;
    asha.until(&order, "status", "delivered").await;
    shop.platform.clock.advance(DAY * 31);
    let asha = shop.again(&asha);
    let late = asha.post("/api/v1/returns", request).await;
    assert!((400..500).contains(&late.status), "{} {}", late.status, late.body);
}
