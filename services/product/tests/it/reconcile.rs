//! Each way in which the books can disagree is found.

use std::time::Duration;

use product_service::stock;
use product_service::store::reconcile;
use types::OrderId;

use crate::shelf::{Shelf, demand};

/// Each harm, the rules that it breaks, and what is said of the first.
const HARMS: &[(&str, &[&str], &str)] = &[
    (
        "UPDATE stock SET reserved = reserved + 1 WHERE reserved = 2",
        &["reserved-pieces-are-held-for-orders"],
        "3 reserved, but 2 held for orders",
    ),
    (
        "UPDATE stock SET on_hand = on_hand + 4 WHERE reserved = 2",
        &["the-ledger-sums-to-the-stock"],
        "11 on hand, but the ledger sums to 7",
    ),
    (
        "ALTER TABLE stock DROP CONSTRAINT stock_reserved_within_on_hand;
         UPDATE stock SET reserved = 99 WHERE reserved = 2",
        // Lists show what can be bought, which is less than nothing now.
        &["lists-show-what-can-be-bought", "reserved-pieces-are-held-for-orders", "reserved-pieces-are-on-hand"],
        "shown as in stock",
    ),
    (
        "UPDATE order_stock SET state = 'released', expires_at = NULL WHERE state = 'held';
         UPDATE stock SET reserved = 0",
        &["closed-orders-hold-nothing"],
        "has pieces though it is released",
    ),
    (
        "DELETE FROM reservation r USING order_stock o WHERE o.order_id = r.order_id AND state = 'held';
         UPDATE stock SET reserved = 0",
        &["held-orders-hold-something"],
        "held, but with no pieces",
    ),
    (
        "UPDATE order_stock SET expires_at = '2020-01-01' WHERE state = 'held'",
        &["reservations-expire"],
        "held until 2020-01-01 00:00:00+00 and not yet expired",
    ),
    ("UPDATE reservation SET quantity = 2 WHERE quantity = 3", &["sold-pieces-are-in-the-ledger"], "bought 2 of"),
    ("UPDATE product SET in_stock = false", &["lists-show-what-can-be-bought"], "shown as out of stock"),
    (
        "UPDATE product SET rating_count = 1, rating_sum = 5",
        &["ratings-are-the-reviews"],
        "1 ratings that sum to 5, but 0 reviews",
    ),
];

/// A shelf with one order that holds two pieces and one that bought three.
#[tokio::test]
async fn each_broken_rule_is_found() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([10, 0]).await;
    let mut tx = shelf.tx().await;
    let until = shelf.now.plus(Duration::from_secs(1800));
    drop(stock::reserve(&mut tx, OrderId::new(), &demand(&[(variant, 2)]), until).await.unwrap());
    drop(stock::commit(&mut tx, OrderId::new(), &demand(&[(variant, 3)]), shelf.now).await.unwrap());
    let _committed = tx.commit().await.unwrap();
    assert_eq!(shelf.violations().await, []);

    for (harm, rules, detail) in HARMS {
        let mut moment = shelf.pool.begin().await.unwrap();
        sqlx::raw_sql(*harm).execute(&mut *moment).await.unwrap();
        let found = reconcile::violations(&mut moment, shelf.now).await.unwrap();
        let broken: Vec<&str> = found.iter().map(|violation| violation.rule.as_str()).collect();
        assert_eq!(broken, *rules, "{harm}");
        assert!(found[0].detail.starts_with(detail), "{found:?}");
    }
}
