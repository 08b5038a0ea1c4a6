use std::time::Duration;

use contracts::payment::{AttemptStatus, IntentStatus, PaymentSucceeded};
use http::Method;
use payment_service::sandbox::{SIGNATURE, TOLERANCE, sign};
use serde_json::{Value, json};
use testkit::{Answer, eventually};
use types::{AttemptId, Money, Timestamp};
use uuid::Uuid;

use crate::shop::{Order, PATIENCE, PRICE, Shop, deaf};

/// What the sandbox is told locally; a test that knows it can play the sandbox.
const SECRET: &str = "sandbox-webhook-secret";
const PATH: &str = "/api/v1/payments/webhooks/sandbox";

fn captured(reference: AttemptId, amount: Money, at: Timestamp) -> Value {
    json!({
        "id": format!("sevt_{}", Uuid::new_v4().simple()),
        "type": "payment.captured",
        "created_at": at,
        "data": { "payment_id": "spay_1", "reference": reference, "status": "captured", "amount": amount, "failure": null },
    })
}

impl Shop {
    /// Sends bytes with a signature of other bytes, as of a time.
    async fn hear(&self, sent: &[u8], signed: &[u8], at: Timestamp) -> Answer {
        let provider = self.service.guest().with(SIGNATURE, sign(SECRET, signed, at));
        provider.send_bytes(Method::POST, PATH, sent.to_vec()).await
    }

    async fn hear_now(&self, webhook: &Value) -> Answer {
        let body = serde_json::to_vec(webhook).unwrap();
        self.hear(&body, &body, self.service.clock.now()).await
    }
}

async fn waiting(shop: &Shop) -> (Order, AttemptId) {
    let order = shop.order().await;
    let attempt = order.pay_by_upi("pending@sandbox").await.attempt.attempt_id;
    (order, attempt)
}

#[tokio::test]
async fn nobody_else_can_say_that_an_order_is_paid() {
    let shop = Shop::start(deaf()).await;
    let (order, attempt) = waiting(&shop).await;
    let now = shop.service.clock.now();
    let webhook = captured(attempt, PRICE, now);
    let body = serde_json::to_vec(&webhook).unwrap();

    let unsigned = shop.service.guest().send_bytes(Method::POST, PATH, body.clone()).await;
    unsigned.is(401).problem("unauthenticated");
    let forged = shop.service.guest().with(SIGNATURE, sign("another secret", &body, now));
    forged.send_bytes(Method::POST, PATH, body.clone()).await.is(401);
    for nonsense in ["", "t=1", "v1=00", "t=x,v1=zz"] {
        let guest = shop.service.guest().with(SIGNATURE, nonsense);
        guest.send_bytes(Method::POST, PATH, body.clone()).await.is(401);
    }
    // The same JSON written in another way is not what was signed.
    let pretty = serde_json::to_vec_pretty(&webhook).unwrap();
    shop.hear(&pretty, &body, now).await.is(401);
    shop.hear(&body, &body, now.minus(TOLERANCE + Duration::from_secs(2))).await.is(401);
    shop.hear(&body, &body, now.plus(TOLERANCE + Duration::from_secs(60))).await.is(401);
    shop.hear(b"{}", b"{}", now).await.is(400);
    shop.service.guest().send_bytes(Method::POST, "/api/v1/payments/webhooks/paytm", body.clone()).await.is(404);
    shop.service.guest().send_bytes(Method::POST, "/api/v1/payments/webhooks/razorpay", body.clone()).await.is(404);

    assert_eq!(shop.count("SELECT count(*) FROM webhook").await, 0);
    assert_eq!(shop.payment(&order).await.status, IntentStatus::Open);
    shop.hear(&body, &body, now).await.is(200);
    assert_eq!(shop.payment(&order).await.status, IntentStatus::Paid);
}

#[tokio::test]
async fn a_webhook_counts_once_even_when_copies_race() {
    let shop = Shop::start(deaf()).await;
    let (order, attempt) = waiting(&shop).await;
    let webhook = captured(attempt, PRICE, shop.service.clock.now());
    for answer in futures::future::join_all((0..20).map(|_| shop.hear_now(&webhook))).await {
        answer.is(200);
    }
    // Another event that says the same.
    shop.hear_now(&captured(attempt, PRICE, shop.service.clock.now())).await.is(200);
    let payment = shop.payment(&order).await;
    assert_eq!((payment.status, payment.captured), (IntentStatus::Paid, PRICE));
    shop.service.publishes(|e: &PaymentSucceeded| e.payment.order_id == order.id).await;
    assert_eq!(shop.service.published::<PaymentSucceeded>().await.len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM webhook").await, 2);
}

#[tokio::test]
async fn a_webhook_that_overtakes_its_attempt_is_kept_and_applied() {
    let shop = Shop::start(deaf()).await;
    let order = shop.order().await;
    let early = AttemptId::new();
    shop.hear_now(&captured(early, PRICE, shop.service.clock.now())).await.is(200);
    assert_eq!(shop.count("SELECT count(*) FROM webhook WHERE applied_at IS NULL").await, 1);

    sqlx::query(
        "INSERT INTO attempt (id, intent_id, idempotency_key, fingerprint, provider, method, amount_paise, status, created_at)
         VALUES ($1, $2, 'k', '', 'sandbox', 'upi', $3, 'created', now())",
    )
    .bind(early.0)
    .bind(order.intent.intent_id.0)
    .bind(PRICE.paise())
    .execute(&shop.service.pool)
    .await
    .unwrap();
    shop.becomes(&order, IntentStatus::Paid).await;
    eventually(PATIENCE, async || shop.count("SELECT count(*) FROM webhook WHERE applied_at IS NULL").await == 0).await;
}

#[tokio::test]
async fn another_amount_than_was_asked_for_pays_nothing_and_is_told() {
    let shop = Shop::start(deaf()).await;
    let (order, attempt) = waiting(&shop).await;
    shop.hear_now(&captured(attempt, Money::from_paise(100), shop.service.clock.now())).await.is(200);
    let payment = shop.payment(&order).await;
    assert_eq!((payment.status, payment.attempts[0].status), (IntentStatus::Open, AttemptStatus::Pending));
    let problem: String =
        sqlx::query_scalar("SELECT problem FROM webhook").fetch_one(&shop.service.pool).await.unwrap();
    assert!(problem.starts_with("₹1.00 was captured"), "{problem}");
}

#[tokio::test]
async fn a_webhook_is_forgotten_after_its_time_but_not_while_it_waits() {
    const HOUR: Duration = Duration::from_secs(3600);
    let shop = Shop::start(deaf().env("PAYMENT_WEBHOOK_MEMORY", 24 * 3600)).await;
    let (order, attempt) = waiting(&shop).await;
    let now = shop.service.clock.now();
    shop.hear_now(&captured(attempt, PRICE, now)).await.is(200);
    shop.becomes(&order, IntentStatus::Paid).await;
    // About a payment that nobody has heard of: it is tried again for three days.
    shop.hear_now(&captured(AttemptId::new(), PRICE, now)).await;
    assert_eq!(shop.count("SELECT count(*) FROM webhook").await, 2);

    shop.service.clock.advance(25 * HOUR);
    eventually(PATIENCE, async || shop.count("SELECT count(*) FROM webhook WHERE applied_at IS NOT NULL").await == 0)
        .await;
    assert_eq!(shop.count("SELECT count(*) FROM webhook WHERE due_at IS NOT NULL").await, 1);
    // What was paid stays paid.
    assert_eq!(shop.payment(&order).await.status, IntentStatus::Paid);
}

#[tokio::test]
async fn webhooks_are_forgotten_a_batch_at_a_time_the_oldest_first() {
    let shop = Shop::start(deaf()).await;
    sqlx::query(
        "INSERT INTO webhook (provider, event_id, body, received_at, applied_at)
         SELECT 'sandbox', 'e' || n, '{}', $1::timestamptz - make_interval(days => n), $1 FROM generate_series(1, 6) n",
    )
    .bind(shop.service.clock.now())
    .execute(&shop.service.pool)
    .await
    .unwrap();
    let mut connection = shop.service.pool.acquire().await.unwrap();
    let before = shop.service.clock.now().minus(Duration::from_secs(36 * 3600));
    for (left, forgotten) in [(4, 2), (2, 2), (1, 1), (1, 0)] {
        let count = payment_service::store::webhook::forget(&mut connection, before, 2).await.unwrap();
        assert_eq!((shop.count("SELECT count(*) FROM webhook").await, count), (left, forgotten));
    }
    assert_eq!(shop.count("SELECT count(*) FROM webhook WHERE event_id = 'e1'").await, 1);
}
