//! From a cart to an order.

use contracts::discount::{PriceBasket, ReserveCoupon};
use contracts::order::{GetPayability, Order, OrderCreated, OrderQuote, OrderStatus, Payability};
use contracts::payment::{CreateIntent, PaymentMethod};
use contracts::product::{LookUpVariants, ReserveStock};
use contracts::shipping::QuoteShipping;
use futures::future::join_all;
use serde_json::json;
use types::{AddressId, Money, ServiceName, VariantId};
use uuid::Uuid;

use crate::shop::Shop;
use crate::world::{COUPON, Holding};

const ORDERS: &str = "/api/v1/orders";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_what_it_costs_and_how_to_pay_it() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;

    assert_eq!(order.status, OrderStatus::Pending);
    assert!(order.number.starts_with("HT-") && order.number.ends_with("-000001"), "{}", order.number);
    // 2 x 999.00 + 499.50 + 50.00, all with tax inside: 5 %, 18 %, and delivery as the highest.
    let amounts = &order.amounts;
    assert_eq!((amounts.subtotal, amounts.shipping_charge), (Money::from_paise(249_750), Money::from_rupees(50)));
    assert_eq!(amounts.total, Money::from_paise(254_750));
    let central: Vec<i64> = order.lines.iter().map(|line| line.price.tax.cgst.paise()).collect();
    assert_eq!(central, [4_757, 3_810]);
    assert_eq!((amounts.tax.cgst, amounts.tax.sgst), (Money::from_paise(8_948), Money::from_paise(8_948)));
    assert_eq!(amounts.tax.taxable, Money::from_paise(254_750 - 2 * 8_948));
    let next = order.payment.next.clone().unwrap();
    assert_eq!(next.path, format!("/api/v1/payments/{}/attempts", order.payment.intent_id.unwrap()));

    let created = shop.service.publishes(|created: &OrderCreated| created.order_id == order.id).await;
    assert_eq!((created.version, created.data.total), (1, amounts.total));
    let payability = shop.service.call(ServiceName::Payment, &GetPayability { order_id: order.id }).await;
    assert!(matches!(payability, Payability::Payable { amount, .. } if amount == amounts.total));
    let reserved = &shop.service.stubs.calls::<ReserveStock>()[0];
    assert!(reserved.expires_at > order.payment.expires_at, "the stock is held longer than the order");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_another_state_bears_integrated_tax() {
    let shop = Shop::open().await;
    shop.state().address.state = "29".parse().unwrap();
    let order = shop.order(PaymentMethod::Card).await;
    assert_eq!(order.amounts.tax.cgst, Money::ZERO);
    assert!(order.amounts.tax.igst.is_positive());
    assert_eq!(order.place_of_supply.name(), "Karnataka");
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_on_delivery_is_confirmed_at_once() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    assert_eq!(order.status, OrderStatus::Confirmed);
    assert_eq!((order.payment.next.clone(), order.payment.paid_at), (None, None));
    assert_eq!(shop.state().stock[&order.id], Holding::Sold);
    let read = shop.read(order.id).await;
    assert_eq!((read.status, read.payment.intent_id), (OrderStatus::Confirmed, order.payment.intent_id));
    let payability = shop.service.call(ServiceName::Payment, &GetPayability { order_id: order.id }).await;
    assert!(matches!(payability, Payability::NotPayable { status: OrderStatus::Confirmed }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_nothing_is_confirmed_without_a_payment() {
    let shop = Shop::open().await;
    shop.state().shipping[0].charge = Money::ZERO;
    for variant in &mut shop.state().variants {
        variant.unit_price = Money::ZERO;
    }
    let order = shop.order(PaymentMethod::Upi).await;
    assert_eq!((order.status, order.payment.intent_id), (OrderStatus::Confirmed, None));
    assert!(shop.service.stubs.calls::<CreateIntent>().is_empty());
    // Its invoice is over nothing, and so there is nothing to credit when it is cancelled.
    let cancelled = shop.customer.post(&format!("{ORDERS}/{}/cancel", order.id), &json!({})).await;
    assert_eq!(cancelled.is(200).json["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_shows_the_price_and_every_way_to_send_it() {
    let shop = Shop::open().await;
    shop.state().coupon = Some(COUPON.to_owned());
    let body = json!({ "address_id": shop.state().address_id });
    let quote: OrderQuote = shop.customer.post("/api/v1/orders/quote", &body).await.is(200).read();
    assert_eq!(quote.amounts.discount, Money::from_paise(24_975));
    assert_eq!(quote.amounts.total, Money::from_paise(254_750 - 24_975));
    assert_eq!(quote.shipping_options.len(), 2);
    assert_eq!(quote.shipping_method_id, quote.shipping_options[0].method_id);
    assert_eq!(quote.receipt[0].reason, "10 % off");
    // Delivery is priced by what the goods cost after discounts, and discounts by what delivery costs.
    let asked = &shop.service.stubs.calls::<QuoteShipping>()[0];
    assert_eq!((asked.value, asked.weight_grams), (Money::from_paise(249_750 - 24_975), 900));
    let shipping: Vec<_> = shop.service.stubs.calls::<PriceBasket>().iter().map(|call| call.shipping).collect();
    assert_eq!(shipping, [None, Some(Money::from_rupees(50))]);
    assert!(shop.state().stock.is_empty(), "a quote sets nothing aside");

    let express =
        json!({ "address_id": shop.state().address_id, "shipping_method_id": quote.shipping_options[1].method_id });
    let express: OrderQuote = shop.customer.post("/api/v1/orders/quote", &express).await.is(200).read();
    assert_eq!(express.amounts.total, quote.amounts.total + Money::from_rupees(70));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_can_go_to_an_address_of_its_own() {
    let shop = Shop::open().await;
    let mut body = shop.new_order(PaymentMethod::Upi);
    body["address"] = json!({
        "name": "Ravi", "phone": "+919812345678", "line1": "1 MG Road", "city": "Bengaluru", "state": "29", "pin_code": "560001",
    });
    let both = shop.customer.post(ORDERS, &body).await.is(422);
    assert_eq!(both.problem("invalid-fields").errors[0].field, "address_id");
    body.as_object_mut().unwrap().remove("address_id");
    let order: Order = shop.customer.post(ORDERS, &body).await.is(201).read();
    assert_eq!(order.address.city, "Bengaluru");
    // The state decides which taxes are due, so it cannot be just any.
    body["address"]["state"] = json!("27");
    for (path, body) in [(ORDERS, &body), ("/api/v1/orders/quote", &json!({ "address": body["address"] }))] {
        let refused = shop.customer.post(path, body).await.is(422).problem("invalid-fields");
        let error = &refused.errors[0];
        assert_eq!(
            (error.field.as_str(), error.rule.as_str()),
            ("address.pin_code", "is not a PIN code of Maharashtra")
        );
    }
    body["address"]["state"] = json!("29");
    body["address"]["phone"] = json!("98123");
    assert_eq!(
        shop.customer.post(ORDERS, &body).await.is(422).problem("invalid-fields").errors[0].field,
        "address.phone"
    );
    body.as_object_mut().unwrap().remove("address");
    shop.customer.post(ORDERS, &body).await.is(422);
    body["address_id"] = json!(AddressId::new());
    shop.customer.post(ORDERS, &body).await.is(422);
    assert_eq!(shop.orders().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_makes_one_order_however_often_it_is_sent() {
    let shop = Shop::open().await;
    let body = shop.new_order(PaymentMethod::Upi);
    let person = shop.customer.with("idempotency-key", Uuid::new_v4().to_string());
    let answers = join_all((0..50).map(|_| person.post(ORDERS, &body))).await;
    let ids: Vec<_> = answers.iter().filter(|a| a.status == 201).map(|a| a.json["id"].clone()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    for refused in answers.iter().filter(|a| a.status != 201) {
        refused.problem("request-in-progress");
    }
    assert_eq!(shop.orders().await.len(), 1);
    assert_eq!(shop.state().stock.len(), 1);

    let again = person.post(ORDERS, &body).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let first = answers.iter().find(|a| a.status == 201).unwrap();
    assert_eq!(again.bytes, first.bytes);

    let mut other = body.clone();
    other["notes"] = json!("Ring twice");
    person.post(ORDERS, &other).await.is(422).problem("idempotency-key-reused");
    // Another customer's key is another key.
    let stranger = shop.service.customer().with("idempotency-key", Uuid::new_v4().to_string());
    stranger.post(ORDERS, &body).await.is(409).problem("cart-empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_cannot_be_ordered_is_refused_and_sets_nothing_aside() {
    let shop = Shop::open().await;
    let body = shop.new_order(PaymentMethod::CashOnDelivery);
    let person = shop.customer.with("idempotency-key", "the same for all");
    let refused = async |kind: &str| person.post(ORDERS, &body).await.is(409).problem(kind);

    let cart = std::mem::take(&mut shop.state().cart);
    refused("cart-empty").await;
    shop.state().cart = cart;

    let gone = shop.state().variants[0].variant_id;
    shop.state().variants[0].on_sale = false;
    let ids: Vec<VariantId> =
        serde_json::from_value(refused("items-unavailable").await.extensions["variant_ids"].clone()).unwrap();
    assert_eq!(ids, [gone]);
    shop.state().variants[0].on_sale = true;

    shop.state().variants[0].max_per_order = 1;
    refused("quantity-limit").await;
    shop.state().variants[0].max_per_order = 5;

    shop.state().coupon = Some("EXPIRED".into());
    assert_eq!(refused("coupon-refused").await.detail.unwrap(), "It has expired");
    shop.state().coupon = None;

    shop.state().cash_on_delivery.allowed = false;
    refused("cash-on-delivery-unavailable").await;
    shop.state().cash_on_delivery.allowed = true;

    let options = std::mem::take(&mut shop.state().shipping);
    refused("not-deliverable").await;
    shop.state().shipping = options[1..].to_vec();
    refused("shipping-method-unavailable").await;
    shop.state().shipping = options;
    assert!(shop.state().stock.is_empty());

    shop.state().variants[1].available = 0;
    let shortages = refused("insufficient-stock").await.extensions["shortages"].clone();
    assert_eq!((&shortages[0]["requested"], &shortages[0]["available"]), (&json!(1), &json!(0)));
    shop.state().variants[1].available = 10;

    assert_eq!(shop.orders().await.len(), 0);
    // What was refused may be tried again with the same key.
    person.post(ORDERS, &body).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_than_the_customer_has_seen_is_not_charged() {
    let shop = Shop::open().await;
    let mut body = shop.new_order(PaymentMethod::Upi);
    body["expected_total"] = json!(254_700);
    let quote = shop.customer.post(ORDERS, &body).await.is(409).problem("price-changed").extensions["quote"].clone();
    assert_eq!(quote["amounts"]["total"], 254_750);
    body["expected_total"] = quote["amounts"]["total"].clone();
    shop.customer.post(ORDERS, &body).await.is(201);
    body["expected_total"] = json!(-1);
    shop.customer.post(ORDERS, &body).await.is(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_that_is_used_up_meanwhile_gives_the_stock_back() {
    let shop = Shop::open().await;
    shop.state().coupon = Some(COUPON.into());
    shop.state().coupon_refused = Some("It is used up".into());
    let refused = shop.customer.post(ORDERS, &shop.new_order(PaymentMethod::Upi)).await.is(409);
    assert_eq!(refused.problem("coupon-refused").detail.unwrap(), "It is used up");
    assert!(shop.state().stock.values().all(|holding| *holding == Holding::Released));

    shop.state().coupon_refused = None;
    let order = shop.order(PaymentMethod::Upi).await;
    assert_eq!((order.coupon_code.as_deref(), order.amounts.discount), (Some(COUPON), Money::from_paise(24_975)));
    assert_eq!(shop.service.stubs.calls::<ReserveCoupon>().last().unwrap().amount, Money::from_paise(24_975));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_service_is_down_nothing_is_ordered_and_nothing_stays_set_aside() {
    let shop = Shop::open().await;
    shop.state().coupon = Some(COUPON.into());
    let body = shop.new_order(PaymentMethod::Upi);
    let person = shop.customer.with("idempotency-key", "the same for all");

    shop.service.stubs.down::<LookUpVariants>();
    person.post(ORDERS, &body).await.is(503);
    shop.mend();
    shop.service.stubs.down::<ReserveCoupon>();
    person.post(ORDERS, &body).await.is(503);
    shop.mend();
    assert!(shop.state().stock.values().all(|holding| *holding == Holding::Released), "{:?}", shop.state().stock);
    assert_eq!(shop.orders().await.len(), 0);
    person.post(ORDERS, &body).await.is(201);
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_payment_could_not_be_opened_is_completed_by_the_repeat() {
    let shop = Shop::open().await;
    let body = shop.new_order(PaymentMethod::Upi);
    let person = shop.customer.with("idempotency-key", "k");
    shop.service.stubs.down::<CreateIntent>();
    person.post(ORDERS, &body).await.is(503);
    assert_eq!(shop.orders().await.len(), 1, "the order stands");
    shop.mend();
    let order: Order = testkit::eventually(testkit::service::PATIENCE, async || {
        let answer = person.post(ORDERS, &body).await;
        if answer.status == 201 { Ok(answer.read()) } else { Err(answer.status) }
    })
    .await;
    assert!(order.payment.next.is_some());
    assert_eq!(shop.orders().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_customer_with_a_key_can_order() {
    let shop = Shop::open().await;
    let body = shop.new_order(PaymentMethod::Upi);
    shop.service.guest().post(ORDERS, &body).await.is(401);
    shop.customer.send(http::Method::POST, ORDERS, Some(&body)).await.is(400);
    shop.service.guest().post("/api/v1/orders/quote", &body).await.is(401);
}
