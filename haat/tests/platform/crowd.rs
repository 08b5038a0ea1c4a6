use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::eventually;
use types::Role;
use uuid::Uuid;

use crate::shop::{PATIENCE, Shop};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_buyers_of_twenty_pieces() {
    let shop = Shop::open().await;
    let offer = shop.offer(20).await;
    let buyers: Vec<_> = (0..200).map(|_| shop.customer()).collect();
    join_all(buyers.iter().map(|buyer| buyer.add(&offer, 1))).await;
    let method = buyers[0].shipping_method().await;
    let answers = join_all(buyers.iter().map(async |buyer| {
        let answer = buyer.check_out(&method, "upi").await;
        if answer.status == 201 {
            let paid = buyer.pay(&answer.body, "success@sandbox").await;
            assert_eq!(paid.status, 201, "{}", paid.body);
        }
        answer
    }))
    .await;
    let mut bought = Vec::new();
    for (buyer, answer) in buyers.iter().zip(answers) {
        match answer.status {
            201 => bought.push((buyer, answer.body)),
            _ => drop(answer.problem(409, "insufficient-stock")),
        }
    }
    assert_eq!(bought.len(), 20);
    for (buyer, order) in &bought {
        buyer.until(order, "status", "confirmed").await;
        assert_eq!(buyer.payment(order).await["captured"], order["amounts"]["total"]);
    }
    assert_eq!(shop.available(&offer).await, 0);
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_of_ten_uses_under_a_hundred_checkouts() {
    let shop = Shop::open().await;
    let offer = shop.offer(200).await;
    let buyers: Vec<_> = (0..100).map(|_| shop.customer()).collect();
    let applied = join_all(buyers.iter().map(async |buyer| {
        buyer.add(&offer, 1).await;
        buyer.put("/api/v1/cart/coupon", json!({ "code": "TENUSES" })).await.status
    }))
    .await;
    assert!(applied.iter().all(|status| *status == 200), "{applied:?}");
    let method = buyers[0].shipping_method().await;
    let answers = join_all(buyers.iter().map(|buyer| buyer.check_out(&method, "upi"))).await;
    let with_coupon = answers.iter().filter(|a| a.status == 201 && a.body["coupon_code"] == "TENUSES").count();
    assert_eq!(with_coupon, 10);
    assert!(
        answers.iter().all(|a| matches!(a.status, 201 | 409 | 422)),
        "{:?}",
        answers.iter().map(|a| a.status).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_fifty_times_at_once_is_one_order() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(100).await);
    asha.add(&offer, 2).await;
    let (method, key) = (asha.shipping_method().await, Uuid::new_v4().to_string());
    let attempt = async || {
        // A repeat that comes while the first is at work may be told to come again.
        eventually(PATIENCE, || async {
            let answer = asha.check_out_with_key(&key, &method, "upi").await;
            (answer.status == 201).then_some(answer.body["id"].clone())
        })
        .await
    };
    let ids: Vec<Value> = join_all((0..50).map(|_| attempt())).await;
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()));
    let orders = asha.get("/api/v1/orders").await.is(200).body;
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
    assert_eq!(shop.available(&offer).await, 98);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refunds_at_once_never_exceed_what_was_paid() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(5).await);
    let order = asha.order(&offer, 1).await;
    asha.pay(&order, "success@sandbox").await.is(201);
    asha.until(&order, "status", "confirmed").await;
    let total = order["amounts"]["total"].as_i64().unwrap();
    let desk = shop.staff(Role::Support);
    let refund = || {
        desk.post(
            "/api/v1/payments/refunds",
            json!({ "order_id": order["id"], "amount": total * 2 / 3, "reason": "goodwill" }),
        )
    };
    let (first, second) = tokio::join!(refund(), refund());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!((400..500).contains(&statuses[1]), "{statuses:?}");
    asha.until_refunded(&order, &json!(total * 2 / 3)).await;
    tokio::time::timeout(Duration::from_secs(60), shop.is_in_order()).await.unwrap();
}
