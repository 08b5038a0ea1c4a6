use contracts::payment::{RefundFacts, RefundFailed, RefundSucceeded};
use contracts::returns::{DeskReturn, ReturnClosed, ReturnEntryKind, ReturnRefundDue, ReturnStatus};
use serde_json::json;
use std::time::Duration;
use types::{IntentId, Money, RefundId, ReturnId, Role};

use crate::Shop;

fn refund(shop: &Shop, return_id: Option<ReturnId>, amount: Money) -> RefundFacts {
    RefundFacts {
        refund_id: RefundId::new(),
        intent_id: IntentId::new(),
        order_id: shop.order_id,
        customer_id: shop.asha.id(),
        return_id,
        amount,
        refunded_total: amount,
    }
}

#[tokio::test]
async fn receiving_pays_nothing_and_the_refund_closes_the_return() {
    let shop = Shop::open().await;
    let received = shop.received(1, 1, 1).await;
    let id = received.details.id;
    shop.service.settled().await;
    assert!(shop.service.published::<ReturnRefundDue>().await.is_empty());
    shop.staff(id, "refund", json!({})).await.is(200);
    let due = shop.service.publishes::<ReturnRefundDue>(|e| e.facts.return_id == id).await;
    assert_eq!((due.data.amount, due.data.facts.status), (Money::from_rupees(500), ReturnStatus::RefundDue));
    let paid = RefundSucceeded { refund: refund(&shop, Some(id), Money::from_rupees(500)) };
    shop.service.deliver(paid.refund.refund_id, 1, &paid).await;
    shop.service.deliver(paid.refund.refund_id, 1, &paid).await;
    let closed = shop.service.publishes::<ReturnClosed>(|e| e.facts.return_id == id).await;
    assert!(closed.version > due.version);
    let seen = shop.see(id).await;
    assert_eq!(seen.status, ReturnStatus::Closed);
    let refunded: Vec<_> = seen.timeline.iter().filter(|e| e.kind == ReturnEntryKind::Refunded).collect();
    assert_eq!((refunded.len(), refunded[0].detail.as_str()), (1, "₹500.00"));
}

#[tokio::test]
async fn a_refund_is_due_once() {
    let shop = Shop::open().await;
    let id = shop.received(1, 1, 1).await.details.id;
    let ask = || shop.staff(id, "refund", json!({}));
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    let mut statuses = [one.status, other.status, third.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    shop.service.publishes::<ReturnRefundDue>(|e| e.facts.return_id == id).await;
    shop.service.settled().await;
    assert_eq!(shop.service.published::<ReturnRefundDue>().await.len(), 1);
}

#[tokio::test]
async fn a_repeated_request_for_the_refund_gets_the_first_answer() {
    let shop = Shop::open().await;
    let id = shop.received(1, 1, 1).await.details.id;
    let staff = shop.service.as_staff(Role::Support).with("idempotency-key", "refund");
    let path = format!("/api/v1/returns/{id}/refund");
    let first = staff.post(&path, &json!({})).await.is(200);
    let repeat = staff.post(&path, &json!({})).await.is(200);
    assert_eq!(first.json, repeat.json);
}

#[tokio::test]
async fn partial_returns_are_refunded_what_was_paid_in_all() {
    let shop = Shop::open().await;
    let mut refunds = Vec::new();
    for _ in 0..3 {
        refunds.push(shop.received(0, 1, 1).await.details.refund.paise());
    }
    assert_eq!(refunds, [3_333, 3_333, 3_334]);
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn nothing_is_refunded_before_the_goods_are_here_or_when_none_are_accepted() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 1).await;
    shop.staff(asked.id, "refund", json!({})).await.is(409).problem("wrong-return-status");
    let id = shop.received(1, 1, 0).await.details.id;
    let closed: DeskReturn = shop.staff(id, "refund", json!({})).await.is(200).read();
    assert_eq!((closed.details.status, closed.details.refund), (ReturnStatus::Closed, Money::ZERO));
    shop.service.publishes::<ReturnClosed>(|e| e.facts.return_id == id).await;
    assert!(shop.service.published::<ReturnRefundDue>().await.is_empty());
}

#[tokio::test]
async fn a_refund_that_fails_is_noted_and_found_by_reconciliation() {
    let shop = Shop::open().await;
    let id = shop.received(1, 1, 1).await.details.id;
    shop.staff(id, "refund", json!({})).await.is(200);
    let failed =
        RefundFailed { refund: refund(&shop, Some(id), Money::from_rupees(500)), reason: "Account closed".to_owned() };
    shop.service.deliver(failed.refund.refund_id, 1, &failed).await;
    let seen = shop.see(id).await;
    assert_eq!(seen.status, ReturnStatus::RefundDue);
    assert!(seen.timeline.iter().any(|e| e.kind == ReturnEntryKind::RefundFailed && e.detail == "Account closed"));
    assert!(shop.violations().await.is_empty());
    shop.service.clock.advance(Duration::from_secs(11 * 60));
    assert_eq!(shop.violations().await, ["refunds-are-paid"]);
    // A later attempt of payment's closes it.
    let paid = RefundSucceeded { refund: refund(&shop, Some(id), Money::from_rupees(500)) };
    shop.service.deliver(paid.refund.refund_id, 1, &paid).await;
    assert_eq!(shop.see(id).await.status, ReturnStatus::Closed);
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn a_refund_of_a_cancellation_or_of_an_unknown_return_changes_nothing() {
    let shop = Shop::open().await;
    let id = shop.received(1, 1, 1).await.details.id;
    for of in [None, Some(ReturnId::new())] {
        let paid = RefundSucceeded { refund: refund(&shop, of, Money::from_rupees(500)) };
        shop.service.deliver(paid.refund.refund_id, 1, &paid).await;
        let failed = RefundFailed { refund: refund(&shop, of, Money::from_rupees(500)), reason: "No".to_owned() };
        shop.service.deliver(failed.refund.refund_id, 1, &failed).await;
    }
    assert_eq!(shop.see(id).await.status, ReturnStatus::Received);
}
