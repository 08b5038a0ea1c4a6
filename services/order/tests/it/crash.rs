//! A process that dies in the middle of a checkout: another one ends what it began.

use std::time::Duration;

use contracts::Call;
use contracts::discount::{PriceBasket, ReserveCoupon};
use contracts::order::{Order, OrderStatus};
use contracts::payment::{CreateIntent, PaymentMethod};
use contracts::product::{CommitStock, ReserveStock};
use testkit::eventually;
use testkit::service::PATIENCE;
use tokio::runtime::{Builder, Runtime};

use crate::shop::Shop;
use crate::world::{COUPON, Holding};

/// The customer orders at a process that dies while it waits for the answer of `C`, whose effect is done.
async fn die_waiting_for<C: Call>(shop: &Shop, method: PaymentMethod) {
    let runtime: Runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let service = shop.service.clone();
    let pod = runtime.spawn(async move { service.another(order_service::service()).await }).await.unwrap();

    shop.hold::<C>();
    let customer = shop.service.at(&pod, &shop.customer).with("idempotency-key", "k");
    let body = shop.new_order(method);
    let request = runtime.spawn(async move { customer.post("/api/v1/orders", &body).await });
    shop.held().await;
    // Every task of the process ends where it stands, as with `kill -9`.
    runtime.shutdown_background();
    assert!(request.await.is_err(), "the customer gets no answer");
    shop.let_go();
}

/// The lease of the dead process runs out.
fn let_the_lease_end(shop: &Shop) {
    shop.service.clock.advance(Duration::from_secs(31));
}

async fn order_again(shop: &Shop, method: PaymentMethod) -> Order {
    let (customer, body) = (shop.customer.with("idempotency-key", "k"), shop.new_order(method));
    eventually(PATIENCE, async || {
        let answer = customer.post("/api/v1/orders", &body).await;
        if answer.status == 201 { Ok(answer.read()) } else { Err(answer.json) }
    })
    .await
}

async fn is_undone<C: Call>() {
    let shop = Shop::open().await;
    shop.state().coupon = Some(COUPON.into());
    die_waiting_for::<C>(&shop, PaymentMethod::Upi).await;
    let repeat = shop.customer.with("idempotency-key", "k");
    let body = shop.new_order(PaymentMethod::Upi);
    repeat.post("/api/v1/orders", &body).await.is(409).problem("request-in-progress");

    let_the_lease_end(&shop);
    eventually(PATIENCE, async || {
        let state = shop.state();
        let holdings = state.stock.values().chain(state.coupons.values());
        let given_back = holdings.clone().count() > 0 && holdings.clone().all(|holding| *holding == Holding::Released);
        if given_back { Ok(()) } else { Err(format!("{:?} {:?}", state.stock, state.coupons)) }
    })
    .await;
    assert_eq!(shop.orders().await.len(), 0);
    // The key is free again, and makes another order.
    let order = order_again(&shop, PaymentMethod::Upi).await;
    assert_eq!(order.status, OrderStatus::Pending);
    assert!(matches!(shop.state().stock[&order.id], Holding::Reserved(_)));
    assert_eq!(shop.orders().await.len(), 1);
    assert_eq!(shop.violations().await, []);
}

async fn is_completed<C: Call>(method: PaymentMethod, status: OrderStatus) {
    let shop = Shop::open().await;
    die_waiting_for::<C>(&shop, method).await;
    assert_eq!(shop.orders().await.len(), 1, "the order stands");
    let_the_lease_end(&shop);
    let order = order_again(&shop, method).await;
    assert_eq!(order.status, status);
    let intents: Vec<_> = shop.state().intents.values().map(|intent| intent.intent_id).collect();
    assert_eq!(intents, [order.payment.intent_id.unwrap()]);
    assert_eq!(shop.orders().await.len(), 1);
    assert_eq!(shop.read(order.id).await.payment.intent_id, order.payment.intent_id);
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_before_anything_was_set_aside_it_is_undone() {
    is_undone::<PriceBasket>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_after_the_stock_was_set_aside_it_is_undone() {
    is_undone::<ReserveStock>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_after_the_coupon_was_set_aside_it_is_undone() {
    is_undone::<ReserveCoupon>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_while_the_payment_is_opened_it_is_completed() {
    is_completed::<CreateIntent>(PaymentMethod::Upi, OrderStatus::Pending).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_while_the_stock_is_sold_it_is_completed() {
    is_completed::<CommitStock>(PaymentMethod::CashOnDelivery, OrderStatus::Confirmed).await;
}

/// Nobody repeats the request: the job completes it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_job_completes_what_nobody_asks_for_again() {
    let shop = Shop::open().await;
    die_waiting_for::<CommitStock>(&shop, PaymentMethod::CashOnDelivery).await;
    let_the_lease_end(&shop);
    eventually(PATIENCE, async || shop.orders().await[0]["status"] == "confirmed").await;
    assert_eq!(shop.violations().await, []);
}

/// The order was placed, nobody came to it before it expired, and its payment was never opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_nobody_completes_in_time_is_cancelled() {
    let shop = Shop::open().await;
    shop.service.stubs.down::<CreateIntent>();
    let customer = shop.customer.with("idempotency-key", "k");
    customer.post("/api/v1/orders", &shop.new_order(PaymentMethod::Upi)).await.is(503);
    shop.service.clock.advance(Duration::from_secs(16 * 60));
    eventually(PATIENCE, async || {
        let orders = shop.orders().await;
        if orders[0]["status"] == "cancelled" { Ok(()) } else { Err(orders[0].to_string()) }
    })
    .await;
    let order = order_again(&shop, PaymentMethod::Upi).await;
    assert_eq!(order.cancel_reason, Some(contracts::order::CancelReason::CheckoutFailed));
}
