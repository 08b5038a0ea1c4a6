use std::time::Duration;

use contracts::payment::{
    AttemptStatus, CodCollected, CodRemitted, IntentStatus, PaymentLateAuthorized, PaymentMethod, PaymentSucceeded,
    RefundFailed, RefundState, RefundSucceeded, StartedAttempt,
};
use contracts::returns::{ReturnFacts, ReturnRefundDue, ReturnStatus};
use contracts::shipping::{Direction, ShipmentDelivered, ShipmentFacts, ShipmentStatus};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Person, eventually};
use types::{EventId, Money, ReturnId, Role, ShipmentId};

use crate::shop::{Order, PATIENCE, PRICE, Shop, connected, deaf};

async fn paid(shop: &Shop) -> Order {
    let order = shop.order().await;
    order.pay_by_upi("success@sandbox").await;
    shop.becomes(&order, IntentStatus::Paid).await;
    order
}

async fn refund(staff: &Person, order: &Order, paise: i64, reason: &str) -> Answer {
    staff.post("/api/v1/payments/refunds", &json!({ "order_id": order.id, "amount": paise, "reason": reason })).await
}

pub fn delivered(shop: &Shop, order: &Order, cash_collected: Money) -> ShipmentDelivered {
    let shipment = ShipmentFacts {
        shipment_id: ShipmentId::new(),
        order_id: order.id,
        return_id: None,
        customer_id: order.customer.id(),
        direction: Direction::Outbound,
        carrier: "Delhivery".to_owned(),
        tracking_number: "1".to_owned(),
        status: ShipmentStatus::Delivered,
        at: shop.service.clock.now(),
    };
    ShipmentDelivered { shipment, cash_collected }
}

pub fn refund_due(order: &Order, return_id: ReturnId, amount: Money) -> ReturnRefundDue {
    let facts = ReturnFacts {
        return_id,
        order_id: order.id,
        order_number: "HT-26-000017".to_owned(),
        customer_id: order.customer.id(),
        status: ReturnStatus::RefundDue,
        lines: Vec::new(),
    };
    ReturnRefundDue { facts, amount }
}

#[tokio::test]
async fn a_cancelled_order_gets_its_money_back_once() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    shop.cancel(&order).await;
    shop.cancel(&order).await;
    let desk = shop.refunds_end(&order).await;
    assert_eq!(desk.payment.status, IntentStatus::Cancelled);
    assert_eq!((desk.payment.captured, desk.payment.refunded), (PRICE, PRICE));
    assert_eq!(desk.refunds.len(), 1);
    assert_eq!(desk.refunds[0].reason, "The order was cancelled");
    let event = shop.service.publishes(|e: &RefundSucceeded| e.refund.order_id == order.id).await;
    assert_eq!((event.data.refund.amount, event.data.refund.refunded_total), (PRICE, PRICE));
    assert_eq!(event.data.refund.return_id, None);
    let listed = order.customer.get(&order.path("/refunds")).await.is(200);
    assert_eq!(listed.json["items"][0]["state"], "succeeded");
    order.pay(crate::shop::upi("success@sandbox")).await.is(409).problem("not-payable");
    shop.is_sound().await;
}

#[tokio::test]
async fn money_that_comes_after_the_cancellation_goes_back_by_itself() {
    let shop = Shop::start(connected()).await;
    let order = shop.order().await;
    let started: StartedAttempt = order.pay_by_upi("pending@sandbox").await;
    shop.cancel(&order).await;
    let approve = format!("{}/approve", started.action.url.unwrap());
    let misbehaviour = json!({ "late": true, "duplicate": 2 });
    shop.service.guest().send(Method::POST, &approve, Some(&misbehaviour)).await.is(200);
    // The bank decides only when the order's time is over.
    assert_eq!(shop.payment(&order).await.captured, Money::ZERO);
    shop.service.clock.advance(Duration::from_secs(902));
    shop.service.publishes(|e: &PaymentLateAuthorized| e.payment.order_id == order.id).await;
    let desk = shop.refunds_end(&order).await;
    assert_eq!((desk.payment.captured, desk.payment.refunded), (PRICE, PRICE));
    assert_eq!(desk.refunds.len(), 1);
    shop.service.publishes(|e: &RefundSucceeded| e.refund.order_id == order.id).await;
    assert_eq!(shop.service.published::<PaymentSucceeded>().await.len(), 0);
    shop.is_sound().await;
}

#[tokio::test]
async fn what_is_paid_twice_goes_back_once() {
    let shop = Shop::start(connected().env("PAYMENT_ATTEMPT_WINDOW", "60")).await;
    let order = shop.order().await;
    order.pay_by_upi("late@sandbox").await;
    shop.service.clock.advance(Duration::from_secs(100));
    shop.attempt_becomes(&order, AttemptStatus::Failed).await;
    order.pay_by_upi("success@sandbox").await;
    shop.becomes(&order, IntentStatus::Paid).await;

    // The first payment, which was given up, comes after all.
    shop.service.clock.advance(Duration::from_secs(900));
    eventually(PATIENCE, async || shop.payment(&order).await.captured == PRICE + PRICE).await;
    let desk = shop.refunds_end(&order).await;
    assert_eq!((desk.payment.status, desk.payment.refunded), (IntentStatus::Paid, PRICE));
    assert_eq!(desk.refunds[0].reason, "The order was paid twice");
    // The order is paid as before, and not refunded.
    let event = shop.service.publishes(|e: &RefundSucceeded| e.refund.order_id == order.id).await;
    assert_eq!((event.data.refund.amount, event.data.refund.refunded_total), (PRICE, Money::ZERO));
    assert_eq!(shop.service.published::<PaymentSucceeded>().await.len(), 1);
    shop.is_sound().await;
}

#[tokio::test]
async fn an_order_that_is_cancelled_before_its_payment_is_opened_stays_cancelled() {
    let shop = Shop::start(connected()).await;
    let customer = shop.service.customer();
    let call = shop.intent_call(customer.id(), PaymentMethod::Upi);
    let cancelled = contracts::order::OrderCancelled {
        order_id: call.order_id,
        order_number: call.order_number.clone(),
        customer_id: call.customer_id,
        reason: contracts::order::CancelReason::CheckoutFailed,
        total: call.amount,
    };
    shop.service.deliver(call.order_id, 2, &cancelled).await;
    let intent = shop.service.call(types::ServiceName::Order, &call).await;
    assert_eq!(intent.status, IntentStatus::Cancelled);
}

#[tokio::test]
async fn staff_cannot_give_back_more_than_was_paid_even_at_once() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let staff = shop.service.as_staff(Role::Support);
    refund(&shop.service.as_staff(Role::Merchandiser), &order, 100, "A scratch").await.is(403);
    refund(&order.customer, &order, 100, "A scratch").await.is(403);
    refund(&staff, &order, 0, "A scratch").await.is(422);

    let answers = futures::future::join_all((0..5).map(|_| refund(&staff, &order, 20_000, "A scratch"))).await;
    let granted = answers.iter().filter(|a| a.status == 201).count();
    assert_eq!(granted, 2, "{answers:?}");
    for refused in answers.into_iter().filter(|a| a.status != 201) {
        assert_eq!(refused.is(409).problem("refund-exceeds-payment").extensions["refundable"], 9_900);
    }
    let desk = shop.refunds_end(&order).await;
    assert_eq!((desk.payment.refunded, desk.refundable), (Money::from_paise(40_000), Money::from_paise(9_900)));
    let unknown = json!({ "order_id": types::OrderId::new(), "amount": 1, "reason": "A scratch" });
    staff.post("/api/v1/payments/refunds", &unknown).await.is(404);

    // A cancellation sends back what is left, and no more.
    shop.cancel(&order).await;
    let desk = shop.refunds_end(&order).await;
    assert_eq!((desk.payment.refunded, desk.refundable), (PRICE, Money::ZERO));
    shop.is_sound().await;
}

#[tokio::test]
async fn a_refund_is_asked_for_once_by_each_key() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let staff = shop.service.as_staff(Role::Operator).with("idempotency-key", "goodwill-1");
    let first = refund(&staff, &order, 10_000, "Goodwill").await.is(201);
    let again = refund(&staff, &order, 10_000, "Goodwill").await.is(201);
    assert_eq!(first.json, again.json);
    assert_eq!(again.header("idempotency-replayed"), "true");
    refund(&staff, &order, 10_001, "Goodwill").await.is(422).problem("idempotency-key-reused");
    assert_eq!(shop.refunds_end(&order).await.payment.refunded, Money::from_paise(10_000));
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_paid_once() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let staff = shop.service.as_staff(Role::Support);
    for reason in ["lost@sandbox", "pending@sandbox"] {
        refund(&staff, &order, 10_000, reason).await.is(201);
    }
    eventually(PATIENCE, async || shop.count("SELECT count(*) FROM sandbox_refund").await == 2).await;
    // The next question comes when its time has come.
    shop.service.clock.advance(Duration::from_secs(60));
    let desk = shop.refunds_end(&order).await;
    assert_eq!(desk.payment.refunded, Money::from_paise(20_000));
    assert_eq!(shop.count("SELECT count(*) FROM sandbox_refund").await, 2);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_refused_refund_is_told_and_its_money_is_free_again() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let staff = shop.service.as_staff(Role::Support);
    refund(&staff, &order, 49_900, "refuse@sandbox").await.is(201);
    let event = shop.service.publishes(|e: &RefundFailed| e.refund.order_id == order.id).await;
    assert_eq!(event.data.reason, "The customer's bank account is closed");
    assert_eq!(event.data.refund.refunded_total, Money::ZERO);
    let desk = shop.refunds_end(&order).await;
    assert_eq!(desk.refunds[0].state, RefundState::Failed);
    assert_eq!(desk.refundable, PRICE);
    refund(&staff, &order, 49_900, "By hand").await.is(201);
    assert_eq!(shop.refunds_end(&order).await.payment.refunded, PRICE);
    shop.is_sound().await;
}

#[tokio::test]
async fn a_return_is_refunded_once_and_not_beyond_the_payment() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let (first, second) = (ReturnId::new(), ReturnId::new());
    let due = refund_due(&order, first, Money::from_paise(30_000));
    let event = EventId::new();
    shop.service.deliver_as(event, first, 5, &due).await;
    shop.service.deliver_as(event, first, 5, &due).await;
    shop.service.deliver(first, 6, &due).await;
    let paid_back = shop.service.publishes(|e: &RefundSucceeded| e.refund.return_id == Some(first)).await;
    assert_eq!(paid_back.data.refund.refunded_total, Money::from_paise(30_000));

    shop.service.deliver(second, 5, &refund_due(&order, second, Money::from_paise(30_000))).await;
    let refused = shop.service.publishes(|e: &RefundFailed| e.refund.return_id == Some(second)).await;
    assert_eq!(refused.data.reason, "Only ₹199.00 of the payment are left");
    let desk = shop.refunds_end(&order).await;
    assert_eq!(desk.payment.refunded, Money::from_paise(30_000));
    assert_eq!(desk.refunds.len(), 2);
    shop.is_sound().await;
}

#[tokio::test]
async fn cash_at_the_door_pays_the_order_and_can_be_given_back() {
    let shop = Shop::start(deaf()).await;
    let order = shop.order_by(PaymentMethod::CashOnDelivery).await;
    assert_eq!(order.intent.status, IntentStatus::CashDue);
    order.pay(crate::shop::upi("success@sandbox")).await.is(409).problem("not-payable");

    let event = delivered(&shop, &order, PRICE);
    shop.service.deliver(event.shipment.shipment_id, 7, &event).await;
    shop.service.deliver(event.shipment.shipment_id, 7, &event).await;
    let payment = shop.payment(&order).await;
    assert_eq!((payment.status, payment.captured), (IntentStatus::Paid, PRICE));
    shop.service.publishes(|e: &CodCollected| e.order_id == order.id && e.amount == PRICE).await;
    assert_eq!(shop.service.published::<CodCollected>().await.len(), 1);

    let operator = shop.service.as_staff(Role::Operator);
    let remitted = |amount: Money| json!({ "order_id": order.id, "amount": amount });
    let remittances = "/api/v1/payments/remittances";
    operator.post(remittances, &remitted(Money::from_paise(1))).await.is(409).problem("not-what-was-collected");
    operator.post(remittances, &remitted(PRICE)).await.is(201);
    operator.post(remittances, &remitted(PRICE)).await.is(409).problem("already-remitted");
    shop.service.publishes(|e: &CodRemitted| e.amount == PRICE).await;

    let return_id = ReturnId::new();
    shop.service.deliver(return_id, 5, &refund_due(&order, return_id, PRICE)).await;
    shop.service.publishes(|e: &RefundSucceeded| e.refund.return_id == Some(return_id)).await;
    assert_eq!(shop.refunds_end(&order).await.payment.refunded, PRICE);
    let payout: Option<Value> =
        sqlx::query_scalar("SELECT to_jsonb(sandbox_refund) FROM sandbox_refund WHERE payment_id IS NULL")
            .fetch_optional(&shop.service.pool)
            .await
            .unwrap();
    assert_eq!(payout.unwrap()["amount_paise"], PRICE.paise());
    shop.is_sound().await;
}

#[tokio::test]
async fn the_database_itself_refuses_to_give_back_more_than_came() {
    let shop = Shop::start(connected()).await;
    let order = paid(&shop).await;
    let beyond = sqlx::query("UPDATE intent SET refunding_paise = captured_paise + 1 WHERE order_id = $1")
        .bind(order.id.0)
        .execute(&shop.service.pool)
        .await
        .unwrap_err();
    assert_eq!(beyond.as_database_error().unwrap().constraint(), Some("intent_refund_limit"));
}
