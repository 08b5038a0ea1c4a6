//! What customers are told of coupons and promotions, and what editors do with them.

#![allow(clippy::unwrap_used, reason = "what is not as expected is best told by a test that fails")]

use contracts::Page;
use contracts::discount::{Coupon, CouponOffer, PriceBasket, Promotion, PromotionOffers};
use discount_service::{MIGRATIONS, demo, service};
use serde_json::json;
use testkit::{TestDatabase, TestService};
use types::{Money, Role, ServiceName};

const COUPONS: &str = "/api/v1/coupons";
const PROMOTIONS: &str = "/api/v1/promotions";

#[tokio::test]
async fn anybody_can_ask_what_a_coupon_gives() {
    let discount = TestService::start(service()).await;
    let new = json!({
        "code": "Diwali20",
        "benefit": { "kind": "percentage", "rate": 2000, "cap": 50_000 },
        "minimum_basket": 99_900,
        "ends_at": discount.clock.now().plus(std::time::Duration::from_secs(3600)),
    });
    discount.as_staff(Role::Merchandiser).post(COUPONS, &new).await.is(201);
    let guest = discount.guest();
    let offer: CouponOffer = guest.get("/api/v1/coupons/diwali20").await.is(200).read();
    assert!(offer.valid);
    assert_eq!(offer.terms[..2], ["20 % off, at most ₹500.00.", "For goods worth ₹999.00 or more."]);
    discount.clock.advance(std::time::Duration::from_secs(3600));
    let offer: CouponOffer = guest.get("/api/v1/coupons/DIWALI20").await.is(200).read();
    assert_eq!((offer.valid, offer.reason.as_str()), (false, "It has expired."));
    guest.get("/api/v1/coupons/NONE").await.is(404);
}

#[tokio::test]
async fn only_editors_see_all_coupons_and_change_them() {
    let discount = TestService::start(service()).await;
    let new = json!({ "code": "FLAT100", "benefit": { "kind": "fixed_amount", "amount": 10_000 } });
    for (person, status) in
        [(discount.guest(), 401), (discount.customer(), 403), (discount.as_staff(Role::Support), 403)]
    {
        person.post(COUPONS, &new).await.is(status);
        person.get(COUPONS).await.is(status);
        person.with("if-match", "\"v1\"").patch("/api/v1/coupons/FLAT100", &json!({})).await.is(status);
        person.post(PROMOTIONS, &json!({})).await.is(status);
        person.get("/api/v1/promotions/all").await.is(status);
    }
    discount.as_staff(Role::Admin).post(COUPONS, &new).await.is(201);
}

#[tokio::test]
async fn a_code_exists_once_and_a_repeat_is_answered_again() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let new = json!({ "code": "FREESHIP", "benefit": { "kind": "free_shipping" } });
    let once = editor.with("idempotency-key", "once");
    let first = once.post(COUPONS, &new).await.is(201);
    assert_eq!(once.post(COUPONS, &new).await.is(201).json, first.json);
    let taken = editor.post(COUPONS, &json!({ "code": "freeship", "benefit": { "kind": "free_shipping" } })).await;
    assert_eq!(taken.is(409).problem("code-taken").errors[0].field, "code");
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let percentage = |rate: i32| json!({ "kind": "percentage", "rate": rate });
    for (new, field) in [
        (json!({ "code": "a b", "benefit": percentage(100) }), "code"),
        (json!({ "code": "OFF", "benefit": percentage(10_001) }), "benefit.rate"),
        (json!({ "code": "OFF", "benefit": percentage(0) }), "benefit.rate"),
        (json!({ "code": "OFF", "benefit": percentage(100), "total_limit": 0 }), "total_limit"),
        (json!({ "code": "OFF", "benefit": percentage(100), "minimum_basket": -1 }), "minimum_basket"),
        (json!({ "code": "OFF", "benefit": percentage(100), "ends_at": "2020-01-01T00:00:00Z" }), "ends_at"),
        (json!({ "code": "OFF", "benefit": percentage(100), "limit": 1 }), "limit"),
    ] {
        let problem = editor.post(COUPONS, &new).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field);
    }
    let tiers = json!([{ "pieces": 5, "rate": 500 }, { "pieces": 5, "rate": 900 }]);
    let new = json!({ "name": "More", "benefit": { "kind": "volume", "tiers": tiers } });
    let problem = editor.post(PROMOTIONS, &new).await.is(422).problem("invalid-fields");
    assert_eq!(problem.errors[0].field, "benefit.tiers");
}

#[tokio::test]
async fn a_change_needs_the_version_that_was_read() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let new = json!({ "code": "TENUSES", "benefit": { "kind": "free_shipping" }, "total_limit": 10 });
    let coupon: Coupon = editor.post(COUPONS, &new).await.is(201).read();
    let path = "/api/v1/coupons/tenuses";
    editor.patch(path, &json!({ "active": false })).await.is(428);
    let read = editor.with("if-match", format!("\"v{}\"", coupon.version));
    let changed = read.patch(path, &json!({ "active": false, "total_limit": null })).await.is(200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    let changed: Coupon = changed.read();
    assert_eq!((changed.active, changed.total_limit), (false, None));
    read.patch(path, &json!({ "active": true })).await.is(412);
    let listed: Page<Coupon> = editor.get(COUPONS).await.is(200).read();
    assert_eq!(listed.items, [changed]);
    let offer: CouponOffer = discount.guest().get(path).await.is(200).read();
    assert_eq!(offer.reason, "It is no longer offered.");
}

#[tokio::test]
async fn a_limit_cannot_fall_below_the_uses_so_far() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let new = json!({ "code": "TENUSES", "benefit": { "kind": "free_shipping" }, "total_limit": 10 });
    editor.post(COUPONS, &new).await.is(201);
    sqlx::query("UPDATE coupon SET used = 4").execute(&discount.pool).await.unwrap();
    let read = editor.with("if-match", "\"v1\"");
    let problem = read.patch("/api/v1/coupons/TENUSES", &json!({ "total_limit": 3 })).await.is(422);
    assert_eq!(problem.problem("invalid-fields").errors[0].field, "total_limit");
    read.patch("/api/v1/coupons/TENUSES", &json!({ "total_limit": 4 })).await.is(200);
}

#[tokio::test]
async fn coupons_are_listed_in_pages() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    for n in 1..=3 {
        let new = json!({ "code": format!("NUMBER{n}"), "benefit": { "kind": "free_shipping" } });
        editor.post(COUPONS, &new).await.is(201);
    }
    let codes = |page: &Page<Coupon>| page.items.iter().map(|coupon| coupon.code.clone()).collect::<Vec<_>>();
    let first: Page<Coupon> = editor.get("/api/v1/coupons?limit=2").await.is(200).read();
    assert_eq!(codes(&first), ["NUMBER3", "NUMBER2"]);
    let next = format!("/api/v1/coupons?limit=2&cursor={}", first.next_cursor.unwrap());
    let second: Page<Coupon> = editor.get(&next).await.is(200).read();
    assert_eq!((codes(&second), second.next_cursor), (vec!["NUMBER1".to_owned()], None));
}

#[tokio::test]
async fn a_promotion_applies_at_once_and_no_longer_when_switched_off() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let basket = PriceBasket {
        customer_id: None,
        lines: vec![contracts::discount::BasketLine {
            variant_id: types::VariantId::new(),
            product_id: types::ProductId::new(),
            category_ids: Vec::new(),
            quantity: 3,
            unit_price: Money::from_rupees(100),
        }],
        coupon_code: None,
        shipping: None,
    };
    let off = async || discount.call(ServiceName::Cart, &basket).await.line_discounts[0];
    assert_eq!(off().await, Money::ZERO);
    let new = json!({ "name": "Buy 2, get 1 free", "benefit": { "kind": "buy_get", "buy": 2, "get": 1 } });
    let promotion: Promotion = editor.post(PROMOTIONS, &new).await.is(201).read();
    assert_eq!(off().await, Money::from_rupees(100));
    let offers: PromotionOffers = discount.guest().get(PROMOTIONS).await.is(200).read();
    assert_eq!(offers.promotions[0].terms, ["Buy 2, get 1 free: the cheapest."]);

    let path = format!("{PROMOTIONS}/{}", promotion.id);
    let read = editor.get(&path).await.is(200);
    let knowing = editor.with("if-match", read.header("etag"));
    knowing.patch(&path, &json!({ "active": false })).await.is(200);
    assert_eq!(off().await, Money::ZERO);
    let offers: PromotionOffers = discount.guest().get(PROMOTIONS).await.is(200).read();
    assert_eq!(offers.promotions, []);
    knowing.patch(&path, &json!({ "active": true })).await.is(412);
    let all: Page<Promotion> = editor.get("/api/v1/promotions/all").await.is(200).read();
    assert_eq!((all.items.len(), all.items[0].active), (1, false));
    let missing = format!("{PROMOTIONS}/{}", types::PromotionId::new());
    editor.get(&missing).await.is(404);
    knowing.patch(&missing, &json!({})).await.is(404);
}

/// As many promotions of the past, or of the future.
async fn add_promotions(discount: &TestService, count: i32, starts_and_ends: &str) {
    let sql = format!(
        r#"INSERT INTO promotion (id, name, benefit, category_ids, product_ids, starts_at, ends_at, priority, stackable)
           SELECT gen_random_uuid(), 'No ' || n, '{{"kind": "buy_get", "buy": 1, "get": 1}}', '{{}}', '{{}}', {starts_and_ends}, 9, true
           FROM generate_series(1, {count}) AS n"#
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&discount.pool).await.unwrap();
}

#[tokio::test]
async fn promotions_of_the_past_take_no_place() {
    let discount = TestService::start(service()).await;
    add_promotions(&discount, 200, "now() - interval '2 days', now() - interval '1 day'").await;
    let new = json!({ "name": "Now", "benefit": { "kind": "buy_get", "buy": 2, "get": 1 } });
    discount.as_staff(Role::Merchandiser).post(PROMOTIONS, &new).await.is(201);
    let offers: PromotionOffers = discount.guest().get(PROMOTIONS).await.is(200).read();
    assert_eq!(offers.promotions.iter().map(|offer| offer.name.as_str()).collect::<Vec<_>>(), ["Now"]);
    let lines = vec![contracts::discount::BasketLine {
        variant_id: types::VariantId::new(),
        product_id: types::ProductId::new(),
        category_ids: Vec::new(),
        quantity: 3,
        unit_price: Money::from_rupees(100),
    }];
    let basket = PriceBasket { customer_id: None, lines, coupon_code: None, shipping: None };
    let priced = discount.call(ServiceName::Cart, &basket).await;
    assert_eq!(priced.line_discounts, [Money::from_rupees(100)]);
}

#[tokio::test]
async fn a_promotion_that_would_be_left_out_is_refused() {
    let discount = TestService::start(service()).await;
    let editor = discount.as_staff(Role::Merchandiser);
    let new = json!({ "name": "Now", "benefit": { "kind": "buy_get", "buy": 2, "get": 1 } });
    let first: Promotion = editor.post(PROMOTIONS, &new).await.is(201).read();
    add_promotions(&discount, 198, "now() + interval '1 day', NULL").await;
    // Of two at once, one takes the last place.
    let (one, other) = tokio::join!(editor.post(PROMOTIONS, &new), editor.post(PROMOTIONS, &new));
    let (taken, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    taken.is(201);
    assert!(refused.is(409).problem("too-many-promotions").detail.unwrap().starts_with("200 are switched on"));

    let path = format!("{PROMOTIONS}/{}", first.id);
    let change = async |version: &str, change: serde_json::Value| {
        editor.with("if-match", format!("\"{version}\"")).patch(&path, &change).await
    };
    change("v1", json!({ "priority": 3 })).await.is(200);
    change("v2", json!({ "active": false })).await.is(200);
    editor.post(PROMOTIONS, &new).await.is(201);
    change("v3", json!({ "active": true })).await.is(409).problem("too-many-promotions");
    let over = json!({ "active": true, "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-01-02T00:00:00Z" });
    change("v3", over).await.is(200);
}

#[tokio::test]
async fn the_demonstration_can_be_seeded_again() {
    let database = TestDatabase::create(&MIGRATIONS).await;
    let pool = sqlx::PgPool::connect(&database.service_url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let now = platform::clock::Clock::system().now();
    for _ in 0..2 {
        demo::seed(&mut connection, now).await.unwrap();
    }
    let codes: Vec<String> =
        sqlx::query_scalar("SELECT code FROM coupon ORDER BY code").fetch_all(&pool).await.unwrap();
    assert_eq!(codes, ["FLAT100", "FREESHIP", "ONCE", "TENUSES", "WELCOME10"]);
    let promotions: i64 = sqlx::query_scalar("SELECT count(*) FROM promotion").fetch_one(&pool).await.unwrap();
    assert_eq!(promotions, 3);
}
