//! How the payment's outcome reaches the order: by every way, in every order, once.

use std::time::Duration;

use contracts::order::{CancelReason, InvoiceIssued, Order, OrderCancelled, OrderConfirmed, OrderStatus, RefundStatus};
use contracts::payment::{CodCollected, PaymentFailed, PaymentMethod, RefundFacts, RefundSucceeded};
use contracts::product::CommitStock;
use futures::future::join_all;
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{EventId, Money, RefundId};

use crate::shop::Shop;
use crate::world::Holding;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_confirms_the_order() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.pay(&order).await;
    let confirmed = shop.until(order.id, OrderStatus::Confirmed).await;
    assert!(confirmed.payment.paid_at.is_some() && confirmed.payment.next.is_none());
    assert_eq!(shop.state().stock[&order.id], Holding::Sold);

    let event = shop.service.publishes(|event: &OrderConfirmed| event.order_id == order.id).await;
    assert_eq!(event.data.cash_to_collect, Money::ZERO);
    assert_eq!(event.data.address.city, "Hyderabad");
    assert_eq!(event.data.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [2, 1]);
    let invoice = shop.service.publishes(|invoice: &InvoiceIssued| invoice.order_id == order.id).await;
    assert_eq!(invoice.data.total, order.amounts.total);
    let expected = ["placed", "payment_received", "confirmed", "invoice_issued"];
    assert_eq!(shop.timeline(order.id).await, expected);
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_is_heard_of_in_many_ways_confirms_once() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.capture(order.id);
    let refresh = format!("/api/v1/orders/{}/payment/refresh", order.id);
    let event = shop.payment_succeeded(&order);
    let id = EventId::new();
    let nothing = json!({});
    let returns = join_all((0..8).map(|_| shop.customer.post(&refresh, &nothing)));
    let (answers, (), _) = tokio::join!(
        returns,
        shop.service.deliver_as(id, order.id, 2, &event),
        shop.service.deliver(order.id, 2, &event),
    );
    for answer in answers {
        assert_eq!(answer.is(200).json["status"], "confirmed");
    }
    shop.service.deliver_as(id, order.id, 2, &event).await;
    shop.until(order.id, OrderStatus::Confirmed).await;
    shop.service.publishes(|event: &InvoiceIssued| event.order_id == order.id).await;
    assert_eq!(shop.service.published::<OrderConfirmed>().await.len(), 1);
    assert_eq!(shop.service.published::<InvoiceIssued>().await.len(), 1);
    let expected = ["placed", "payment_received", "confirmed", "invoice_issued"];
    assert_eq!(shop.timeline(order.id).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_comes_back_before_paying_finds_the_order_pending() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    let refresh = format!("/api/v1/orders/{}/payment/refresh", order.id);
    let failed = PaymentFailed { payment: shop.payment(&order), reason: "The bank declined".into() };
    shop.service.deliver(order.id, 2, &failed).await;
    let same: Order = shop.customer.post(&refresh, &json!({})).await.is(200).read();
    assert_eq!(same.status, OrderStatus::Pending);
    assert!(same.payment.next.is_some(), "the customer may try again");
    assert_eq!(shop.timeline(order.id).await, ["placed", "payment_failed"]);
    shop.service.customer().post(&refresh, &json!({})).await.is(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_pays_is_cancelled() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.service.clock.advance(Duration::from_secs(15 * 60 + 1));
    let cancelled = shop.until(order.id, OrderStatus::Cancelled).await;
    assert_eq!(cancelled.cancel_reason, Some(CancelReason::PaymentExpired));
    shop.service.publishes(|event: &OrderCancelled| event.order_id == order.id).await;

    // The money comes all the same: the order stays cancelled, and its history says so.
    shop.pay(&order).await;
    assert_eq!(shop.read(order.id).await.status, OrderStatus::Cancelled);
    let expected = ["placed", "cancelled", "payment_received", "payment_update"];
    assert_eq!(shop.timeline(order.id).await, expected);
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_nobody_told_of_is_found_when_the_order_expires() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.capture(order.id);
    shop.service.clock.advance(Duration::from_secs(15 * 60 + 1));
    shop.until(order.id, OrderStatus::Confirmed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_for_goods_that_are_gone_cancels_the_order() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.state().sold_out = true;
    shop.pay(&order).await;
    let cancelled = shop.until(order.id, OrderStatus::Cancelled).await;
    assert_eq!(cancelled.cancel_reason, Some(CancelReason::OutOfStock));
    let event = shop.service.publishes(|event: &OrderCancelled| event.order_id == order.id).await;
    assert_eq!((event.data.reason, event.data.total), (CancelReason::OutOfStock, order.amounts.total));
    shop.customer.get(&format!("/api/v1/orders/{}/invoice", order.id)).await.is(404);

    // The refund shows.
    shop.service.deliver(order.id, 3, &refund(&shop, &order, order.amounts.total, order.amounts.total)).await;
    assert_eq!(shop.read(order.id).await.refund_status, RefundStatus::Refunded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_confirmed_when_the_stock_answers_again() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::Upi).await;
    shop.service.stubs.down::<CommitStock>();
    shop.pay(&order).await;
    eventually(PATIENCE, async || !shop.service.stubs.calls::<CommitStock>().is_empty()).await;
    let waiting = shop.read(order.id).await;
    assert!(waiting.status == OrderStatus::Pending && waiting.payment.paid_at.is_some());
    assert!(waiting.payment.next.is_none(), "nobody pays twice");
    shop.mend();
    shop.service.clock.advance(Duration::from_secs(21));
    shop.until(order.id, OrderStatus::Confirmed).await;
}

/// What is settled at once has a scope of its own each: its events say which follow from it, and the time that it may take
/// does not depend on those before it.
#[tokio::test(flavor = "multi_thread")]
async fn orders_that_are_settled_at_once_are_settled_each_for_itself() {
    let shop = Shop::open().await;
    sqlx::raw_sql(
        "CREATE TABLE told (subject text, correlation_id text);
         CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
             INSERT INTO told VALUES (NEW.subject, NEW.correlation_id);
             RETURN NEW;
         END $$;
         CREATE TRIGGER remember AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.type = 'order.cancelled.v1')
             EXECUTE FUNCTION remember()",
    )
    .execute(&shop.service.pool)
    .await
    .unwrap();
    let orders = [shop.order(PaymentMethod::Upi).await, shop.order(PaymentMethod::Upi).await];
    shop.service.clock.advance(Duration::from_secs(15 * 60 + 1));
    for order in &orders {
        shop.until(order.id, OrderStatus::Cancelled).await;
    }
    let works: i64 = sqlx::query_scalar("SELECT count(DISTINCT correlation_id) FROM told WHERE subject = ANY ($1)")
        .bind(orders.iter().map(|order| order.id.to_string()).collect::<Vec<_>>())
        .fetch_one(&shop.service.pool)
        .await
        .unwrap();
    assert_eq!(works, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_summed_whatever_order_they_are_heard_in() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let total = order.amounts.total;
    let half = Money::from_paise(total.paise() / 2);
    let rest = total - half;
    // The second refund is heard of first.
    shop.service.deliver(order.id, 5, &refund(&shop, &order, rest, half + rest)).await;
    shop.service.deliver(order.id, 4, &refund(&shop, &order, half, half)).await;
    let refunded = shop.read(order.id).await;
    assert_eq!((refunded.payment.refunded, refunded.refund_status), (total, RefundStatus::Refunded));

    let other = shop.paid_order().await;
    shop.service.deliver(other.id, 4, &refund(&shop, &other, half, half)).await;
    assert_eq!(shop.read(other.id).await.refund_status, RefundStatus::PartiallyRefunded);
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_from_the_door_is_recorded() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let collected = CodCollected {
        intent_id: order.payment.intent_id.unwrap(),
        order_id: order.id,
        customer_id: shop.customer.id(),
        amount: order.amounts.total,
    };
    shop.service.deliver(order.id, 2, &collected).await;
    let paid = shop.read(order.id).await;
    assert!(paid.payment.paid_at.is_some());
    assert_eq!(paid.status, OrderStatus::Confirmed);
}

fn refund(shop: &Shop, order: &Order, amount: Money, refunded_total: Money) -> RefundSucceeded {
    let refund = RefundFacts {
        refund_id: RefundId::new(),
        intent_id: order.payment.intent_id.unwrap(),
        order_id: order.id,
        customer_id: shop.customer.id(),
        return_id: None,
        amount,
        refunded_total,
    };
    RefundSucceeded { refund }
}
