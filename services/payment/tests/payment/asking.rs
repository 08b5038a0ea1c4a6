//! What is learnt only by asking: how long somebody waits for it, and until when money is looked for.

use std::time::Duration;

use contracts::payment::{AttemptStatus, FoundIntent, IntentStatus, PaymentLateAuthorized, SyncIntent};
use serde_json::json;
use testkit::eventually;
use types::{Money, ServiceName};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::razorpay::{PAYMENTS, answers, begun, collection, hear, order_entity, payment_entity, setup, shop, webhook};
use crate::shop::{Order, PATIENCE, PRICE, Shop, card, deaf};

const MINUTE: Duration = Duration::from_secs(60);
/// What a service that calls another waits for an answer.
const A_CALLERS_PATIENCE: Duration = Duration::from_secs(3);

async fn questions(razorpay: &MockServer) -> usize {
    razorpay.received_requests().await.unwrap().iter().filter(|request| request.url.path() == PAYMENTS).count()
}

/// A Razorpay whose answer to the creation of an order is as usual, and that then says this of its payment.
async fn lists(razorpay: &MockServer, status: &str) {
    razorpay.reset().await;
    answers(razorpay, "POST", "/v1/orders", order_entity()).await;
    answers(razorpay, "GET", PAYMENTS, collection(&[payment_entity(status)])).await;
}

async fn takes(razorpay: &MockServer) {
    answers(razorpay, "POST", "/v1/payments/pay_29QQoUBi66xm2f/capture", payment_entity("captured")).await;
}

async fn refunds(razorpay: &MockServer) {
    let refund = json!({ "id": "rfnd_FP8QHiV938haTz", "entity": "refund", "amount": PRICE, "currency": "INR",
                         "payment_id": "pay_29QQoUBi66xm2f", "notes": [], "receipt": null, "status": "processed",
                         "created_at": 1597078866 });
    answers(razorpay, "POST", "/v1/payments/pay_29QQoUBi66xm2f/refund", refund).await;
}

async fn came_late_and_went_back(shop: &Shop, order: &Order) {
    shop.service.publishes(|e: &PaymentLateAuthorized| e.payment.order_id == order.id).await;
    let desk = shop.refunds_end(order).await;
    assert_eq!((desk.payment.captured, desk.payment.refunded), (PRICE, PRICE));
    shop.is_sound().await;
}

#[tokio::test]
async fn who_asks_for_an_order_is_not_kept_waiting_by_a_slow_provider() {
    let razorpay = MockServer::start().await;
    let slow = ResponseTemplate::new(200)
        .set_body_json(collection(&[payment_entity("captured")]))
        .set_delay(Duration::from_secs(4));
    Mock::given(method("GET")).and(path(PAYMENTS)).respond_with(slow).mount(&razorpay).await;
    answers(&razorpay, "POST", "/v1/orders", order_entity()).await;
    let shop = Shop::start(setup(&razorpay).env("RAZORPAY_TIMEOUT", "5")).await;
    let order = shop.order().await;
    order.pay_by_upi("asha@okbank").await;
    let call = SyncIntent { order_id: order.id };
    let asked = tokio::time::timeout(A_CALLERS_PATIENCE, shop.service.call(ServiceName::Order, &call)).await;
    assert!(matches!(asked.unwrap(), FoundIntent::Found(intent) if intent.status == IntentStatus::Open));
    // The job has more time.
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
async fn many_who_ask_at_once_are_one_question_to_the_provider() {
    let razorpay = MockServer::start().await;
    let shop = Shop::start(setup(&razorpay).env("PAYMENT_POLL_AFTER", "3600")).await;
    let order = begun(&shop, &razorpay).await;
    let call = SyncIntent { order_id: order.id };
    let by_service = futures::future::join_all((0..5).map(|_| shop.service.call(ServiceName::Order, &call)));
    let (path, nothing) = (order.path("/sync"), ());
    let by_customer = futures::future::join_all((0..5).map(|_| order.customer.post(&path, &nothing)));
    let (found, synced) = tokio::join!(by_service, by_customer);
    assert!(found.iter().all(|found| matches!(found, FoundIntent::Found(_))));
    assert!(synced.iter().all(|answer| answer.status == 200));
    assert_eq!(questions(&razorpay).await, 1);
    shop.service.clock.advance(Duration::from_secs(3));
    shop.service.call(ServiceName::Order, &call).await;
    assert_eq!(questions(&razorpay).await, 2);
}

#[tokio::test]
async fn what_was_only_authorised_when_the_order_was_cancelled_is_taken_and_goes_back() {
    let shop = Shop::start(deaf().env("PAYMENT_POLL_AFTER", "5")).await;
    let order = shop.order().await;
    order.pay(card("tok_authorize")).await.is(201);
    shop.cancel(&order).await;
    shop.service.clock.advance(MINUTE);
    came_late_and_went_back(&shop, &order).await;
    assert_eq!(shop.count("SELECT count(*) FROM attempt WHERE poll_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn news_of_an_authorised_payment_have_it_taken_at_once() {
    let razorpay = MockServer::start().await;
    let shop = Shop::start(setup(&razorpay).env("PAYMENT_POLL_AFTER", "3600")).await;
    let order = begun(&shop, &razorpay).await;
    lists(&razorpay, "authorized").await;
    takes(&razorpay).await;
    let body = webhook("payment.authorized", json!({ "payment": { "entity": payment_entity("authorized") } }));
    hear(&shop, "evt_1", &body, &body).await.is(200);
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
async fn news_of_an_authorised_payment_that_was_given_up_have_it_taken_and_sent_back() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    shop.service.clock.advance(25 * MINUTE);
    shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    shop.cancel(&order).await;
    lists(&razorpay, "authorized").await;
    takes(&razorpay).await;
    refunds(&razorpay).await;
    let body = webhook("payment.authorized", json!({ "payment": { "entity": payment_entity("authorized") } }));
    hear(&shop, "evt_1", &body, &body).await.is(200);
    came_late_and_went_back(&shop, &order).await;
}

#[tokio::test]
async fn what_the_provider_sent_back_untaken_is_a_failure() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    // `payment_entity` says `captured: false` of whatever is not captured.
    lists(&razorpay, "refunded").await;
    let payment = shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    assert_eq!((payment.status, payment.captured), (IntentStatus::Open, Money::ZERO));
}

#[tokio::test]
async fn a_payment_on_a_page_that_was_given_up_is_found_though_nobody_tells() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    shop.service.clock.advance(25 * MINUTE);
    shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    shop.cancel(&order).await;
    lists(&razorpay, "captured").await;
    refunds(&razorpay).await;
    assert_eq!(shop.payment(&order).await.captured, Money::ZERO);
    shop.service.clock.advance(120 * MINUTE);
    came_late_and_went_back(&shop, &order).await;
}

#[tokio::test]
async fn a_failed_attempt_is_asked_about_until_nothing_can_come_of_it() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    shop.service.clock.advance(25 * MINUTE);
    shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    let asked = questions(&razorpay).await;
    shop.service.clock.advance(4 * DAY);
    eventually(PATIENCE, async || questions(&razorpay).await == asked + 1).await;
    assert_eq!(shop.count("SELECT count(*) FROM attempt WHERE poll_at IS NOT NULL").await, 1);
    shop.is_sound().await;
    shop.service.clock.advance(2 * DAY);
    eventually(PATIENCE, async || shop.count("SELECT count(*) FROM attempt WHERE poll_at IS NOT NULL").await == 0)
        .await;
    assert_eq!(questions(&razorpay).await, asked + 2);
}
