//! Whatever must not be in the payments' books is found.

use contracts::payment::IntentStatus;
use payment_service::reconcile;

use crate::shop::{Shop, connected};

const PAID: &str = "(SELECT id FROM intent WHERE status = 'paid')";

/// Each harm, and the rules that it breaks. There is a paid order, and one that was paid, cancelled and refunded.
fn harms() -> Vec<(String, Vec<&'static str>)> {
    let refund = |columns: &str, values: &str| {
        format!(
            "INSERT INTO refund (id, intent_id, cause, amount_paise, reason, requested_at, {columns})
             VALUES (gen_random_uuid(), {PAID}, 'planted', 1, '', '2020-01-01', {values});"
        )
    };
    vec![
        (
            format!("UPDATE intent SET captured_paise = captured_paise + 1 WHERE id = {PAID}"),
            vec!["attempts-and-cash-make-what-was-captured"],
        ),
        (
            format!(
                "ALTER TABLE intent DROP CONSTRAINT intent_refund_limit;
                 UPDATE intent SET refunded_paise = captured_paise + 1 WHERE id = {PAID}"
            ),
            vec!["refunds-make-what-was-refunded", "refunds-within-captured"],
        ),
        (format!("UPDATE intent SET refunding_paise = 1 WHERE id = {PAID}"), vec!["refunds-make-what-was-refunded"]),
        (
            format!("UPDATE attempt SET refund_held_paise = 1 WHERE intent_id = {PAID}"),
            vec!["attempts-hold-their-refunds"],
        ),
        (
            format!("UPDATE attempt SET refund_held_paise = amount_paise WHERE intent_id = {PAID}"),
            vec!["attempts-hold-their-refunds", "paid-orders-keep-one-payment"],
        ),
        (format!("UPDATE intent SET status = 'cancelled' WHERE id = {PAID}"), vec!["cancelled-orders-keep-no-money"]),
        (
            format!("UPDATE attempt SET poll_at = now(), created_at = '2020-01-01' WHERE intent_id = {PAID}"),
            vec!["attempts-are-decided"],
        ),
        (
            refund("state, due_at", "'requested', now()")
                + &format!("UPDATE intent SET refunding_paise = 1 WHERE id = {PAID}"),
            vec!["refunds-end"],
        ),
        (
            refund("state, decided_at, failure_reason", "'failed', '2020-01-01', 'The account is closed'")
                + &format!("UPDATE intent SET status = 'cancelled' WHERE id = {PAID}"),
            vec!["cancelled-orders-keep-no-money", "failed-refunds-are-made-good"],
        ),
        (
            "INSERT INTO webhook (provider, event_id, body, received_at) VALUES ('sandbox', 'e', '{}', '2020-01-01')"
                .to_owned(),
            vec!["webhooks-are-applied"],
        ),
        (
            format!(
                "UPDATE sandbox_payment SET status = 'failed', next_status = NULL, next_at = NULL, created_at = '2020-01-01'
                 WHERE order_id = (SELECT order_id FROM intent WHERE id = {PAID})"
            ),
            vec!["the-sandbox-agrees"],
        ),
        (
            "UPDATE sandbox_refund SET status = 'pending';
             UPDATE sandbox_payment
             SET created_at = '2020-01-01', next_at = CASE WHEN next_at IS NOT NULL THEN '2020-01-01'::timestamptz END"
                .to_owned(),
            vec!["the-sandbox-agrees"],
        ),
    ]
}

#[tokio::test]
async fn each_broken_rule_is_found() {
    let shop = Shop::start(connected()).await;
    let (paid, cancelled) = (shop.order().await, shop.order().await);
    for order in [&paid, &cancelled] {
        order.pay_by_upi("success@sandbox").await;
        shop.becomes(order, IntentStatus::Paid).await;
    }
    shop.cancel(&cancelled).await;
    shop.refunds_end(&cancelled).await;
    shop.is_sound().await;

    for (harm, rules) in harms() {
        let mut moment = shop.service.harmed(&harm).await;
        let found = reconcile::violations(&mut moment, shop.service.clock.now()).await.unwrap();
        let mut broken: Vec<&str> = found.iter().map(|violation| violation.rule.as_str()).collect();
        broken.sort_unstable();
        assert_eq!(broken, rules, "{harm}");
    }
}
