use contracts::Page;
use contracts::payment::{
    AttemptStatus, FoundIntent, IntentStatus, PaymentActionType, PaymentAuthorized, PaymentFailed, PaymentMethod,
    PaymentSucceeded, SavedMethod, StartedAttempt, SyncIntent,
};
use contracts::user::{ErasureCompleted, ErasureRequested};
use serde_json::json;
use testkit::eventually;
use types::{Money, ServiceName};

use crate::shop::{PATIENCE, PRICE, Shop, card, connected, deaf, upi};

#[tokio::test]
async fn an_order_is_paid_once_however_the_webhooks_come() {
    let shop = Shop::start(connected()).await;
    for vpa in ["success@sandbox", "duplicate@sandbox", "reorder@sandbox"] {
        let order = shop.order().await;
        let started = order.pay_by_upi(vpa).await;
        assert_eq!(started.action.kind, PaymentActionType::UpiCollect, "{vpa}");
        let payment = shop.becomes(&order, IntentStatus::Paid).await;
        assert_eq!((payment.captured, payment.refunded), (PRICE, Money::ZERO));
        let event = shop.service.publishes(|e: &PaymentSucceeded| e.payment.order_id == order.id).await;
        assert_eq!(event.data.payment.attempt_id, started.attempt.attempt_id);
        assert_eq!(event.data.payment.customer_id, order.customer.id());
        assert_eq!(event.data.payment.amount, PRICE);
    }
    // Every copy has been delivered before what follows is counted.
    eventually(PATIENCE, async || shop.count("SELECT count(*) FROM sandbox_webhook").await == 0).await;
    assert_eq!(shop.service.published::<PaymentSucceeded>().await.len(), 3);
    assert_eq!(shop.count("SELECT count(*) FROM webhook WHERE applied_at IS NOT NULL").await, 4);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_declined_payment_leaves_the_order_open_for_another() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    order.pay_by_upi("decline@sandbox").await;
    let payment = shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    assert_eq!(payment.status, IntentStatus::Open);
    assert_eq!(payment.attempts[0].failure_reason.as_deref(), Some("The bank declined the payment"));
    let failed = shop.service.publishes(|e: &PaymentFailed| e.payment.order_id == order.id).await;
    assert_eq!(failed.data.reason, "The bank declined the payment");

    // A card that is declined says so at once.
    let declined: StartedAttempt = order.pay(card("tok_decline")).await.is(201).read();
    assert_eq!(declined.attempt.status, AttemptStatus::Failed);
    let unknown: StartedAttempt = order.pay(card("tok_stolen")).await.is(201).read();
    assert_eq!(unknown.attempt.status, AttemptStatus::Failed);
    assert_eq!(unknown.attempt.failure_reason.as_deref(), Some("The card is not known to the bank"));

    order.pay(card("tok_success")).await.is(201);
    shop.becomes(&order, IntentStatus::Paid).await;
    shop.service.publishes(|e: &PaymentAuthorized| e.payment.method == PaymentMethod::Card).await;
    assert_eq!(shop.payment(&order).await.attempts.len(), 4);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_customer_approves_or_declines_on_the_banks_page() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    let started: StartedAttempt = order.pay(json!({ "method": "net_banking", "bank": "HDFC" })).await.is(201).read();
    assert_eq!(started.action.kind, PaymentActionType::Redirect);
    let page = started.action.url.unwrap();
    let browser = shop.service.guest();
    let shown = browser.get(&page).await.is(200);
    assert!(shown.json.as_str().unwrap().contains("₹499.00"), "{}", shown.json);
    assert!(shown.header("content-type").starts_with("text/html"));
    // The payment says where to go on, for a customer who has lost the page.
    assert_eq!(shop.payment(&order).await.action.url.as_deref(), Some(page.as_str()));

    browser.send_bytes(http::Method::POST, &format!("{page}/decline"), Vec::new()).await.is(200);
    browser
        .send_bytes(http::Method::POST, &format!("{page}/approve"), Vec::new())
        .await
        .is(409)
        .problem("already-decided");
    shop.attempt_becomes(&order, AttemptStatus::Failed).await;

    let again: StartedAttempt = order.pay(card("tok_3ds")).await.is(201).read();
    let approve = format!("{}/approve", again.action.url.unwrap());
    browser.send_bytes(http::Method::POST, &approve, Vec::new()).await.is(200);
    shop.becomes(&order, IntentStatus::Paid).await;
    assert_eq!(shop.payment(&order).await.action.kind, PaymentActionType::None);
    browser.get("/api/v1/payments/sandbox/spay_unknown").await.is(404);
    shop.is_sound().await;
}

#[tokio::test]
async fn fifty_requests_with_one_key_make_one_payment() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    let customer = order.customer.with("idempotency-key", "the-same");
    let (path, body) = (order.path("/attempts"), upi("pending@sandbox"));
    let answers = futures::future::join_all((0..50).map(|_| customer.post(&path, &body))).await;
    let first: StartedAttempt = answers[0].clone().is(201).read();
    for answer in answers {
        let started: StartedAttempt = answer.is(201).read();
        assert_eq!(started, first);
    }
    assert!(first.action.url.is_some());
    assert_eq!(shop.count("SELECT count(*) FROM attempt").await, 1);
    assert_eq!(shop.count("SELECT count(*) FROM sandbox_payment").await, 1);

    customer.post(&path, &upi("other@sandbox")).await.is(422).problem("idempotency-key-reused");
    order.pay(upi("success@sandbox")).await.is(409).problem("attempt-in-progress");
}

#[tokio::test]
async fn two_attempts_at_once_are_one_too_many() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    let pay = || order.pay(upi("pending@sandbox"));
    let (one, other) = tokio::join!(pay(), pay());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(shop.count("SELECT count(*) FROM sandbox_payment").await, 1);
}

#[tokio::test]
async fn what_a_webhook_does_not_tell_is_asked() {
    let shop = Shop::start(deaf()).await;
    for how in [upi("silent@sandbox"), upi("success@sandbox"), card("tok_authorize")] {
        let order = shop.order().await;
        order.pay(how).await.is(201);
        shop.becomes(&order, IntentStatus::Paid).await;
    }
    assert_eq!(shop.count("SELECT count(*) FROM webhook").await, 0);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_lost_answer_is_found_by_asking() {
    let shop = Shop::start(deaf()).await;
    let order = shop.order().await;
    let started = order.pay_by_upi("lost@sandbox").await;
    assert_eq!(started.attempt.status, AttemptStatus::Unknown);
    assert_eq!(started.action.kind, PaymentActionType::None);
    let payment = shop.becomes(&order, IntentStatus::Paid).await;
    assert_eq!(payment.attempts[0].attempt_id, started.attempt.attempt_id);
    assert_eq!(shop.count("SELECT count(*) FROM sandbox_payment").await, 1);
    shop.is_sound().await;
}

#[tokio::test]
async fn the_same_request_again_goes_on_where_the_answer_was_lost() {
    let shop = Shop::start(deaf().env("PAYMENT_POLL_AFTER", "3600")).await;
    let order = shop.order().await;
    let customer = order.customer.with("idempotency-key", "lost-and-found");
    let lost: StartedAttempt = customer.post(&order.path("/attempts"), &upi("lost@sandbox")).await.is(201).read();
    assert_eq!(lost.attempt.status, AttemptStatus::Unknown);
    let found: StartedAttempt = customer.post(&order.path("/attempts"), &upi("lost@sandbox")).await.is(201).read();
    assert_eq!(found.attempt.attempt_id, lost.attempt.attempt_id);
    assert_ne!(found.attempt.status, AttemptStatus::Unknown);
    assert_eq!(shop.count("SELECT count(*) FROM sandbox_payment").await, 1);
}

#[tokio::test]
async fn a_customer_who_comes_back_from_the_bank_need_not_wait() {
    let shop = Shop::start(deaf().env("PAYMENT_POLL_AFTER", "3600")).await;
    let order = shop.order().await;
    order.pay_by_upi("silent@sandbox").await;
    eventually(PATIENCE, async || {
        let synced = order.customer.post(&order.path("/sync"), &()).await.is(200);
        synced.json["status"] == "paid"
    })
    .await;
    // The order service asks in the same way before it gives up an order.
    let found = shop.service.call(ServiceName::Order, &SyncIntent { order_id: order.id }).await;
    assert!(
        matches!(found, FoundIntent::Found(intent) if intent.status == IntentStatus::Paid && intent.captured == PRICE)
    );
    let absent = shop.service.call(ServiceName::Order, &SyncIntent { order_id: types::OrderId::new() }).await;
    assert!(matches!(absent, FoundIntent::Absent));
}

#[tokio::test]
async fn an_attempt_that_nobody_finishes_is_given_up() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    order.pay_by_upi("pending@sandbox").await;
    shop.service.clock.advance(std::time::Duration::from_secs(25 * 60));
    let payment = shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    assert_eq!(payment.attempts[0].failure_reason.as_deref(), Some("Nobody approved the payment in time"));
    order.pay(upi("success@sandbox")).await.is(201);
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
async fn only_what_may_be_paid_is_paid_and_only_by_its_customer() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    let stranger = shop.service.customer();
    stranger.get(&order.path("")).await.is(404);
    stranger.post(&order.path("/attempts"), &upi("success@sandbox")).await.is(404);
    stranger.post(&order.path("/sync"), &()).await.is(404);
    stranger.get(&order.path("/refunds")).await.is(404);
    shop.service.guest().get(&order.path("")).await.is(401);
    stranger.get(&format!("/api/v1/payments/desk?order_id={}", order.id)).await.is(403);

    let unsigned =
        order.customer.send(http::Method::POST, &order.path("/attempts"), Some(&upi("success@sandbox"))).await;
    assert_eq!(unsigned.is(400).problem("malformed-request").errors[0].field, "idempotency-key");
    for wrong in
        [upi("no address"), json!({ "method": "card", "token": "4111 1111" }), json!({ "method": "cash_on_delivery" })]
    {
        order.pay(wrong).await.is(422);
    }
    shop.close(&order);
    order.pay(upi("success@sandbox")).await.is(409).problem("not-payable");
    assert_eq!(shop.count("SELECT count(*) FROM attempt").await, 0);
}

#[tokio::test]
async fn an_order_has_one_intent() {
    let shop = Shop::start(connected()).await;
    let call = shop.intent_call(types::UserId::new(), PaymentMethod::Card);
    let create = || shop.service.call(ServiceName::Order, &call);
    let (one, other) = tokio::join!(create(), create());
    assert_eq!(one, other);
    assert_eq!(one.status, IntentStatus::Open);
    let mut dearer = call.clone();
    dearer.amount = Money::from_paise(50_000);
    let refused = shop.service.try_call(ServiceName::Order, &dearer).await.unwrap_err();
    assert!(refused.is("other-amount"), "{refused}");

    let mut free = shop.intent_call(types::UserId::new(), PaymentMethod::Upi);
    free.amount = Money::ZERO;
    assert_eq!(shop.service.call(ServiceName::Order, &free).await.status, IntentStatus::Paid);
}

#[tokio::test]
async fn a_card_is_kept_if_the_customer_wishes_and_until_they_are_forgotten() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    order.pay(json!({ "method": "card", "token": "tok_success", "save": true })).await.is(201);
    shop.becomes(&order, IntentStatus::Paid).await;
    let saved: Page<SavedMethod> = order.customer.get("/api/v1/payments/methods").await.is(200).read();
    assert_eq!(saved.items[0].token, "tok_success");
    let path = format!("/api/v1/payments/methods/{}", saved.items[0].saved_method_id);
    shop.service.customer().delete(&path).await.is(404);

    let user_id = order.customer.id();
    shop.service.deliver(user_id, 9, &ErasureRequested { user_id }).await;
    let completed = shop.service.publishes(|e: &ErasureCompleted| e.user_id == user_id).await;
    assert_eq!(completed.data.service, ServiceName::Payment);
    let saved: Page<SavedMethod> = order.customer.get("/api/v1/payments/methods").await.is(200).read();
    assert_eq!(saved.items, []);
    order.customer.delete(&path).await.is(404);
}

#[tokio::test]
async fn an_attempt_that_never_reached_the_bank_fails_and_another_may_begin() {
    let shop = Shop::start(deaf()).await;
    let order = shop.order().await;
    // A process that died between writing the attempt down and asking the provider.
    sqlx::query(
        "INSERT INTO attempt (id, intent_id, idempotency_key, fingerprint, provider, method, amount_paise, status, poll_at, created_at)
         VALUES ($1, $2, 'k', '', 'sandbox', 'upi', $3, 'created', now(), now())",
    )
    .bind(types::AttemptId::new().0)
    .bind(order.intent.intent_id.0)
    .bind(PRICE.paise())
    .execute(&shop.service.pool)
    .await
    .unwrap();
    order.pay(upi("success@sandbox")).await.is(409).problem("attempt-in-progress");
    shop.service.clock.advance(std::time::Duration::from_secs(31));
    let payment = shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    assert_eq!(payment.attempts[0].failure_reason.as_deref(), Some("The payment could not be started"));
    order.pay(upi("success@sandbox")).await.is(201);
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
#[should_panic(expected = "PAYMENT_PROVIDER: the sandbox is not for production")]
async fn the_sandbox_does_not_start_in_production() {
    Shop::start(connected().env("APP_ENV", "production").env("PAYMENT_PROVIDER", "sandbox")).await;
}

#[tokio::test]
async fn a_customer_cannot_have_the_provider_asked_without_end() {
    let shop = Shop::start(deaf()).await;
    let order = shop.order().await;
    // Two windows at most, if one ends on the way.
    for _ in 0..=240 {
        if order.customer.post(&order.path("/sync"), &()).await.status == 429 {
            return;
        }
    }
    panic!("nobody objected");
}
