//! Whatever must not be in the orders' books is found.

use contracts::order::OrderStatus;
use contracts::payment::PaymentMethod;
use serde_json::json;

use crate::shop::Shop;

/// Each harm as a mistake in the code, or a hand in the database, would leave it; and the one rule that it breaks. The shop has
/// an order of each kind: pending, confirmed, and cancelled after its invoice.
const HARMS: &[(&str, &str)] = &[
    ("UPDATE document_counter SET last = last + 1 WHERE series = 'INV'", "invoice-numbers-have-no-gap"),
    (
        "ALTER TABLE credit_note DISABLE TRIGGER written_once;
         UPDATE credit_note SET serial = serial + 1",
        "invoice-numbers-have-no-gap",
    ),
    ("UPDATE customer_order SET expires_at = '2020-01-01' WHERE status = 'pending'", "expired-orders-are-cancelled"),
    ("UPDATE customer_order SET paid_at = '2020-01-01' WHERE status = 'pending'", "paid-orders-are-confirmed"),
    (
        "UPDATE customer_order SET status = 'shipped', shipped_at = '2020-01-01' WHERE status = 'confirmed'",
        "shipped-orders-arrive",
    ),
    (
        "UPDATE checkout SET step = 'placed', answer = NULL, lease_until = 'infinity', begun_at = '2020-01-01'
         WHERE order_id = (SELECT id FROM customer_order WHERE status = 'pending')",
        "checkouts-end",
    ),
    (
        "UPDATE customer_order SET total_paise = total_paise + 1 WHERE status = 'pending'",
        "lines-and-delivery-make-the-total",
    ),
    (
        "UPDATE customer_order SET confirmed_at = created_at WHERE status = 'pending'",
        "confirmed-orders-have-an-invoice",
    ),
    (
        "ALTER TABLE invoice DISABLE TRIGGER written_once;
         UPDATE invoice SET total_paise = total_paise + 1
         WHERE order_id = (SELECT id FROM customer_order WHERE status = 'confirmed')",
        "invoices-are-of-the-orders-total",
    ),
    (
        "UPDATE customer_order SET status = 'cancelled', cancel_reason = 'staff' WHERE status = 'confirmed'",
        "cancelled-invoices-are-credited",
    ),
    (
        "ALTER TABLE credit_note_line DISABLE TRIGGER written_once;
         UPDATE credit_note_line SET total_paise = total_paise + 1, taxable_paise = taxable_paise + 1 WHERE position = 1",
        "credit-notes-are-of-their-lines",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_rule_is_found_alone() {
    let shop = Shop::open().await;
    shop.order(PaymentMethod::Upi).await;
    shop.paid_order().await;
    let cancelled = shop.paid_order().await;
    shop.customer.post(&format!("/api/v1/orders/{}/cancel", cancelled.id), &json!({})).await.is(200);
    assert_eq!(shop.violations().await, []);

    for (harm, rule) in HARMS {
        let mut moment = shop.service.harmed(*harm).await;
        let found = order_service::reconcile::violations(&mut moment, shop.service.clock.now()).await.unwrap();
        assert!(found.len() == 1 && found[0].rule == *rule, "{rule}: {found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_are_those_of_the_orders() {
    let shop = Shop::open().await;
    let (paid, pending) = (shop.paid_order().await, shop.order(PaymentMethod::Upi).await);
    let mut connection = shop.service.pool.acquire().await.unwrap();
    let facts = order_service::reconcile::facts(&mut connection).await.unwrap();
    let seen: Vec<_> = facts.iter().map(|fact| (fact.order_id, fact.status, fact.is_paid, fact.pieces)).collect();
    assert_eq!(seen, [(paid.id, OrderStatus::Confirmed, true, 3), (pending.id, OrderStatus::Pending, false, 3)]);
}
