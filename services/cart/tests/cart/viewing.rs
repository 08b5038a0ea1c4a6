//! The cart with today's prices.

use contracts::cart::{CartView, NoticeKind};
use contracts::discount::PriceBasket;
use contracts::product::LookUpVariants;
use contracts::shipping::QuoteShipping;
use serde_json::json;
use types::Money;

use crate::shop::{CART, COUPON, Shop, add, view};

#[tokio::test]
async fn a_difference_is_told_once() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 2).await;
    assert_eq!(view(&asha).await.notices, []);
    shop.change(shirt, |variant| variant.unit_price = Money::from_rupees(120));
    let changed = view(&asha).await;
    assert_eq!(changed.notices[0].kind, NoticeKind::PriceUp);
    assert_eq!((changed.notices[0].variant_id, changed.totals.total), (Some(shirt), Money::from_rupees(240)));
    assert_eq!(view(&asha).await.notices, []);
}

#[tokio::test]
async fn the_shipping_charge_comes_with_a_pin_code_and_a_coupon_may_take_it_off() {
    let shop = Shop::open().await;
    let asha = shop.customer_with(shop.stock(), 2).await;
    asha.put(COUPON, &json!({ "code": "FREESHIP" })).await.is(200);
    let here: CartView = asha.get("/api/v1/cart?pin_code=500081").await.is(200).read();
    assert_eq!(here.totals.shipping, Some(Money::from_rupees(49)));
    assert_eq!((here.totals.shipping_discount, here.totals.total), (Money::from_rupees(49), Money::from_rupees(200)));
    assert!(here.can_check_out);
    let asked = shop.cart.stubs.calls::<QuoteShipping>();
    assert_eq!((asked[0].weight_grams, asked[0].value), (500, Money::from_rupees(200)));
    let nowhere: CartView = asha.get("/api/v1/cart?pin_code=110001").await.is(200).read();
    assert_eq!((nowhere.notices[0].kind, nowhere.can_check_out), (NoticeKind::NotServiceable, false));
    asha.get("/api/v1/cart?pin_code=1").await.is(400);
}

#[tokio::test]
async fn a_cart_is_shown_without_offers_and_shipping_while_these_are_down_but_not_without_the_catalogue() {
    let shop = Shop::open().await;
    let asha = shop.customer_with(shop.stock(), 2).await;
    asha.put(COUPON, &json!({ "code": "FLAT50" })).await.is(200);
    shop.cart.stubs.down::<PriceBasket>();
    shop.cart.stubs.down::<QuoteShipping>();
    let without: CartView = asha.get("/api/v1/cart?pin_code=500081").await.is(200).read();
    let kinds: Vec<_> = without.notices.iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::OffersUnknown, NoticeKind::ShippingUnknown]);
    assert_eq!(without.totals.total, Money::from_rupees(200));
    shop.cart.stubs.down::<LookUpVariants>();
    asha.get(CART).await.is(503);
}

#[tokio::test]
async fn a_coupon_that_no_longer_applies_is_told() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 1).await;
    asha.put(COUPON, &json!({ "code": "FLAT50" })).await.is(200);
    let with = view(&asha).await;
    assert_eq!((with.totals.discount, with.totals.total), (Money::from_rupees(50), Money::from_rupees(50)));
    shop.change(shirt, |variant| variant.available = 0);
    let without = view(&asha).await;
    let coupon = without.notices.iter().find(|notice| notice.kind == NoticeKind::CouponNotApplied).unwrap();
    assert!(coupon.message.starts_with("FLAT50 no longer applies."), "{}", coupon.message);
    assert!(!without.can_check_out);
}

#[tokio::test]
async fn who_has_seen_the_cart_as_it_is_gets_304() {
    let shop = Shop::open().await;
    let shirt = shop.stock();
    let asha = shop.customer_with(shirt, 1).await;
    let first = asha.get(CART).await.is(200);
    let knowing = asha.with("if-none-match", first.header("etag"));
    knowing.get(CART).await.is(304);
    shop.change(shirt, |variant| variant.unit_price = Money::from_rupees(90));
    knowing.get(CART).await.is(200);
    add(&asha, shirt, 1).await.is(200);
    knowing.get(CART).await.is(200);
}
