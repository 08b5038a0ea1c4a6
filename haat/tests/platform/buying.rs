use serde_json::json;
use testkit::eventually;

use crate::shop::{PATIENCE, Shop};

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_whole_life() {
    let shop = Shop::open().await;
    let toured = haat::tour::walk_quietly(&shop.platform.url()).await.unwrap();
    assert!(
        toured.invoice_number.len() <= 16 && toured.invoice_number.ends_with("/00000001"),
        "{}",
        toured.invoice_number
    );
    assert!(toured.credit_note_number.ends_with("/00000001"), "{}", toured.credit_note_number);
    for service in ["order", "payment", "shipping", "notification"] {
        assert!(toured.timeline.iter().any(|line| line.contains(service)), "{service}: {:#?}", toured.timeline);
    }
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_on_delivery_is_confirmed_at_once_and_paid_at_the_door() {
    let shop = Shop::open().await;
    let (asha, offer) = (shop.customer(), shop.offer(5).await);
    asha.add(&offer, 1).await;
    let method = asha.shipping_method().await;
    let order = asha.check_out(&method, "cash_on_delivery").await.is(201).body;
    assert_eq!(order["status"], "confirmed");
    assert_eq!(shop.available(&offer).await, 4);
    let payment = asha.payment(&order).await;
    assert_eq!((&payment["status"], &payment["captured"]), (&json!("cash_due"), &json!(0)));
    let operator = shop.staff(types::Role::Operator);
    let path = format!("/api/v1/shipments?order_id={}", order["id"].as_str().unwrap());
    let tracking = eventually(PATIENCE, || async {
        let shipments = asha.get(&path).await.is(200).body;
        shipments["shipments"][0]["tracking_number"].as_str().map(str::to_owned)
    })
    .await;
    for to in ["picked_up", "in_transit", "out_for_delivery", "delivered"] {
        operator.post(&format!("/api/v1/shipping/sandbox/{tracking}/advance"), json!({ "to": to })).await;
    }
    asha.until(&order, "status", "delivered").await;
    eventually(PATIENCE, || async { asha.payment(&order).await["captured"] == order["amounts"]["total"] }).await;
    shop.is_in_order().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_charged_is_the_sum_of_what_is_shown() {
    let shop = Shop::open().await;
    let asha = shop.customer();
    for quantity in 1..=3 {
        let offer = shop.offer(10).await;
        asha.add(&offer, quantity).await;
    }
    asha.put("/api/v1/cart/coupon", json!({ "code": "welcome10" })).await.is(200);
    let method = asha.shipping_method().await;
    let order = asha.check_out(&method, "upi").await.is(201).body;
    let sum =
        |field: &str| -> i64 { order["lines"].as_array().unwrap().iter().map(|l| l[field].as_i64().unwrap()).sum() };
    let amount = |field: &str| order["amounts"][field].as_i64().unwrap();
    assert!(sum("discount") > 0);
    assert_eq!(amount("discount"), sum("discount"));
    assert_eq!(amount("total"), sum("total") + amount("shipping_charge") - amount("shipping_discount"));
    let tax = &order["amounts"]["tax"];
    let parts: i64 = ["taxable", "cgst", "sgst", "igst"].iter().map(|p| tax[p].as_i64().unwrap()).sum();
    assert_eq!(parts, amount("total"), "the tax is inside the price");
    assert_eq!(tax["igst"], 0, "from Telangana to Telangana");
    assert_eq!(asha.payment(&order).await["amount"], order["amounts"]["total"]);
}

/// The discount service names the category by its id, which is the product service's: only the whole platform shows whether they
/// mean the same.
#[tokio::test(flavor = "multi_thread")]
async fn of_three_masalas_the_cheapest_is_free_and_of_three_other_things_none() {
    const OFFER: &str = "Masalas: buy 2, get 1 free";
    let shop = Shop::open().await;
    let cheapest_free = async |category: &str| {
        let asha = shop.customer();
        let list = asha.get(&format!("/api/v1/products?category={category}&in_stock=true&limit=3")).await.is(200).body;
        for product in list["items"].as_array().unwrap() {
            let path = format!("/api/v1/products/{}", product["id"].as_str().unwrap());
            let variant = asha.get(&path).await.is(200).body["variants"][0]["id"].clone();
            asha.post("/api/v1/cart/items", json!({ "variant_id": variant, "quantity": 1 })).await.is(200);
        }
        let cart = asha.get("/api/v1/cart").await.is(200).body;
        let offers = cart["offers"].as_array().unwrap();
        let offer = offers.iter().find(|offer| offer["rule"] == OFFER).unwrap().clone();
        let lines = cart["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 3);
        let cheapest = lines.iter().map(|line| line["subtotal"].as_i64().unwrap()).min().unwrap();
        (offer["applied"].as_bool().unwrap(), offer["amount"].as_i64().unwrap(), cheapest)
    };
    let (applied, amount, cheapest) = cheapest_free("masalas").await;
    assert_eq!((applied, amount), (true, cheapest));
    let (applied, amount, _) = cheapest_free("dals").await;
    assert_eq!((applied, amount), (false, 0));
}
