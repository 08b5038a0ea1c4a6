//! Razorpay as its documentation describes it, played by a server of the test's.

use std::time::Duration;

use aws_lc_rs::hmac;
use contracts::payment::{AttemptStatus, IntentStatus, PaymentActionType, PaymentSucceeded, RefundSucceeded};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, eventually};
use types::{Money, Role};
use wiremock::matchers::{basic_auth, body_partial_json, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::shop::{Order, PATIENCE, PRICE, Setup, Shop, card, deaf, upi};

const WEBHOOK_SECRET: &str = "rzp webhook secret";
const PATH: &str = "/api/v1/payments/webhooks/razorpay";
pub const PAYMENTS: &str = "/v1/orders/order_9A33XWu170gUtm/payments";

pub async fn shop(razorpay: &MockServer) -> Shop {
    Shop::start(setup(razorpay)).await
}

pub fn setup(razorpay: &MockServer) -> Setup {
    deaf()
        .env("PAYMENT_PROVIDER", "razorpay")
        .env("RAZORPAY_URL", razorpay.uri())
        .env("RAZORPAY_KEY_ID", "rzp_test_key")
        .env("RAZORPAY_KEY_SECRET", "rzp secret")
        .env("RAZORPAY_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("RAZORPAY_TIMEOUT", "1")
        .env("PAYMENT_BACK_URL", "https://shop.example/orders/{order_id}")
}

pub fn order_entity() -> Value {
    json!({ "id": "order_9A33XWu170gUtm", "entity": "order", "amount": PRICE, "amount_paid": 0, "amount_due": PRICE,
            "currency": "INR", "receipt": "r", "status": "created", "attempts": 0, "notes": [], "created_at": 1582637108 })
}

pub fn payment_entity(status: &str) -> Value {
    json!({ "id": "pay_29QQoUBi66xm2f", "entity": "payment", "amount": PRICE, "currency": "INR", "status": status,
            "order_id": "order_9A33XWu170gUtm", "method": "card", "amount_refunded": 0, "refund_status": null,
            "captured": status == "captured", "error_code": null,
            "error_description": if status == "failed" { json!("Payment was cancelled by the customer") } else { json!(null) },
            "notes": [], "created_at": 1600856650 })
}

pub fn collection(items: &[Value]) -> Value {
    json!({ "entity": "collection", "count": items.len(), "items": items })
}

pub async fn answers(razorpay: &MockServer, verb: &str, at: &str, body: Value) {
    Mock::given(method(verb))
        .and(path(at))
        .and(basic_auth("rzp_test_key", "rzp secret"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(razorpay)
        .await;
}

pub fn webhook(event: &str, payload: Value) -> Vec<u8> {
    let contains: Vec<&String> = payload.as_object().unwrap().keys().collect();
    let body = json!({ "entity": "event", "account_id": "acc_BFQ7uQEaa7j2z7", "event": event, "contains": contains,
                       "payload": payload, "created_at": 1600856651 });
    serde_json::to_vec(&body).unwrap()
}

pub async fn hear(shop: &Shop, event_id: &str, body: &[u8], signed: &[u8]) -> Answer {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes()), signed);
    let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let razorpay = shop.service.guest().with("x-razorpay-signature", signature).with("x-razorpay-event-id", event_id);
    razorpay.send_bytes(Method::POST, PATH, body.to_vec()).await
}

pub async fn begun(shop: &Shop, razorpay: &MockServer) -> Order {
    answers(razorpay, "POST", "/v1/orders", order_entity()).await;
    answers(razorpay, "GET", PAYMENTS, collection(&[])).await;
    let order = shop.order().await;
    let started = order.pay_by_upi("asha@okbank").await;
    assert_eq!(started.attempt.status, AttemptStatus::Pending);
    order
}

#[tokio::test]
async fn a_payment_goes_by_their_checkout_and_webhook() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    let opened: Vec<Request> = razorpay.received_requests().await.unwrap();
    let opened = opened.iter().find(|r| r.url.path() == "/v1/orders").unwrap();
    let asked: Value = opened.body_json().unwrap();
    let attempt = shop.payment(&order).await.attempts[0].attempt_id;
    assert_eq!((&asked["amount"], &asked["currency"]), (&json!(PRICE), &json!("INR")));
    assert_eq!(asked["receipt"], json!(attempt));

    let action = shop.payment(&order).await.action;
    assert_eq!(action.kind, PaymentActionType::Redirect);
    let page = shop.service.guest().get(&action.url.unwrap()).await.is(200);
    let page = page.json.as_str().unwrap();
    assert!(page.contains(r#"name="order_id" value="order_9A33XWu170gUtm""#), "{page}");
    assert!(page.contains(r#"name="key_id" value="rzp_test_key""#), "{page}");
    assert!(
        page.contains(&format!(r#"name="callback_url" value="https://shop.example/orders/{}""#, order.id)),
        "{page}"
    );

    let body = webhook("payment.captured", json!({ "payment": { "entity": payment_entity("captured") } }));
    hear(&shop, "evt_1", &body, b"another body").await.is(401);
    let reserialised = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
    hear(&shop, "evt_1", &reserialised, &body).await.is(401);
    assert_eq!(shop.count("SELECT count(*) FROM webhook").await, 0);
    for _ in 0..3 {
        hear(&shop, "evt_1", &body, &body).await.is(200);
    }
    assert_eq!(shop.payment(&order).await.status, IntentStatus::Paid);
    let authorized = webhook("payment.authorized", json!({ "payment": { "entity": payment_entity("authorized") } }));
    hear(&shop, "evt_0", &authorized, &authorized).await.is(200);
    assert_eq!(shop.payment(&order).await.attempts[0].status, AttemptStatus::Succeeded);
    let event = shop.service.publishes(|e: &PaymentSucceeded| e.payment.order_id == order.id).await;
    assert_eq!(event.data.payment.at.as_seconds(), 1_600_856_651);
    // The page is for payments that wait.
    shop.service.guest().get(&format!("/api/v1/payments/razorpay/{attempt}")).await.is(404);
    // The sandbox's buttons are not there.
    shop.service.guest().get("/api/v1/payments/sandbox/spay_1").await.is(404);
}

#[tokio::test]
async fn a_failed_payment_of_an_order_can_still_be_followed_by_a_good_one() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    let failed = webhook("payment.failed", json!({ "payment": { "entity": payment_entity("failed") } }));
    hear(&shop, "evt_1", &failed, &failed).await.is(200);
    let payment = shop.payment(&order).await;
    assert_eq!(payment.attempts[0].failure_reason.as_deref(), Some("Payment was cancelled by the customer"));

    // The customer tries again on the same page; the webhook is lost, and the customer comes back.
    razorpay.reset().await;
    let both = collection(&[payment_entity("failed"), payment_entity("captured")]);
    answers(&razorpay, "GET", PAYMENTS, both).await;
    let synced = order.customer.post(&order.path("/sync"), &()).await.is(200);
    assert_eq!(synced.json["status"], "paid");
    assert_eq!(synced.json["attempts"][0].get("failure_reason"), None);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_receipt() {
    let razorpay = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_body_json(order_entity()).set_delay(Duration::from_secs(3));
    Mock::given(method("POST")).and(path("/v1/orders")).respond_with(slow).mount(&razorpay).await;
    let shop = shop(&razorpay).await;
    let order = shop.order().await;
    let started = order.pay_by_upi("asha@okbank").await;
    assert_eq!(started.attempt.status, AttemptStatus::Unknown);

    Mock::given(method("GET"))
        .and(path("/v1/orders"))
        .and(query_param("receipt", started.attempt.attempt_id.to_string()))
        .respond_with(ResponseTemplate::new(200).set_body_json(collection(&[order_entity()])))
        .mount(&razorpay)
        .await;
    let paid = collection(&[payment_entity("captured")]);
    answers(&razorpay, "GET", PAYMENTS, paid).await;
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
async fn an_authorised_payment_is_captured() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    answers(&razorpay, "POST", "/v1/orders", order_entity()).await;
    let authorized = collection(&[payment_entity("authorized")]);
    answers(&razorpay, "GET", PAYMENTS, authorized).await;
    Mock::given(method("POST"))
        .and(path("/v1/payments/pay_29QQoUBi66xm2f/capture"))
        .and(body_partial_json(json!({ "amount": PRICE, "currency": "INR" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(payment_entity("captured")))
        .expect(1)
        .mount(&razorpay)
        .await;
    let order = shop.order().await;
    order.pay(card("token_4lsdksD31GaZ09")).await.is(201);
    shop.becomes(&order, IntentStatus::Paid).await;
}

#[tokio::test]
async fn a_refusal_fails_the_attempt_and_wrong_credentials_do_not() {
    let razorpay = MockServer::start().await;
    let error = |description: &str| json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": description } });
    let refusal = ResponseTemplate::new(400).set_body_json(error("Order amount less than minimum amount allowed"));
    Mock::given(method("POST")).and(path("/v1/orders")).respond_with(refusal).mount(&razorpay).await;
    let shop = shop(&razorpay).await;
    let order = shop.order().await;
    let refused = order.pay_by_upi("asha@okbank").await;
    assert_eq!(refused.attempt.status, AttemptStatus::Failed);
    assert_eq!(refused.attempt.failure_reason.as_deref(), Some("Order amount less than minimum amount allowed"));

    razorpay.reset().await;
    let locked_out = ResponseTemplate::new(401).set_body_json(error("Authentication failed"));
    Mock::given(path("/v1/orders")).respond_with(locked_out).mount(&razorpay).await;
    let unknown = order.pay(upi("asha@okbank")).await.is(201);
    assert_eq!(unknown.json["attempt"]["status"], "unknown");
}

#[tokio::test]
async fn a_refund_carries_its_key_and_ends_by_webhook() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    let body = webhook("payment.captured", json!({ "payment": { "entity": payment_entity("captured") } }));
    hear(&shop, "evt_1", &body, &body).await.is(200);

    let refund = |status: &str, receipt: &str| {
        json!({ "id": "rfnd_FP8QHiV938haTz", "entity": "refund", "amount": 10_000, "currency": "INR",
                "payment_id": "pay_29QQoUBi66xm2f", "notes": [], "receipt": receipt, "status": status,
                "speed_processed": "normal", "created_at": 1597078866 })
    };
    Mock::given(method("POST"))
        .and(path("/v1/payments/pay_29QQoUBi66xm2f/refund"))
        .and(header_exists("x-refund-idempotency"))
        .and(header("content-type", "application/json"))
        .and(body_partial_json(json!({ "amount": 10_000, "speed": "normal" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(refund("pending", "r")))
        .mount(&razorpay)
        .await;
    let staff = shop.service.as_staff(Role::Support);
    let new = json!({ "order_id": order.id, "amount": 10_000, "reason": "A scratch" });
    let id = staff.post("/api/v1/payments/refunds", &new).await.is(201).json["refund_id"].as_str().unwrap().to_owned();
    let asked = eventually(PATIENCE, async || {
        let requests = razorpay.received_requests().await.unwrap();
        requests.into_iter().find(|r| r.url.path().ends_with("/refund"))
    })
    .await;
    assert_eq!(asked.headers["x-refund-idempotency"], id.as_str());
    eventually(PATIENCE, async || {
        shop.count("SELECT count(*) FROM refund WHERE provider_refund_id IS NOT NULL").await == 1
    })
    .await;

    let processed = webhook(
        "refund.processed",
        json!({
        "refund": { "entity": refund("processed", &id) }, "payment": { "entity": payment_entity("captured") } }),
    );
    hear(&shop, "evt_2", &processed, &processed).await.is(200);
    hear(&shop, "evt_2", &processed, &processed).await.is(200);
    let event = shop.service.publishes(|e: &RefundSucceeded| e.refund.order_id == order.id).await;
    assert_eq!(event.data.refund.refunded_total, Money::from_paise(10_000));
    assert_eq!(shop.payment(&order).await.refunded, Money::from_paise(10_000));
}
