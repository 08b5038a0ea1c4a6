//! Whatever must not be in the returns' books is found.

use contracts::returns::ReturnStatus;
use return_service::reconcile;
use types::Money;

use crate::Shop;

/// Each harm, and the rules that it breaks. There is a return whose one piece came back, of one that was ordered.
const HARMS: &[(&str, &[&str])] = &[
    ("UPDATE return_line SET quantity = 2, accepted = 2", &["accepted-within-ordered", "pieces-are-counted"]),
    ("UPDATE returnable_line SET claimed = 0, accepted = 0", &["pieces-are-counted"]),
    ("UPDATE return_line SET refund_paise = refund_paise + 1", &["refunds-within-paid"]),
    ("UPDATE return_line SET refund_paise = refund_paise - 1", &["refunds-within-paid"]),
    ("UPDATE customer_return SET status = 'refund_due', refund_due_at = '2020-01-01'", &["refunds-are-paid"]),
    (
        "UPDATE customer_return SET status = 'approved', pickup_due_at = now(), pickup_wanted_at = '2020-01-01'",
        &["pickups-are-booked"],
    ),
];

#[tokio::test]
async fn each_broken_rule_is_found() {
    let shop = Shop::open().await;
    shop.received(1, 1, 1).await;
    shop.service.settled().await;
    assert!(shop.violations().await.is_empty());
    for (harm, rules) in HARMS {
        let mut moment = shop.service.harmed(*harm).await;
        let found = reconcile::violations(&mut moment, shop.service.clock.now()).await.unwrap();
        let broken: Vec<&str> = found.iter().map(|violation| violation.rule.as_str()).collect();
        assert_eq!(broken, *rules, "{harm}");
    }
}

#[tokio::test]
async fn the_facts_are_of_the_returns_whose_goods_are_here() {
    let shop = Shop::open().await;
    let received = shop.received(1, 1, 1).await.details.id;
    shop.ask(0, 1).await;
    let facts = reconcile::facts(&mut shop.service.pool.acquire().await.unwrap()).await.unwrap();
    let seen: Vec<_> = facts.iter().map(|fact| (fact.return_id, fact.order_id, fact.status, fact.refund)).collect();
    assert_eq!(seen, [(received, shop.order_id, ReturnStatus::Received, Money::from_rupees(500))]);
}
