//! Refunds that fail for good, and what the order desk makes of them.

use contracts::payment::{
    IntentStatus, PaymentDesk, PaymentMethod, Refund, RefundFailed, RefundState, RefundSucceeded,
};
use payment_service::reconcile;
use serde_json::{Value, json};
use testkit::{Answer, Person, eventually};
use types::{Money, RefundId, ReturnId, Role};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::razorpay::{begun, hear, payment_entity, shop, webhook};
use crate::refunds::{delivered, refund_due};
use crate::shop::{Order, PATIENCE, PRICE, Shop};

const REFUND: &str = "/v1/payments/pay_29QQoUBi66xm2f/refund";

async fn retry(staff: &Person, refund: RefundId) -> Answer {
    staff.post(&format!("/api/v1/payments/refunds/{refund}/retry"), &()).await
}

async fn paid_out(staff: &Person, refund: RefundId) -> Answer {
    let transfer = json!({ "reference": "HDFCN52026112300123456" });
    staff.post(&format!("/api/v1/payments/refunds/{refund}/paid-out"), &transfer).await
}

/// An order that was paid at the door.
async fn paid_in_cash(shop: &Shop) -> Order {
    let order = shop.order_by(PaymentMethod::CashOnDelivery).await;
    let event = delivered(shop, &order, PRICE);
    shop.service.deliver(event.shipment.shipment_id, 7, &event).await;
    shop.becomes(&order, IntentStatus::Paid).await;
    order
}

/// Waits until so many refunds of the order have failed; the last of them is what it returns.
async fn fails(shop: &Shop, order: &Order, times: usize) -> Refund {
    let failed = |desk: PaymentDesk| desk.refunds.into_iter().filter(|refund| refund.state == RefundState::Failed);
    eventually(PATIENCE, async || {
        let refunds: Vec<Refund> = failed(shop.desk(order).await).collect();
        if refunds.len() == times { Ok(refunds) } else { Err(format!("{refunds:?}")) }
    })
    .await
    .remove(times - 1)
}

async fn rules_broken(shop: &Shop) -> Vec<String> {
    let mut connection = shop.service.pool.acquire().await.unwrap();
    let later = shop.service.clock.now().plus(std::time::Duration::from_secs(2 * 3600));
    let found = reconcile::violations(&mut connection, later).await.unwrap();
    found.into_iter().map(|violation| violation.rule).collect()
}

#[tokio::test]
async fn returned_cash_that_the_provider_does_not_pay_out_is_paid_out_by_staff() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = paid_in_cash(&shop).await;
    let return_id = ReturnId::new();
    shop.service.deliver(return_id, 5, &refund_due(&order, return_id, PRICE)).await;
    shop.service.publishes(|e: &RefundFailed| e.refund.return_id == Some(return_id)).await;
    let failed = fails(&shop, &order, 1).await;
    assert!(failed.failure_reason.unwrap().contains("bank transfer"));
    assert_eq!(rules_broken(&shop).await, ["failed-refunds-are-made-good"]);

    let desk = shop.service.as_staff(Role::Support);
    for stranger in [order.customer.clone(), shop.service.as_staff(Role::Merchandiser)] {
        retry(&stranger, failed.refund_id).await.is(403);
        paid_out(&stranger, failed.refund_id).await.is(403);
    }
    retry(&desk, RefundId::new()).await.is(404);
    paid_out(&desk, RefundId::new()).await.is(404);
    let nonsense = json!({ "reference": "by hand, yesterday" });
    desk.post(&format!("/api/v1/payments/refunds/{}/paid-out", failed.refund_id), &nonsense).await.is(422);
    // The provider refuses again, and the return can still be refunded.
    let again: Refund = retry(&desk, failed.refund_id).await.is(201).read();
    assert_eq!((again.return_id, again.state), (Some(return_id), RefundState::Requested));
    assert_eq!(fails(&shop, &order, 2).await.refund_id, again.refund_id);

    let with_key = desk.with("idempotency-key", "transfer-1");
    let paid: Refund = paid_out(&with_key, failed.refund_id).await.is(201).read();
    let repeated: Refund = paid_out(&with_key, failed.refund_id).await.is(201).read();
    assert_eq!(paid, repeated);
    assert_eq!((paid.state, paid.bank_reference.as_deref()), (RefundState::Succeeded, Some("HDFCN52026112300123456")));
    let event = shop.service.publishes(|e: &RefundSucceeded| e.refund.return_id == Some(return_id)).await;
    assert_eq!((event.data.refund.amount, event.data.refund.refunded_total), (PRICE, PRICE));
    for refund in [failed.refund_id, again.refund_id, paid.refund_id] {
        retry(&desk, refund).await.is(409).problem("refund-not-failed");
        paid_out(&desk, refund).await.is(409).problem("refund-not-failed");
    }
    let seen = shop.desk(&order).await;
    assert_eq!((seen.payment.refunded, seen.refunding, seen.refundable), (PRICE, Money::ZERO, Money::ZERO));
    assert_eq!(rules_broken(&shop).await, Vec::<String>::new());
    shop.is_sound().await;
}

#[tokio::test]
async fn cash_that_came_for_a_cancelled_order_is_paid_out_once_even_at_once() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = paid_in_cash(&shop).await;
    shop.cancel(&order).await;
    let failed = fails(&shop, &order, 1).await;
    let desk = shop.service.as_staff(Role::Operator);
    let answers = futures::future::join_all((0..5).map(|_| paid_out(&desk, failed.refund_id))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        refused.is(409).problem("refund-not-failed");
    }
    assert_eq!(shop.payment(&order).await.refunded, PRICE);
    assert_eq!(shop.service.published::<RefundSucceeded>().await.len(), 1);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refused_once_is_asked_for_under_a_new_key() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = begun(&shop, &razorpay).await;
    let body = webhook("payment.captured", json!({ "payment": { "entity": payment_entity("captured") } }));
    hear(&shop, "evt_1", &body, &body).await.is(200);
    let refusal =
        json!({ "error": { "code": "BAD_REQUEST_ERROR", "description": "Your account has insufficient balance" } });
    Mock::given(method("POST"))
        .and(path(REFUND))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .up_to_n_times(1)
        .mount(&razorpay)
        .await;
    let refunded = json!({ "id": "rfnd_FP8QHiV938haTz", "entity": "refund", "status": "processed", "receipt": null });
    Mock::given(method("POST"))
        .and(path(REFUND))
        .respond_with(ResponseTemplate::new(200).set_body_json(refunded))
        .mount(&razorpay)
        .await;

    let (return_id, part) = (ReturnId::new(), Money::from_paise(20_000));
    shop.service.deliver(return_id, 5, &refund_due(&order, return_id, part)).await;
    let failed = fails(&shop, &order, 1).await;
    assert_eq!(failed.failure_reason.as_deref(), Some("Your account has insufficient balance"));
    let staff = shop.service.as_staff(Role::Support);
    let again: Refund = retry(&staff, failed.refund_id).await.is(201).read();
    shop.service.publishes(|e: &RefundSucceeded| e.refund.return_id == Some(return_id)).await;
    let seen = shop.desk(&order).await;
    assert_eq!((seen.payment.refunded, seen.refundable), (part, PRICE - part));
    let requests = razorpay.received_requests().await.unwrap();
    let keys: Vec<&str> = requests
        .iter()
        .filter(|request| request.url.path() == REFUND)
        .map(|request| request.headers["x-refund-idempotency"].to_str().unwrap())
        .collect();
    assert_eq!(keys, [failed.refund_id.to_string(), again.refund_id.to_string()]);
    // The event of the return once more: nothing happens.
    shop.service.deliver(return_id, 6, &refund_due(&order, return_id, part)).await;
    assert_eq!(shop.desk(&order).await.refunds.len(), 2);
    shop.is_sound().await;
}

#[tokio::test]
async fn what_is_not_left_is_not_paid_out_either() {
    let razorpay = MockServer::start().await;
    let shop = shop(&razorpay).await;
    let order = paid_in_cash(&shop).await;
    let staff = shop.service.as_staff(Role::Support);
    let goodwill = json!({ "order_id": order.id, "amount": 10_000, "reason": "Goodwill" });
    let asked: Refund = staff.post("/api/v1/payments/refunds", &goodwill).await.is(201).read();
    fails(&shop, &order, 1).await;
    paid_out(&staff, asked.refund_id).await.is(201);

    let return_id = ReturnId::new();
    shop.service.deliver(return_id, 5, &refund_due(&order, return_id, PRICE)).await;
    let failed = fails(&shop, &order, 2).await;
    let refused: Value = paid_out(&staff, failed.refund_id).await.is(409).json;
    assert_eq!(
        (&refused["type"], &refused["refundable"]),
        (&json!("urn:haat:problem:refund-exceeds-payment"), &json!(39_900))
    );
    retry(&staff, failed.refund_id).await.is(409).problem("refund-exceeds-payment");
    assert_eq!(rules_broken(&shop).await, Vec::<String>::new());
    shop.is_sound().await;
}
