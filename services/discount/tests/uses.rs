//! The uses of coupons: limits under concurrency, and taking and giving back in any order.

#![allow(clippy::unwrap_used, reason = "what is not as expected is best told by a test that fails")]

use contracts::discount::{Coupon, CouponReservation, PriceBasket, ReleaseCoupon, ReserveCoupon};
use contracts::order::{CancelReason, OrderCancelled, OrderConfirmed};
use contracts::payment::PaymentMethod;
use contracts::user::{Address, ErasureCompleted, ErasureRequested};
use discount_service::{reconcile, service};
use serde_json::{Value, json};
use testkit::TestService;
use types::{Money, OrderId, Role, ServiceName, ShippingMethodId, StateCode, UserId};

async fn with_coupon(terms: Value) -> (TestService, String) {
    let discount = TestService::start(service()).await;
    let mut coupon = json!({ "code": "Test-1", "benefit": { "kind": "fixed_amount", "amount": 10_000 } });
    coupon.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
    let editor = discount.as_staff(Role::Merchandiser);
    let coupon: Coupon = editor.post("/api/v1/coupons", &coupon).await.is(201).read();
    (discount, coupon.code)
}

async fn reserve(discount: &TestService, order_id: OrderId, customer_id: UserId, code: &str) -> CouponReservation {
    let call = ReserveCoupon { order_id, customer_id, code: code.to_owned(), amount: Money::from_rupees(100) };
    discount.call(ServiceName::Order, &call).await
}

async fn release(discount: &TestService, order_id: OrderId) {
    discount.call(ServiceName::Order, &ReleaseCoupon { order_id }).await;
}

/// The coupon's uses, after it was checked that all counts are right.
async fn used(discount: &TestService) -> i32 {
    let mut connection = discount.pool.acquire().await.unwrap();
    assert_eq!(reconcile::violations(&mut connection).await.unwrap(), []);
    sqlx::query_scalar("SELECT used FROM coupon").fetch_one(&mut *connection).await.unwrap()
}

fn is_held(reservation: &CouponReservation) -> bool {
    matches!(reservation, CouponReservation::Held { .. })
}

fn refused(reason: &str) -> CouponReservation {
    CouponReservation::Refused { reason: reason.to_owned() }
}

fn confirmed(order_id: OrderId, customer_id: UserId, code: Option<&str>) -> OrderConfirmed {
    OrderConfirmed {
        order_id,
        order_number: "HT-1".to_owned(),
        customer_id,
        cart_id: None,
        lines: Vec::new(),
        coupon_code: code.map(str::to_owned),
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

fn cancelled(order_id: OrderId, customer_id: UserId) -> OrderCancelled {
    let total = Money::from_rupees(500);
    OrderCancelled { order_id, order_number: "HT-1".to_owned(), customer_id, reason: CancelReason::Customer, total }
}

#[tokio::test]
async fn of_a_hundred_at_once_ten_get_the_ten_uses() {
    let (discount, code) = with_coupon(json!({ "total_limit": 10 })).await;
    let all = (0..100).map(|_| reserve(&discount, OrderId::new(), UserId::new(), &code));
    let outcomes = futures::future::join_all(all).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_held(outcome)).count(), 10);
    let others: Vec<_> = outcomes.into_iter().filter(|outcome| !is_held(outcome)).collect();
    assert_eq!(others, vec![refused("It has been used up."); 90]);
    assert_eq!(used(&discount).await, 10);
}

#[tokio::test]
async fn the_last_use_is_taken_once_and_free_again_when_given_back() {
    let (discount, code) = with_coupon(json!({ "total_limit": 1 })).await;
    let (first, second, third) = (OrderId::new(), OrderId::new(), OrderId::new());
    assert!(is_held(&reserve(&discount, first, UserId::new(), &code).await));
    assert_eq!(reserve(&discount, second, UserId::new(), &code).await, refused("It has been used up."));
    release(&discount, first).await;
    release(&discount, first).await;
    assert_eq!(used(&discount).await, 0);
    // What the second order was told stands; a new order gets the use.
    assert_eq!(reserve(&discount, second, UserId::new(), &code).await, refused("It has been used up."));
    assert!(is_held(&reserve(&discount, third, UserId::new(), &code.to_lowercase()).await));
    assert_eq!(used(&discount).await, 1);
}

#[tokio::test]
async fn a_customers_limit_holds_when_all_their_orders_come_at_once() {
    let (discount, code) = with_coupon(json!({ "limit_per_customer": 2, "total_limit": 50 })).await;
    let (asha, ravi) = (UserId::new(), UserId::new());
    let outcomes = futures::future::join_all((0..20).map(|_| reserve(&discount, OrderId::new(), asha, &code))).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_held(outcome)).count(), 2);
    let reason = refused("It has been used as often as one customer may.");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == reason).count(), 18);
    assert!(is_held(&reserve(&discount, OrderId::new(), ravi, &code).await));
    assert_eq!(used(&discount).await, 3);
}

#[tokio::test]
async fn a_repeat_is_told_what_the_first_request_was() {
    let (discount, code) = with_coupon(json!({})).await;
    let (order, customer) = (OrderId::new(), UserId::new());
    let repeats = futures::future::join_all((0..10).map(|_| reserve(&discount, order, customer, &code))).await;
    assert!(repeats.iter().all(|outcome| is_held(outcome) && *outcome == repeats[0]));
    assert_eq!(used(&discount).await, 1);
    assert_eq!(reserve(&discount, order, customer, "OTHER").await, refused("The order uses another coupon."));
    assert_eq!(reserve(&discount, OrderId::new(), customer, "OTHER").await, refused("There is no such coupon."));
}

#[tokio::test]
async fn a_use_that_was_released_before_it_was_taken_is_never_taken() {
    let (discount, code) = with_coupon(json!({})).await;
    let order = OrderId::new();
    release(&discount, order).await;
    assert_eq!(reserve(&discount, order, UserId::new(), &code).await, CouponReservation::Released);
    assert_eq!(used(&discount).await, 0);
    // After a month nobody asks any more, and the order is forgotten.
    discount.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    let before = discount.clock.now();
    let mut connection = discount.pool.acquire().await.unwrap();
    assert_eq!(discount_service::store::usage::forget_closed(&mut connection, before, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn taking_and_giving_back_at_once_leaves_the_counts_right() {
    let (discount, code) = with_coupon(json!({ "total_limit": 5, "limit_per_customer": 3 })).await;
    let customers = [UserId::new(), UserId::new(), UserId::new()];
    let orders: Vec<OrderId> = (0..30).map(|_| OrderId::new()).collect();
    let journeys = orders.iter().enumerate().map(|(n, order)| {
        let (discount, code, customer) = (&discount, &code, customers[n % 3]);
        async move {
            tokio::join!(reserve(discount, *order, customer, code), release(discount, *order));
            reserve(discount, *order, customer, code).await;
            release(discount, *order).await;
        }
    });
    futures::future::join_all(journeys).await;
    assert_eq!(used(&discount).await, 0);
}

#[tokio::test]
async fn a_confirmed_order_redeems_its_use_and_a_cancelled_one_gives_it_back() {
    let (discount, code) = with_coupon(json!({ "total_limit": 1 })).await;
    let (order, customer) = (OrderId::new(), UserId::new());
    reserve(&discount, order, customer, &code).await;
    let event = confirmed(order, customer, Some(&code));
    let id = discount.deliver(order, 2, &event).await;
    discount.deliver_as(id, order, 2, &event).await;
    let state: String = sqlx::query_scalar("SELECT state FROM coupon_use").fetch_one(&discount.pool).await.unwrap();
    assert_eq!((state.as_str(), used(&discount).await), ("redeemed", 1));
    discount.deliver(order, 3, &cancelled(order, customer)).await;
    release(&discount, order).await;
    assert_eq!(used(&discount).await, 0);
    // The confirmation once more, after the cancellation: it stays cancelled.
    discount.deliver(order, 2, &event).await;
    assert_eq!(used(&discount).await, 0);
}

#[tokio::test]
async fn a_coupon_for_the_first_order_is_for_who_has_none() {
    let (discount, code) = with_coupon(json!({ "first_order_only": true })).await;
    let (old, customer, order) = (UserId::new(), UserId::new(), OrderId::new());
    discount.deliver(order, 2, &confirmed(order, old, None)).await;
    assert_eq!(reserve(&discount, OrderId::new(), old, &code).await, refused("It is for the first order only."));
    discount.deliver(order, 3, &cancelled(order, old)).await;
    assert!(is_held(&reserve(&discount, OrderId::new(), old, &code).await));
    // Two first orders at once: one of them gets it.
    let both = [OrderId::new(), OrderId::new()].map(|order| reserve(&discount, order, customer, &code));
    let outcomes = futures::future::join_all(both).await;
    assert_eq!(outcomes.iter().filter(|outcome| is_held(outcome)).count(), 1);
    used(&discount).await;
}

#[tokio::test]
async fn of_all_coupons_for_the_first_order_a_customer_uses_one() {
    let (discount, code) = with_coupon(json!({ "first_order_only": true })).await;
    let editor = discount.as_staff(Role::Merchandiser);
    for code in ["OTHER", "THIRD"] {
        let new = json!({ "code": code, "benefit": { "kind": "free_shipping" }, "first_order_only": true });
        editor.post("/api/v1/coupons", &new).await.is(201);
    }
    editor.post("/api/v1/coupons", &json!({ "code": "ANY", "benefit": { "kind": "free_shipping" } })).await.is(201);
    let customer = UserId::new();
    let orders = [OrderId::new(), OrderId::new(), OrderId::new()];
    let codes = [code.as_str(), "OTHER", "THIRD"];
    let all = (0..3).map(|n| reserve(&discount, orders[n], customer, codes[n]));
    let outcomes = futures::future::join_all(all).await;
    let taken = outcomes.iter().position(is_held).unwrap();
    let reason = refused("Another order uses a coupon for the first order.");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == reason).count(), 2, "{outcomes:?}");
    // Other coupons are not for the first order only, nor is the customer another.
    assert!(is_held(&reserve(&discount, OrderId::new(), customer, "ANY").await));
    assert!(is_held(&reserve(&discount, OrderId::new(), UserId::new(), "OTHER").await));
    // The order that has it may ask again; given back, another gets it.
    assert!(is_held(&reserve(&discount, orders[taken], customer, codes[taken]).await));
    release(&discount, orders[taken]).await;
    assert!(is_held(&reserve(&discount, OrderId::new(), customer, "OTHER").await));
    assert_eq!(reserve(&discount, OrderId::new(), customer, "THIRD").await, reason);
}

#[tokio::test]
async fn a_customer_is_forgotten_and_the_coupons_count_stays() {
    let (discount, code) = with_coupon(json!({ "total_limit": 2, "limit_per_customer": 1 })).await;
    let (order, user_id) = (OrderId::new(), UserId::new());
    reserve(&discount, order, user_id, &code).await;
    discount.deliver(order, 2, &confirmed(order, user_id, Some(&code))).await;
    discount.deliver(user_id, 9, &ErasureRequested { user_id }).await;
    let completed = discount.publishes::<ErasureCompleted>(|event| event.user_id == user_id).await;
    assert_eq!(completed.data.service, ServiceName::Discount);
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM coupon_use WHERE customer_id = $1) + (SELECT count(*) FROM coupon_customer
         WHERE customer_id = $1) + (SELECT count(*) FROM placed_order WHERE customer_id = $1)",
    )
    .bind(user_id.0)
    .fetch_one(&discount.pool)
    .await
    .unwrap();
    assert_eq!((left, used(&discount).await), (0, 1));
    discount.deliver(order, 3, &cancelled(order, user_id)).await;
    assert_eq!(used(&discount).await, 0);
}

#[tokio::test]
async fn each_broken_rule_is_found_alone() {
    let (discount, code) = with_coupon(json!({})).await;
    let customer = UserId::new();
    for _ in 0..2 {
        reserve(&discount, OrderId::new(), customer, &code).await;
    }
    assert_eq!(used(&discount).await, 2);
    for (harm, rule) in [
        ("UPDATE coupon SET used = 5", "coupon-uses-are-counted"),
        (
            "ALTER TABLE coupon DROP CONSTRAINT coupon_within_limit; UPDATE coupon SET total_limit = 1",
            "coupons-stay-within-their-limit",
        ),
        ("UPDATE coupon_customer SET used = 7", "customers-uses-are-counted"),
        ("DELETE FROM coupon_customer", "customers-uses-are-counted"),
        (
            "ALTER TABLE coupon_customer DROP CONSTRAINT coupon_customer_within_limit; UPDATE coupon_customer SET allowed = 1",
            "customers-stay-within-their-limit",
        ),
    ] {
        let mut moment = discount.harmed(harm).await;
        let found = reconcile::violations(&mut moment).await.unwrap();
        assert!(found.len() == 1 && (&*found[0].rule, &*found[0].subject) == (rule, "TEST-1"), "{rule}: {found:?}");
    }
}

#[tokio::test]
async fn a_baskets_price_knows_what_the_customer_has_used() {
    let (discount, code) = with_coupon(json!({ "limit_per_customer": 1 })).await;
    let customer = UserId::new();
    let basket = |customer_id| PriceBasket {
        customer_id,
        lines: vec![contracts::discount::BasketLine {
            variant_id: types::VariantId::new(),
            product_id: types::ProductId::new(),
            category_ids: Vec::new(),
            quantity: 2,
            unit_price: Money::from_rupees(300),
        }],
        coupon_code: Some("test-1".to_owned()),
        shipping: None,
    };
    let priced = discount.call(ServiceName::Cart, &basket(Some(customer))).await;
    assert_eq!(priced.line_discounts, [Money::from_rupees(100)]);
    reserve(&discount, OrderId::new(), customer, &code).await;
    let verdict = discount.call(ServiceName::Cart, &basket(Some(customer))).await.coupon.unwrap();
    assert_eq!((verdict.applies, verdict.reason.as_str()), (false, "It has been used as often as one customer may."));
    assert!(discount.call(ServiceName::Cart, &basket(None)).await.coupon.unwrap().applies);
}
