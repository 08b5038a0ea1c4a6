//! Putting things in, changing and taking them out.

use contracts::cart::{CART_TOKEN, CartSummary};
use contracts::product::LookUpVariants;
use futures::future::join_all;
use serde_json::json;
use types::{Money, VariantId};

use crate::shop::{CART, COUPON, ITEMS, Shop, add, line_of, lines, seen, view};

#[tokio::test]
async fn additions_at_once_are_summed_in_one_line() {
    let shop = Shop::open().await;
    let (shirt, shoes) = (shop.stock(), shop.stock());
    shop.change(shirt, |variant| variant.max_per_order = 99);
    let asha = shop.cart.customer();
    // None of them finds a cart: one makes it.
    join_all((0..20).map(|_| add(&asha, shirt, 2))).await.into_iter().for_each(|answer| {
        answer.is(200);
    });
    let summary: CartSummary = add(&asha, shoes, 1).await.is(200).read();
    assert_eq!(lines(&summary), [(shirt, 40), (shoes, 1)]);
    assert_eq!((summary.pieces, summary.version), (41, 21));
    let carts: i64 = sqlx::query_scalar("SELECT count(*) FROM cart").fetch_one(&shop.cart.pool).await.unwrap();
    assert_eq!(carts, 1);
}

#[tokio::test]
async fn no_line_has_more_than_one_order_may() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.cart.customer();
    let answers = join_all((0..10).map(|_| add(&asha, shirt, 1))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 5);
    let problem = add(&asha, shirt, 1).await.is(422).problem("invalid-fields");
    assert_eq!(problem.errors[0].field, "quantity");
    assert_eq!(problem.errors[0].rule, "must be at most 5 in all, the most that one order may have");
    assert_eq!(seen(&view(&asha).await), [(shirt, 5)]);
    let more = asha.put(&line_of(shirt), &json!({ "quantity": 6 })).await.is(422);
    assert_eq!(more.problem("invalid-fields").errors[0].field, "quantity");
    let other = shop.stock();
    assert_eq!(add(&asha, other, 6).await.is(422).problem("invalid-fields").errors[0].field, "quantity");
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let shop = Shop::open().await;
    let (asha, shirt) = (shop.cart.customer(), shop.stock());
    for (body, field) in [
        (json!({ "variant_id": shirt, "quantity": 0 }), "quantity"),
        (json!({ "variant_id": shirt, "quantity": 100 }), "quantity"),
        (json!({ "variant_id": VariantId::new(), "quantity": 1 }), "variant_id"),
        (json!({ "variant_id": shirt, "quantity": 1, "price": 1 }), "price"),
    ] {
        let problem = asha.post(ITEMS, &body).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field);
    }
    shop.change(shirt, |variant| variant.available = 0);
    shop.forget(shirt).await;
    add(&asha, shirt, 1).await.is(409).problem("out-of-stock");
    shop.cart.stubs.down::<LookUpVariants>();
    add(&asha, shop.stock(), 1).await.is(503);
}

#[tokio::test]
async fn a_guest_gets_a_token_and_nobody_else_sees_the_cart() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let guest = shop.guest_with(shirt, 2).await;
    let again = add(&guest, shirt, 1).await.is(200);
    assert!(!again.headers.contains_key(CART_TOKEN), "the cart has its token already");
    assert_eq!(seen(&view(&guest).await), [(shirt, 3)]);

    let other = shop.guest_with(shop.stock(), 1).await;
    assert_ne!(seen(&view(&other).await), [(shirt, 3)]);
    assert_eq!(view(&shop.cart.guest()).await.cart_id, None);
    let guessed = shop.cart.guest().with(CART_TOKEN, "A".repeat(43));
    assert_eq!(view(&guessed).await.cart_id, None);
    guessed.delete(&line_of(shirt)).await.is(404);
    let malformed = shop.cart.guest().with(CART_TOKEN, "mine").get(CART).await.is(400);
    assert_eq!(malformed.problem("malformed-request").errors[0].field, CART_TOKEN);
    // Whoever is logged in has their own cart, whatever token they send.
    let asha = shop.cart.customer().with(CART_TOKEN, guest.header(CART_TOKEN));
    assert_eq!(view(&asha).await.cart_id, None);
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT token_hash FROM cart LIMIT 1").fetch_one(&shop.cart.pool).await.unwrap();
    assert_eq!(stored.len(), 32);
}

#[tokio::test]
async fn quantities_are_set_lines_saved_and_taken_out() {
    let shop = Shop::open().await;
    let (shirt, shoes) = (shop.stock(), shop.stock());
    let asha = shop.customer_with(shirt, 1).await;
    add(&asha, shoes, 2).await.is(200);
    asha.put(&line_of(shirt), &json!({ "quantity": 4 })).await.is(200);

    let saved: CartSummary = asha.post(&format!("{}/save-for-later", line_of(shoes)), &json!({})).await.is(200).read();
    assert_eq!((lines(&saved), saved.saved_for_later[0].quantity), (vec![(shirt, 4)], 2));
    assert_eq!(shop.checkout(asha.id()).await.lines.len(), 1);
    asha.put(&line_of(shoes), &json!({ "quantity": 1 })).await.is(404);
    let moved: CartSummary = asha.post(&format!("{}/move-to-cart", line_of(shoes)), &json!({})).await.is(200).read();
    assert_eq!(lines(&moved), [(shirt, 4), (shoes, 2)]);

    asha.delete(&line_of(shirt)).await.is(200);
    let twice: CartSummary = asha.delete(&line_of(shirt)).await.is(200).read();
    assert_eq!(lines(&twice), [(shoes, 2)]);
    asha.post(&format!("{}/save-for-later", line_of(shirt)), &json!({})).await.is(404);
    let empty: CartSummary = asha.delete(CART).await.is(200).read();
    assert_eq!(empty.pieces, 0);
    shop.cart.customer().delete(CART).await.is(404);
}

#[tokio::test]
async fn what_was_saved_for_later_comes_back_with_what_is_added() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 5).await;
    asha.post(&format!("{}/save-for-later", line_of(shirt)), &json!({})).await.is(200);
    let summary: CartSummary = add(&asha, shirt, 2).await.is(200).read();
    assert_eq!((lines(&summary), summary.saved_for_later), (vec![(shirt, 2)], Vec::new()));
}

#[tokio::test]
async fn only_a_coupon_that_applies_is_taken() {
    let shop = Shop::open().await;
    let asha = shop.cart.customer();
    asha.put(COUPON, &json!({ "code": "flat50" })).await.is(404);
    add(&asha, shop.stock(), 1).await.is(200);
    let refused = asha.put(COUPON, &json!({ "code": "NONE" })).await.is(422).problem("coupon-not-applicable");
    assert_eq!(refused.errors[0].rule, "There is no such coupon.");
    let summary: CartSummary = asha.put(COUPON, &json!({ "code": "flat50" })).await.is(200).read();
    assert_eq!(summary.coupon_code.as_deref(), Some("FLAT50"));
    assert_eq!(shop.checkout(asha.id()).await.coupon_code.as_deref(), Some("FLAT50"));
    let without: CartSummary = asha.delete(COUPON).await.is(200).read();
    assert_eq!(without.coupon_code, None);
}

#[tokio::test]
async fn a_cart_has_at_most_a_hundred_lines() {
    let shop = Shop::open().await;
    let (asha, shirt) = (shop.customer_with(shop.stock(), 1).await, shop.stock());
    sqlx::query(
        "INSERT INTO cart_line (cart_id, variant_id, quantity, added_at, seen_price_paise)
         SELECT id, gen_random_uuid(), 1, now(), 100 FROM cart, generate_series(1, 99)",
    )
    .execute(&shop.cart.pool)
    .await
    .unwrap();
    add(&asha, shirt, 1).await.is(409).problem("cart-full");
    let checkout = shop.checkout(asha.id()).await;
    assert_eq!(checkout.lines.len(), 100);
    asha.delete(&line_of(checkout.lines[0].variant_id)).await.is(200);
    add(&asha, shirt, 1).await.is(200);
}

#[tokio::test]
async fn a_new_price_is_known_at_once_when_it_was_told() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 1).await;
    shop.change(shirt, |variant| variant.unit_price = Money::from_rupees(90));
    shop.forget(shirt).await;
    let summary: CartSummary = add(&asha, shirt, 1).await.is(200).read();
    assert_eq!(summary.lines[0].unit_price, Money::from_rupees(90));
}
