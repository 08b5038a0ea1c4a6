//! Stock that is set aside, sold and given back, by many at once and more than once.

use std::sync::Arc;
use std::time::Duration;

use contracts::product::{Shortage, StockCommitment, StockReservation};
use contracts::returns::ReturnedLine;
use product_service::domain::stock::Demand;
use product_service::stock;
use tokio::task::JoinSet;
use types::{Money, OrderId, OrderLineId, ReturnId, ReturnLineId, Timestamp, VariantId};

use crate::shelf::{Shelf, demand};

const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

async fn reserve(shelf: &Shelf, order: OrderId, demand: &Demand) -> StockReservation {
    reserve_until(shelf, order, demand, shelf.now.plus(HALF_AN_HOUR)).await
}

async fn reserve_until(shelf: &Shelf, order: OrderId, demand: &Demand, until: Timestamp) -> StockReservation {
    let mut tx = shelf.tx().await;
    let reservation = stock::reserve(&mut tx, order, demand, until).await.unwrap();
    let _committed = tx.commit().await.unwrap();
    reservation
}

async fn commit(shelf: &Shelf, order: OrderId, demand: &Demand) -> StockCommitment {
    let mut tx = shelf.tx().await;
    let commitment = stock::commit(&mut tx, order, demand, shelf.now).await.unwrap();
    let _committed = tx.commit().await.unwrap();
    commitment
}

async fn release(shelf: &Shelf, order: OrderId) {
    let mut tx = shelf.tx().await;
    stock::release(&mut tx, order, shelf.now).await.unwrap();
    let _committed = tx.commit().await.unwrap();
}

async fn expire(shelf: &Shelf, now: Timestamp) -> usize {
    let mut tx = shelf.tx().await;
    let expired = stock::expire(&mut tx, now, 100).await.unwrap();
    let _committed = tx.commit().await.unwrap();
    expired
}

fn short(variant_id: VariantId, requested: u32, available: u32) -> Vec<Shortage> {
    vec![Shortage { variant_id, requested, available }]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_buyers_at_once_exactly_twenty_get_one_of_twenty_pieces() {
    let shelf = Arc::new(Shelf::new().await);
    let variant = shelf.variant([15, 5]).await;
    let mut buyers = JoinSet::new();
    for _ in 0..200 {
        let shelf = shelf.clone();
        buyers.spawn(async move {
            let order = OrderId::new();
            (order, reserve(&shelf, order, &demand(&[(variant, 1)])).await)
        });
    }
    let answers = buyers.join_all().await;
    let held: Vec<OrderId> =
        answers.iter().filter(|(_, answer)| *answer == StockReservation::Held).map(|(order, _)| *order).collect();
    assert_eq!(held.len(), 20);
    let refused =
        answers.iter().filter(|(_, answer)| *answer == StockReservation::Short { shortages: short(variant, 1, 0) });
    assert_eq!(refused.count(), 180);
    assert_eq!(shelf.levels(variant).await, [(15, 15), (5, 5)]);
    assert!(!shelf.in_stock(variant).await, "lists say that it is sold out");

    let mut payers = JoinSet::new();
    for order in held {
        let shelf = shelf.clone();
        payers.spawn(async move { commit(&shelf, order, &demand(&[(variant, 1)])).await });
    }
    assert!(payers.join_all().await.iter().all(|answer| *answer == StockCommitment::Committed));
    assert_eq!(shelf.levels(variant).await, [(0, 0), (0, 0)]);
    assert_eq!(shelf.ledger(variant).await.iter().map(|(_, change)| change).sum::<i32>(), -20);
    assert_eq!(shelf.violations().await, []);
    let told = shelf.told().await;
    assert_eq!(told.iter().filter(|kind| *kind == "stock.low.v1").count(), 1, "told once that it runs low");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_name_the_same_things_in_opposite_order_do_not_block_each_other() {
    let shelf = Arc::new(Shelf::new().await);
    let (a, b) = (shelf.variant([500, 500]).await, shelf.variant([500, 500]).await);
    let mut buyers = JoinSet::new();
    for i in 0..120 {
        let shelf = shelf.clone();
        let lines = if i % 2 == 0 { [(a, 2), (b, 1)] } else { [(b, 1), (a, 2)] };
        buyers.spawn(async move {
            let (order, demand) = (OrderId::new(), demand(&lines));
            assert_eq!(reserve(&shelf, order, &demand).await, StockReservation::Held);
            match i % 3 {
                0 => release(&shelf, order).await,
                1 => assert_eq!(commit(&shelf, order, &demand).await, StockCommitment::Committed),
                _ => {}
            }
        });
    }
    buyers.join_all().await;
    assert_eq!(shelf.levels(a).await.iter().map(|(on_hand, _)| on_hand).sum::<i32>(), 1000 - 80);
    assert_eq!(shelf.levels(b).await.iter().map(|(_, reserved)| reserved).sum::<i32>(), 40);
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_many_times_at_once_is_one_reservation_or_none() {
    let shelf = Arc::new(Shelf::new().await);
    let variant = shelf.variant([50, 0]).await;
    let order = OrderId::new();
    let mut requests = JoinSet::new();
    for i in 0..40 {
        let shelf = shelf.clone();
        requests.spawn(async move {
            let demand = demand(&[(variant, 3)]);
            match i % 4 {
                0 | 1 => drop(reserve(&shelf, order, &demand).await),
                2 => drop(commit(&shelf, order, &demand).await),
                _ => release(&shelf, order).await,
            }
        });
    }
    requests.join_all().await;
    // Whatever came first, a release was among them.
    assert_eq!(shelf.levels(variant).await, [(50, 0)]);
    assert_eq!(reserve(&shelf, order, &demand(&[(variant, 3)])).await, StockReservation::Released);
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn an_order_gets_all_its_lines_or_none_and_a_variant_counts_once() {
    let shelf = Shelf::new().await;
    let (plenty, few) = (shelf.variant([100, 0]).await, shelf.variant([5, 0]).await);
    // Twice three of five: each line alone would have been granted.
    let twice = demand(&[(few, 3), (plenty, 1), (few, 3)]);
    let answer = reserve(&shelf, OrderId::new(), &twice).await;
    assert_eq!(answer, StockReservation::Short { shortages: short(few, 6, 5) });
    assert_eq!((shelf.levels(plenty).await, shelf.levels(few).await), (vec![(100, 0)], vec![(5, 0)]));
    let unknown = VariantId::new();
    let answer = reserve(&shelf, OrderId::new(), &demand(&[(plenty, 1), (unknown, 1)])).await;
    assert_eq!(answer, StockReservation::Short { shortages: short(unknown, 1, 0) });
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn a_variant_comes_from_one_location_if_one_has_it_all() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([4, 9]).await;
    assert_eq!(reserve(&shelf, OrderId::new(), &demand(&[(variant, 3)])).await, StockReservation::Held);
    assert_eq!(shelf.levels(variant).await, [(4, 3), (9, 0)], "the first location has all three");
    assert_eq!(reserve(&shelf, OrderId::new(), &demand(&[(variant, 2)])).await, StockReservation::Held);
    assert_eq!(shelf.levels(variant).await, [(4, 3), (9, 2)], "only the second has both");
    assert_eq!(reserve(&shelf, OrderId::new(), &demand(&[(variant, 8)])).await, StockReservation::Held);
    assert_eq!(shelf.levels(variant).await, [(4, 4), (9, 9)], "neither has all eight");
}

#[tokio::test]
async fn a_repeat_answers_what_the_first_was_answered() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([10, 0]).await;
    let (order, wanted) = (OrderId::new(), demand(&[(variant, 4)]));
    for _ in 0..2 {
        assert_eq!(reserve(&shelf, order, &wanted).await, StockReservation::Held);
        assert_eq!(shelf.levels(variant).await, [(10, 4)]);
    }
    let late = OrderId::new();
    let too_many = demand(&[(variant, 7)]);
    let shortages = StockReservation::Short { shortages: short(variant, 7, 6) };
    assert_eq!(reserve(&shelf, late, &too_many).await, shortages);
    release(&shelf, order).await;
    assert_eq!(reserve(&shelf, late, &too_many).await, shortages, "though there would be enough by now");

    for _ in 0..2 {
        release(&shelf, order).await;
        assert_eq!(shelf.levels(variant).await, [(10, 0)]);
    }
    assert_eq!(reserve(&shelf, order, &wanted).await, StockReservation::Released);
    assert_eq!(commit(&shelf, order, &wanted).await, StockCommitment::Released);

    let paid = OrderId::new();
    reserve(&shelf, paid, &wanted).await;
    for _ in 0..2 {
        assert_eq!(commit(&shelf, paid, &wanted).await, StockCommitment::Committed);
        assert_eq!(shelf.levels(variant).await, [(6, 0)]);
    }
    assert_eq!(reserve(&shelf, paid, &wanted).await, StockReservation::Held, "it was, and more than that");
    assert_eq!(shelf.ledger(variant).await, [("sale".to_owned(), -4)]);
    assert_eq!(
        shelf.told().await,
        ["stock.reserved.v1", "stock.released.v1", "stock.reserved.v1", "stock.committed.v1"]
    );
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn a_release_that_comes_before_its_reservation_closes_the_order() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([10, 0]).await;
    let order = OrderId::new();
    release(&shelf, order).await;
    assert_eq!(reserve(&shelf, order, &demand(&[(variant, 1)])).await, StockReservation::Released);
    assert_eq!(commit(&shelf, order, &demand(&[(variant, 1)])).await, StockCommitment::Released);
    assert_eq!(shelf.levels(variant).await, [(10, 0)]);
    assert_eq!(shelf.told().await, Vec::<String>::new(), "no stock has moved");
}

#[tokio::test]
async fn a_cancelled_sale_goes_back_where_it_came_from() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([2, 2]).await;
    let (order, all) = (OrderId::new(), demand(&[(variant, 4)]));
    reserve(&shelf, order, &all).await;
    commit(&shelf, order, &all).await;
    assert_eq!(shelf.levels(variant).await, [(0, 0), (0, 0)]);
    assert!(!shelf.in_stock(variant).await);
    for _ in 0..2 {
        release(&shelf, order).await;
        assert_eq!(shelf.levels(variant).await, [(2, 0), (2, 0)]);
    }
    assert!(shelf.in_stock(variant).await);
    let ledger: Vec<String> = shelf.ledger(variant).await.into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(ledger, ["sale", "sale", "cancellation", "cancellation"]);
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn an_expired_reservation_is_made_again_by_its_payment_if_there_is_stock() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([10, 0]).await;
    let (lucky, unlucky, all) = (OrderId::new(), OrderId::new(), demand(&[(variant, 10)]));
    let until = shelf.now.plus(HALF_AN_HOUR);
    reserve_until(&shelf, lucky, &all, until).await;
    assert_eq!(expire(&shelf, shelf.now).await, 0, "its time has not come");
    assert_eq!(expire(&shelf, until).await, 1);
    assert_eq!(expire(&shelf, until).await, 0, "once");
    assert_eq!(shelf.levels(variant).await, [(10, 0)]);
    assert_eq!(reserve(&shelf, lucky, &all).await, StockReservation::Released, "a late repeat sets nothing aside");

    reserve_until(&shelf, unlucky, &all, until).await;
    expire(&shelf, until).await;
    assert_eq!(commit(&shelf, lucky, &all).await, StockCommitment::Committed);
    assert_eq!(shelf.levels(variant).await, [(0, 0)]);
    let sold_out = StockCommitment::Short { shortages: short(variant, 10, 0) };
    assert_eq!(commit(&shelf, unlucky, &all).await, sold_out);
    assert_eq!(commit(&shelf, unlucky, &all).await, sold_out, "again");
    release(&shelf, lucky).await;
    assert_eq!(commit(&shelf, unlucky, &all).await, StockCommitment::Committed, "there is stock by now");
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn a_commitment_of_what_was_never_set_aside_sells_it_if_it_is_there() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([3, 0]).await;
    assert_eq!(commit(&shelf, OrderId::new(), &demand(&[(variant, 2)])).await, StockCommitment::Committed);
    assert_eq!(shelf.levels(variant).await, [(1, 0)]);
    let short = StockCommitment::Short { shortages: short(variant, 2, 1) };
    assert_eq!(commit(&shelf, OrderId::new(), &demand(&[(variant, 2)])).await, short);
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn what_comes_back_is_put_where_it_was_sold_from() {
    let shelf = Shelf::new().await;
    let variant = shelf.variant([0, 5]).await;
    let (order, bought) = (OrderId::new(), demand(&[(variant, 3)]));
    reserve(&shelf, order, &bought).await;
    commit(&shelf, order, &bought).await;
    let line = |quantity, restock| ReturnedLine {
        return_line_id: ReturnLineId::new(),
        order_line_id: OrderLineId::new(),
        variant_id: variant,
        quantity,
        restock,
        refund: Money::ZERO,
    };
    let mut tx = shelf.tx().await;
    // Of three accepted pieces one is broken.
    let (return_id, lines) = (ReturnId::new(), [line(2, 2), line(1, 0)]);
    stock::restock(&mut tx, order, return_id, &lines, shelf.now).await.unwrap();
    let _committed = tx.commit().await.unwrap();
    let mut tx = shelf.tx().await;
    stock::restock(&mut tx, order, return_id, &lines, shelf.now).await.unwrap();
    let _committed = tx.commit().await.unwrap();
    assert_eq!(shelf.levels(variant).await, [(4, 0)]);
    assert_eq!(shelf.ledger(variant).await, [("sale".to_owned(), -3), ("return".to_owned(), 2)]);
    assert_eq!(shelf.violations().await, []);
}

#[tokio::test]
async fn the_ledger_takes_no_change() {
    let shelf = Shelf::new().await;
    shelf.variant([5, 0]).await;
    for sql in ["UPDATE stock_ledger SET change = 1", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger"] {
        let error = sqlx::query(sql).execute(&shelf.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
}
