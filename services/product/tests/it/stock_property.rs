//! Whatever comes in whatever order, the books agree.

use std::time::Duration;

use product_service::stock;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use types::{OrderId, VariantId};

use crate::shelf::{Shelf, demand};

#[derive(Clone, Debug)]
enum Step {
    Reserve { order: usize, lines: Vec<(usize, u32)> },
    Commit { order: usize, lines: Vec<(usize, u32)> },
    Release { order: usize },
    Expire { minutes: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = 0usize..6;
    let lines = || prop::collection::vec((0usize..3, 1u32..7), 1..4);
    let step = prop_oneof![
        4 => (order.clone(), lines()).prop_map(|(order, lines)| Step::Reserve { order, lines }),
        3 => (order.clone(), lines()).prop_map(|(order, lines)| Step::Commit { order, lines }),
        2 => order.prop_map(|order| Step::Release { order }),
        1 => (0u64..90).prop_map(|minutes| Step::Expire { minutes }),
    ];
    prop::collection::vec(step, 1..30)
}

#[test]
fn the_books_agree_after_any_sequence_of_steps() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shelf = runtime.block_on(Shelf::new());
    // One database for all cases, with new variants and orders for each: the books must agree for all of them together.
    TestRunner::new(Config { cases: 40, ..Config::default() })
        .run(&steps(), |steps| {
            runtime.block_on(walk(&shelf, steps));
            Ok(())
        })
        .unwrap();
}

async fn walk(shelf: &Shelf, steps: Vec<Step>) {
    let mut variants = Vec::new();
    for pieces in [[10, 0], [4, 4], [0, 3]] {
        variants.push(shelf.variant(pieces).await);
    }
    let orders: Vec<OrderId> = (0..6).map(|_| OrderId::new()).collect();
    let wanted = |lines: Vec<(usize, u32)>| {
        let lines: Vec<(VariantId, u32)> = lines.into_iter().map(|(i, quantity)| (variants[i], quantity)).collect();
        demand(&lines)
    };
    let in_minutes = |minutes: u64| shelf.now.plus(Duration::from_secs(minutes * 60));
    for step in steps {
        let mut tx = shelf.tx().await;
        match step {
            Step::Reserve { order, lines } => {
                let until = in_minutes(10 * u64::try_from(order).unwrap());
                drop(stock::reserve(&mut tx, orders[order], &wanted(lines), until).await.unwrap());
            }
            Step::Commit { order, lines } => {
                drop(stock::commit(&mut tx, orders[order], &wanted(lines), shelf.now).await.unwrap());
            }
            Step::Release { order } => stock::release(&mut tx, orders[order], shelf.now).await.unwrap(),
            Step::Expire { minutes } => {
                stock::expire(&mut tx, in_minutes(minutes), 100).await.unwrap();
            }
        }
        let _committed = tx.commit().await.unwrap();
        let violations = shelf.violations().await;
        assert!(violations.is_empty(), "{violations:?}");
    }
}
