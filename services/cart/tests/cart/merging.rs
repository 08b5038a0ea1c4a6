//! A guest logs in.

use contracts::cart::{CART_TOKEN, MergeOutcome, MergedCart};
use futures::future::join_all;
use serde_json::json;
use testkit::Person;

use crate::shop::{COUPON, MERGE, Shop, add, line_of, lines, seen, view};

/// The customer, with the browser that the guest had.
fn logged_in(customer: &Person, guest: &Person) -> Person {
    customer.with(CART_TOKEN, guest.header(CART_TOKEN))
}

#[tokio::test]
async fn a_guests_cart_becomes_the_customers() {
    let shop = Shop::open().await;
    let (shirt, shoes, hat) = (shop.stock(), shop.stock(), shop.stock());
    let guest = shop.guest_with(shirt, 3).await;
    add(&guest, shoes, 4).await.is(200);
    add(&guest, hat, 1).await.is(200);
    guest.put(COUPON, &json!({ "code": "FLAT50" })).await.is(200);
    let asha = shop.customer_with(shirt, 1).await;
    add(&asha, shoes, 3).await.is(200);

    let browser = logged_in(&asha, &guest);
    let merged: MergedCart = browser.post(MERGE, &json!({})).await.is(200).read();
    // In the order they were added, in either cart.
    assert_eq!(lines(&merged.cart), [(hat, 1), (shirt, 4), (shoes, 5)]);
    let outcomes: Vec<_> = merged.changes.iter().map(|change| change.outcome).collect();
    assert_eq!(outcomes, [MergeOutcome::Summed, MergeOutcome::Limited, MergeOutcome::Added]);
    assert!(merged.coupon_taken);
    assert_eq!(merged.cart.coupon_code.as_deref(), Some("FLAT50"));

    let again: MergedCart = browser.post(MERGE, &json!({})).await.is(200).read();
    assert_eq!((lines(&again.cart), again.changes.len(), again.coupon_taken), (lines(&merged.cart), 0, false));
    assert_eq!(view(&guest).await.cart_id, None);
    guest.post(MERGE, &json!({})).await.is(401);
}

#[tokio::test]
async fn the_customers_own_coupon_stays() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let guest = shop.guest_with(shirt, 1).await;
    guest.put(COUPON, &json!({ "code": "FREESHIP" })).await.is(200);
    let asha = shop.customer_with(shirt, 1).await;
    asha.put(COUPON, &json!({ "code": "FLAT50" })).await.is(200);
    let merged: MergedCart = logged_in(&asha, &guest).post(MERGE, &json!({})).await.is(200).read();
    assert_eq!((merged.cart.coupon_code.as_deref(), merged.coupon_taken), (Some("FLAT50"), false));
}

#[tokio::test]
async fn merges_at_once_count_everything_once() {
    let shop = Shop::open().await;
    let (shirt, shoes) = (shop.stock(), shop.stock());
    let guest = shop.guest_with(shirt, 2).await;
    let asha = shop.customer_with(shirt, 1).await;
    let browser = logged_in(&asha, &guest);
    let body = json!({});
    let merges = join_all((0..8).map(|_| browser.post(MERGE, &body)));
    let (answers, added) = tokio::join!(merges, add(&asha, shoes, 1));
    added.is(200);
    let told: usize = answers.into_iter().map(|answer| answer.is(200).read::<MergedCart>().changes.len()).sum();
    assert_eq!(told, 1);
    let mut lines = seen(&view(&asha).await);
    lines.sort_by_key(|(_, quantity)| *quantity);
    assert_eq!(lines, [(shoes, 1), (shirt, 3)]);
}

#[tokio::test]
async fn two_customers_cannot_both_have_a_guests_cart() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let guest = shop.guest_with(shirt, 2).await;
    let (asha, ravi) = (shop.cart.customer(), shop.cart.customer());
    let (first, second) = (logged_in(&asha, &guest), logged_in(&ravi, &guest));
    let body = json!({});
    let (first, second) = tokio::join!(first.post(MERGE, &body), second.post(MERGE, &body));
    let pieces = [first, second].map(|answer| answer.is(200).read::<MergedCart>().cart.pieces);
    assert_eq!(pieces.iter().sum::<u32>(), 2);
}

#[tokio::test]
async fn a_guest_who_adds_after_the_merge_begins_a_new_cart() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let guest = shop.guest_with(shirt, 1).await;
    let asha = shop.cart.customer();
    logged_in(&asha, &guest).post(MERGE, &json!({})).await.is(200);
    let answer = add(&guest, shirt, 2).await.is(200);
    assert_ne!(answer.header(CART_TOKEN), guest.header(CART_TOKEN));
    assert_eq!(seen(&view(&asha).await), [(shirt, 1)]);
}

#[tokio::test]
async fn what_a_full_cart_has_no_room_for_stays_in_the_guests() {
    let shop = Shop::open().await;
    let own: Vec<_> = (0..100).map(|_| shop.stock()).collect();
    let (hat, scarf) = (shop.stock(), shop.stock());
    let guest = shop.guest_with(hat, 1).await;
    add(&guest, scarf, 2).await.is(200);
    add(&guest, own[0], 2).await.is(200);
    let asha = shop.cart.customer();
    for variant in &own {
        add(&asha, *variant, 1).await.is(200);
    }
    let browser = logged_in(&asha, &guest);
    let merged: MergedCart = browser.post(MERGE, &json!({})).await.is(200).read();
    assert_eq!((merged.cart.lines.len(), merged.cart.pieces), (100, 102));
    let outcomes: Vec<_> = merged.changes.iter().map(|change| (change.variant_id, change.outcome)).collect();
    assert_eq!(outcomes, [(hat, MergeOutcome::NoRoom), (scarf, MergeOutcome::NoRoom), (own[0], MergeOutcome::Summed)]);
    assert_eq!(seen(&view(&guest).await), [(hat, 1), (scarf, 2)]);

    // Once there is room, the next log-in brings it.
    asha.delete(&line_of(own[7])).await.is(200);
    let merged: MergedCart = browser.post(MERGE, &json!({})).await.is(200).read();
    let outcomes: Vec<_> = merged.changes.iter().map(|change| (change.variant_id, change.outcome)).collect();
    assert_eq!(outcomes, [(hat, MergeOutcome::Added), (scarf, MergeOutcome::NoRoom)]);
    assert_eq!(seen(&view(&guest).await), [(scarf, 2)]);
}
