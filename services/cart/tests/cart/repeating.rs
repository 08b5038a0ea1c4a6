//! Requests whose answer was lost.

use contracts::cart::{CART_TOKEN, CartSummary, MergedCart};
use futures::future::join_all;
use serde_json::json;

use crate::shop::{ITEMS, MERGE, Shop, add, lines, seen, view};

const KEY: &str = "idempotency-key";

#[tokio::test]
async fn a_repeated_addition_adds_once() {
    let shop = Shop::open().await;
    let (shirt, shoes) = (shop.stock(), shop.stock());
    for person in [shop.cart.customer(), shop.guest_with(shoes, 1).await] {
        let once = person.with(KEY, "k1");
        let first: CartSummary = add(&once, shirt, 2).await.is(200).read();
        let again = add(&once, shirt, 2).await.is(200);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.read::<CartSummary>(), first);
        // Another key is another wish.
        let more: CartSummary = add(&person.with(KEY, "k2"), shirt, 2).await.is(200).read();
        assert_eq!(lines(&more).into_iter().find(|(variant, _)| *variant == shirt), Some((shirt, 4)));
        let other = once.post(ITEMS, &json!({ "variant_id": shoes, "quantity": 1 })).await.is(422);
        other.problem("idempotency-key-reused");
    }
}

#[tokio::test]
async fn repeats_at_once_add_once() {
    let shop = Shop::open().await;
    let (asha, shirt) = (shop.cart.customer().with(KEY, "k"), shop.stock());
    let answers = join_all((0..20).map(|_| add(&asha, shirt, 1))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(seen(&view(&asha).await), [(shirt, 1)]);
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_when_nothing_is_left_to_sell() {
    let shop = Shop::open().await;
    let (asha, shirt) = (shop.cart.customer().with(KEY, "k"), shop.stock());
    let first: CartSummary = add(&asha, shirt, 1).await.is(200).read();
    // For longer than a variant is remembered.
    shop.change(shirt, |variant| variant.available = 0);
    shop.forget(shirt).await;
    assert_eq!(add(&asha, shirt, 1).await.is(200).read::<CartSummary>(), first);
    add(&asha.with(KEY, "another"), shirt, 1).await.is(409).problem("out-of-stock");
    // What was refused is not remembered: it may be tried again.
    shop.change(shirt, |variant| variant.available = 9);
    shop.forget(shirt).await;
    add(&asha.with(KEY, "another"), shirt, 1).await.is(200);
}

#[tokio::test]
async fn keys_of_two_carts_never_meet() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let (one, other) = (shop.guest_with(shirt, 1).await, shop.guest_with(shirt, 1).await);
    for guest in [&one, &other, &shop.cart.customer()] {
        add(&guest.with(KEY, "k"), shirt, 1).await.is(200);
    }
    assert_eq!((seen(&view(&one).await), seen(&view(&other).await)), (vec![(shirt, 2)], vec![(shirt, 2)]));
}

/// Nothing that could be replayed to somebody else: a guest's first answer has a secret in it.
#[tokio::test]
async fn a_guest_without_a_cart_gets_a_new_one_each_time_and_has_the_pieces_once() {
    let shop = Shop::open().await;
    let (guest, shirt) = (shop.cart.guest().with(KEY, "k"), shop.stock());
    let lost = add(&guest, shirt, 1).await.is(200).header(CART_TOKEN).to_owned();
    let answer = add(&guest, shirt, 1).await.is(200);
    assert_ne!(answer.header(CART_TOKEN), lost);
    assert_eq!(lines(&answer.read()), [(shirt, 1)]);
    // So does one whose cart is gone.
    let customer = shop.cart.customer();
    customer.with(CART_TOKEN, &lost).post(MERGE, &json!({})).await.is(200);
    let answer = add(&guest.with(CART_TOKEN, &lost), shirt, 2).await.is(200);
    assert_ne!(answer.header(CART_TOKEN), lost);
    assert_eq!(lines(&answer.read()), [(shirt, 2)]);
}

#[tokio::test]
async fn a_repeated_merge_tells_again_what_it_changed() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let guest = shop.guest_with(shirt, 3).await;
    let asha = shop.customer_with(shirt, 1).await.with(CART_TOKEN, guest.header(CART_TOKEN)).with(KEY, "merge");
    let first: MergedCart = asha.post(MERGE, &json!({})).await.is(200).read();
    assert_eq!(first.changes.len(), 1);
    assert_eq!(asha.post(MERGE, &json!({})).await.is(200).read::<MergedCart>(), first);
    assert_eq!(seen(&view(&asha).await), [(shirt, 4)]);
}

#[tokio::test]
async fn a_key_is_asked_for() {
    let shop = Shop::open().await;
    let line = json!({ "variant_id": shop.stock(), "quantity": 1 });
    let asha = shop.cart.customer();
    for (path, body) in [(ITEMS, &line), (MERGE, &json!({}))] {
        let problem = asha.send(http::Method::POST, path, Some(body)).await.is(400).problem("malformed-request");
        assert_eq!(problem.errors[0].field, KEY);
    }
}
