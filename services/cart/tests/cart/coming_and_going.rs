//! What becomes of carts: ordered, left alone, forgotten.

use std::time::Duration;

use contracts::cart::{CartAbandoned, CartConverted, CartLine};
use contracts::order::{OrderConfirmed, OrderedLine};
use contracts::payment::PaymentMethod;
use contracts::user::{Address, ErasureCompleted, ErasureRequested};
use serde_json::json;
use types::{CartId, Money, OrderId, OrderLineId, ServiceName, ShippingMethodId, StateCode, UserId, VariantId};

use crate::shop::{COUPON, Shop, add, line_of, seen, view};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn confirmed(customer_id: UserId, cart_id: Option<CartId>, bought: &[(VariantId, u32)]) -> OrderConfirmed {
    let line = |(variant_id, quantity): &(VariantId, u32)| OrderedLine {
        order_line_id: OrderLineId::new(),
        variant_id: *variant_id,
        sku: "KURTA-1".to_owned(),
        title: "A kurta".to_owned(),
        quantity: *quantity,
        total: Money::from_rupees(100).times(*quantity),
    };
    OrderConfirmed {
        order_id: OrderId::new(),
        order_number: "HT-1".to_owned(),
        customer_id,
        cart_id,
        lines: bought.iter().map(line).collect(),
        coupon_code: Some("FLAT50".to_owned()),
        total: Money::from_rupees(500),
        payment_method: PaymentMethod::Upi,
        cash_to_collect: Money::ZERO,
        address: Address {
            name: "Asha Rao".to_owned(),
            phone: "+919876543210".to_owned(),
            line1: "1 Street".to_owned(),
            line2: String::new(),
            landmark: String::new(),
            city: "Hyderabad".to_owned(),
            state: StateCode::TELANGANA,
            pin_code: "500081".parse().unwrap(),
        },
        shipping_method_id: ShippingMethodId::new(),
        weight_grams: 100,
        promised_to: jiff::civil::date(2026, 12, 1),
    }
}

#[tokio::test]
async fn an_order_takes_out_of_the_cart_what_it_bought_and_no_more() {
    let shop = Shop::open().await;
    let (shirt, shoes, hat) = (shop.stock(), shop.stock(), shop.stock());
    let asha = shop.customer_with(shirt, 2).await;
    add(&asha, shoes, 1).await.is(200);
    asha.put(COUPON, &json!({ "code": "FLAT50" })).await.is(200);
    let ordered = shop.checkout(asha.id()).await;
    // While the order waits for its payment, the customer goes on.
    add(&asha, shirt, 1).await.is(200);
    add(&asha, hat, 1).await.is(200);

    let order = confirmed(asha.id(), ordered.cart_id, &[(shirt, 2), (shoes, 1)]);
    let id = shop.cart.deliver(order.order_id, 2, &order).await;
    let after = view(&asha).await;
    assert_eq!(seen(&after), [(shirt, 1), (hat, 1)]);
    assert_eq!(after.coupon_code, None);
    let converted = shop.cart.publishes::<CartConverted>(|event| event.order_id == order.order_id).await;
    assert_eq!(Some(converted.data.cart_id), ordered.cart_id);
    assert_eq!(converted.version, after.version);

    // Delivered again, and told again under another id.
    shop.cart.deliver_as(id, order.order_id, 2, &order).await;
    shop.cart.deliver(order.order_id, 2, &order).await;
    assert_eq!(seen(&view(&asha).await), [(shirt, 1), (hat, 1)]);
    assert_eq!(shop.cart.published::<CartConverted>().await.len(), 1);
}

#[tokio::test]
async fn an_order_touches_nobody_elses_cart() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 2).await;
    let cart_id = shop.checkout(asha.id()).await.cart_id;
    for order in [confirmed(UserId::new(), cart_id, &[(shirt, 1)]), confirmed(asha.id(), None, &[(shirt, 1)])] {
        shop.cart.deliver(order.order_id, 2, &order).await;
    }
    assert_eq!(seen(&view(&asha).await), [(shirt, 2)]);
    assert_eq!(shop.cart.published::<CartConverted>().await.len(), 0);
}

#[tokio::test]
async fn what_is_saved_for_later_was_not_bought() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 2).await;
    let cart_id = shop.checkout(asha.id()).await.cart_id;
    asha.post(&format!("{}/save-for-later", line_of(shirt)), &json!({})).await.is(200);
    let order = confirmed(asha.id(), cart_id, &[(shirt, 2)]);
    shop.cart.deliver(order.order_id, 2, &order).await;
    assert_eq!(view(&asha).await.saved_for_later[0].quantity, 2);
}

#[tokio::test]
async fn a_cart_that_was_left_alone_is_told_of_once_until_it_is_touched() {
    let shop = Shop::open().await;
    let (shirt, shoes) = (shop.stock(), shop.stock());
    let asha = shop.customer_with(shirt, 2).await;
    let empty = shop.customer_with(shoes, 1).await;
    empty.delete(&line_of(shoes)).await.is(200);
    let _guest = shop.guest_with(shirt, 1).await;
    shop.cart.clock.advance(DAY);
    let told = shop.cart.publishes::<CartAbandoned>(|event| event.customer_id == asha.id()).await;
    assert_eq!(told.data.lines, [CartLine { variant_id: shirt, quantity: 2 }]);

    shop.cart.clock.advance(DAY);
    add(&asha, shoes, 1).await.is(200);
    shop.cart.clock.advance(DAY + DAY);
    shop.cart.publishes::<CartAbandoned>(|event| event.lines.len() == 2).await;
    assert_eq!(shop.cart.published::<CartAbandoned>().await.len(), 2);
}

#[tokio::test]
async fn a_guests_cart_is_forgotten_after_a_month() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let (_guest, asha) = (shop.guest_with(shirt, 1).await, shop.customer_with(shirt, 1).await);
    shop.cart.clock.advance(DAY * 31);
    let now = shop.cart.clock.now();
    let mut connection = shop.cart.pool.acquire().await.unwrap();
    let forgotten = cart_service::store::job::forget(&mut connection, now.minus(DAY * 30), 100).await.unwrap();
    assert_eq!(forgotten, 1);
    assert_eq!(seen(&view(&asha).await), [(shirt, 1)]);
}

#[tokio::test]
async fn a_customer_who_is_forgotten_has_no_cart() {
    let shop = Shop::open().await;
    let asha = shop.customer_with(shop.stock(), 1).await;
    let user_id = asha.id();
    shop.cart.deliver(user_id, 4, &ErasureRequested { user_id }).await;
    let completed = shop.cart.publishes::<ErasureCompleted>(|event| event.user_id == user_id).await;
    assert_eq!((completed.data.service, completed.version), (ServiceName::Cart, 4));
    assert_eq!(shop.checkout(user_id).await.cart_id, None);
    let lines: i64 = sqlx::query_scalar("SELECT count(*) FROM cart_line").fetch_one(&shop.cart.pool).await.unwrap();
    assert_eq!(lines, 0);
}
