//! Each way in which the books can disagree is found.

use std::time::Duration;

use product_service::stock;
use types::{OrderId, VariantId};

use crate::shelf::{Shelf, demand};

/// A shelf with one order that holds two pieces and one that bought three, and what reconciliation says once `harm` was done.
async fn after(harm: &str) -> Vec<String> {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([10, 10]).await;
    let (held, bought) = (OrderId::new(), OrderId::new());
    let mut tx = shelf.tx().await;
    let until = shelf.now.plus(Duration::from_secs(1800));
    drop(stock::reserve(&mut tx, held, &demand(&[(variant, 2)]), until).await.unwrap());
    drop(stock::commit(&mut tx, bought, &demand(&[(variant, 3)]), shelf.now).await.unwrap());
    let _committed = tx.commit().await.unwrap();
    assert_eq!(shelf.violations().await, Vec::<String>::new());
    sqlx::raw_sql(sqlx::AssertSqlSafe(harm.to_owned())).execute(&shelf.pool).await.unwrap();
    named(shelf.violations().await, variant, held, bought)
}

/// With names in the place of identifiers.
fn named(violations: Vec<String>, variant: VariantId, held: OrderId, bought: OrderId) -> Vec<String> {
    let name = |text: String| {
        let text = text.replace(&variant.to_string(), "VARIANT");
        text.replace(&held.to_string(), "HELD").replace(&bought.to_string(), "BOUGHT")
    };
    violations.into_iter().map(name).collect()
}

async fn finds(harm: &str, violation: &str) {
    let violations = after(harm).await;
    assert!(violations.iter().any(|found| found.contains(violation)), "{violation}: {violations:?}");
}

#[tokio::test]
async fn pieces_that_are_reserved_for_nobody() {
    finds("UPDATE stock SET reserved = reserved + 1 WHERE reserved = 2", "3 reserved, but 2 held for orders").await;
}

#[tokio::test]
async fn pieces_that_the_ledger_does_not_know() {
    finds("UPDATE stock SET on_hand = on_hand + 4 WHERE reserved = 2", "11 on hand, but the ledger sums to 7").await;
}

#[tokio::test]
async fn more_pieces_reserved_than_there_are() {
    let harm = "ALTER TABLE stock DROP CONSTRAINT stock_reserved_within_on_hand;
                UPDATE stock SET reserved = 99 WHERE reserved = 2";
    finds(harm, "7 on hand, 99 reserved").await;
}

#[tokio::test]
async fn a_closed_order_that_still_has_pieces() {
    finds(
        "UPDATE order_stock SET state = 'released', expires_at = NULL",
        "order HELD: has pieces though it is released",
    )
    .await;
}

#[tokio::test]
async fn an_order_that_holds_nothing() {
    finds("DELETE FROM reservation", "order HELD: held, but with no pieces").await;
}

#[tokio::test]
async fn a_reservation_that_nobody_ended() {
    let harm = "UPDATE order_stock SET expires_at = now() - interval '6 minutes' WHERE state = 'held'";
    finds(harm, "order HELD: held until").await;
}

#[tokio::test]
async fn a_sale_that_the_ledger_knows_otherwise() {
    finds("UPDATE reservation SET quantity = 2 WHERE quantity = 3", "order BOUGHT: bought 2 of VARIANT").await;
}

#[tokio::test]
async fn a_product_that_lists_show_as_sold_out() {
    finds("UPDATE product SET in_stock = false", "shown as out of stock").await;
}

#[tokio::test]
async fn ratings_that_no_review_gave() {
    finds("UPDATE product SET rating_count = 1, rating_sum = 5", "1 ratings that sum to 5, but 0 reviews").await;
}
