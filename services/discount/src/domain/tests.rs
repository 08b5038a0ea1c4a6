use contracts::discount::{
    BasketLine, Coupon, CouponBenefit, PricedBasket, Promotion, PromotionBenefit, RuleScope, ValueTier, VolumeTier,
};
use proptest::prelude::*;
use types::{CategoryId, CouponId, Money, ProductId, PromotionId, Rate, Timestamp, VariantId};
use uuid::Uuid;

use super::*;

const NOW: i64 = 1_800_000_000_000_000;

fn now() -> Timestamp {
    Timestamp::from_microseconds(NOW)
}

fn rupees(rupees: i64) -> Money {
    Money::from_rupees(rupees)
}

/// The variant, its product and its category have the same number.
fn line(number: u128, quantity: u32, unit_price: Money) -> BasketLine {
    let id = Uuid::from_u128(number);
    BasketLine {
        variant_id: VariantId(id),
        product_id: ProductId(id),
        category_ids: vec![CategoryId(id)],
        quantity,
        unit_price,
    }
}

fn promotion(number: u128, benefit: PromotionBenefit) -> Promotion {
    Promotion {
        id: PromotionId(Uuid::from_u128(number)),
        name: format!("promotion {number}"),
        benefit,
        scope: RuleScope::default(),
        starts_at: now(),
        ends_at: None,
        priority: 0,
        stackable: true,
        active: true,
        version: 1,
    }
}

fn coupon(benefit: CouponBenefit) -> Coupon {
    Coupon {
        id: CouponId(Uuid::from_u128(1)),
        code: "WELCOME10".to_owned(),
        benefit,
        scope: RuleScope::default(),
        minimum_basket: Money::ZERO,
        first_order_only: false,
        starts_at: now(),
        ends_at: None,
        total_limit: None,
        limit_per_customer: None,
        priority: 0,
        stackable: true,
        active: true,
        used: 0,
        version: 1,
    }
}

fn ten_per_cent() -> CouponBenefit {
    CouponBenefit::Percentage { rate: Rate::from_percent(10), cap: None }
}

fn only(number: u128) -> RuleScope {
    RuleScope { category_ids: vec![CategoryId(Uuid::from_u128(number))], product_ids: Vec::new() }
}

fn known(coupon: Coupon) -> CouponCase {
    CouponCase::Known { coupon: Box::new(coupon), standing: Standing::default() }
}

fn priced(lines: &[BasketLine], promotions: &[Promotion], coupon: Option<&CouponCase>) -> PricedBasket {
    price(Pricing { lines, shipping: Some(rupees(49)), promotions, coupon, now: now() })
}

fn verdict_on(case: CouponCase, lines: &[BasketLine]) -> (bool, String) {
    let verdict = priced(lines, &[], Some(&case)).coupon.expect("a verdict on the coupon");
    (verdict.applies, verdict.reason)
}

#[test]
fn a_percentage_is_capped_and_spread_over_the_lines_to_the_paisa() {
    let lines = [line(1, 1, rupees(1000)), line(2, 2, rupees(500)), line(3, 1, rupees(1000))];
    let capped = coupon(CouponBenefit::Percentage { rate: Rate::from_percent(10), cap: Some(rupees(200)) });
    let basket = priced(&lines, &[], Some(&known(capped)));
    assert_eq!(basket.line_discounts, [6667, 6667, 6666].map(Money::from_paise));
    assert_eq!(basket.receipt[0].amount, rupees(200));
    assert_eq!(basket.receipt[0].reason, "10 % off, at most ₹200.00.");
}

#[test]
fn a_fixed_amount_never_exceeds_the_goods() {
    let basket = priced(
        &[line(1, 1, rupees(60))],
        &[],
        Some(&known(coupon(CouponBenefit::FixedAmount { amount: rupees(100) }))),
    );
    assert_eq!(basket.line_discounts, [rupees(60)]);
    assert_eq!(basket.coupon.map(|c| c.reason).as_deref(), Some("₹60.00 off."));
}

#[test]
fn free_shipping_takes_off_the_charge_and_nothing_else() {
    let case = known(coupon(CouponBenefit::FreeShipping {}));
    let basket = priced(&[line(1, 1, rupees(60))], &[], Some(&case));
    assert_eq!((basket.shipping_discount, basket.line_discounts), (rupees(49), vec![Money::ZERO]));
    let unknown =
        Pricing { lines: &[line(1, 1, rupees(60))], shipping: None, promotions: &[], coupon: Some(&case), now: now() };
    let basket = price(unknown);
    assert!(basket.coupon.is_some_and(|c| c.applies));
    assert_eq!(basket.shipping_discount, Money::ZERO);
    let basket = price(Pricing { shipping: Some(Money::ZERO), ..unknown });
    assert_eq!(basket.coupon.map(|c| c.reason).as_deref(), Some("Shipping is free without it."));
}

#[test]
fn of_three_pieces_the_cheapest_is_free() {
    let rule = [promotion(1, PromotionBenefit::BuyGet { buy: 2, get: 1 })];
    let lines = [line(1, 1, rupees(300)), line(2, 1, rupees(100)), line(3, 1, rupees(200))];
    let basket = priced(&lines, &rule, None);
    assert_eq!(basket.line_discounts, [Money::ZERO, rupees(100), Money::ZERO]);
    let seven = [line(1, 4, rupees(300)), line(2, 3, rupees(100))];
    assert_eq!(priced(&seven, &rule, None).line_discounts, [Money::ZERO, rupees(200)]);
    let basket = priced(&lines[..2], &rule, None);
    assert_eq!(basket.receipt[0].reason, "1 more to get 1 free.");
    assert!(!basket.receipt[0].applied);
}

#[test]
fn a_bundle_costs_its_price_as_often_as_it_is_complete() {
    let bundle = PromotionBenefit::Bundle {
        product_ids: vec![ProductId(Uuid::from_u128(1)), ProductId(Uuid::from_u128(2))],
        price: rupees(250),
    };
    let rule = [promotion(1, bundle)];
    let basket = priced(&[line(1, 3, rupees(200)), line(2, 2, rupees(100))], &rule, None);
    assert_eq!(basket.line_discounts.iter().sum::<Money>(), rupees(100));
    assert_eq!(basket.receipt[0].reason, "Together for ₹250.00 2 times.");
    let basket = priced(&[line(1, 3, rupees(200))], &rule, None);
    assert_eq!(basket.receipt[0].reason, "1 of the 2 products that it takes are in the basket.");
    let basket = priced(&[line(1, 1, rupees(100)), line(2, 1, rupees(100))], &rule, None);
    assert_eq!(basket.receipt[0].reason, "The products cost no more by themselves.");
}

#[test]
fn more_pieces_and_dearer_goods_reach_higher_tiers() {
    let volume = PromotionBenefit::Volume {
        tiers: vec![
            VolumeTier { pieces: 3, rate: Rate::from_percent(5) },
            VolumeTier { pieces: 6, rate: Rate::from_percent(10) },
        ],
    };
    let rule = [promotion(1, volume)];
    let off = |quantity| priced(&[line(1, quantity, rupees(100))], &rule, None).line_discounts[0];
    assert_eq!([off(2), off(3), off(6)], [Money::ZERO, rupees(15), rupees(60)]);
    let value = PromotionBenefit::BasketValue {
        tiers: vec![
            ValueTier { from: rupees(999), amount: rupees(50) },
            ValueTier { from: rupees(1999), amount: rupees(150) },
        ],
    };
    let rule = [promotion(1, value)];
    let basket = |price| priced(&[line(1, 1, rupees(price))], &rule, None);
    assert_eq!(basket(998).receipt[0].reason, "Goods for ₹1.00 more to get ₹50.00 off.");
    assert_eq!([basket(999).line_discounts[0], basket(5000).line_discounts[0]], [rupees(50), rupees(150)]);
}

#[test]
fn a_coupon_says_why_it_does_not_apply() {
    let lines = [line(1, 1, rupees(500))];
    let base = || coupon(ten_per_cent());
    let no = |coupon, reason: &str| assert_eq!(verdict_on(known(coupon), &lines), (false, reason.to_owned()));
    no(Coupon { minimum_basket: rupees(999), ..base() }, "Goods for ₹499.00 more are needed.");
    no(Coupon { active: false, ..base() }, "It is no longer offered.");
    no(Coupon { starts_at: Timestamp::from_microseconds(NOW + 1), ..base() }, "It has not begun yet.");
    no(Coupon { ends_at: Some(now()), ..base() }, "It has expired.");
    no(Coupon { total_limit: Some(3), used: 3, ..base() }, "It has been used up.");
    no(Coupon { scope: only(2), ..base() }, "Nothing in the basket takes part.");
    let standing = Standing { uses: 1, has_ordered: true, ..Standing::default() };
    let case = |coupon| CouponCase::Known { coupon: Box::new(coupon), standing };
    let once = Coupon { limit_per_customer: Some(1), ..base() };
    assert_eq!(verdict_on(case(once), &lines).1, "It has been used as often as one customer may.");
    let first = Coupon { first_order_only: true, ..base() };
    assert_eq!(verdict_on(case(first), &lines).1, "It is for the first order only.");
    let standing = Standing { uses_first_order_coupon: true, ..Standing::default() };
    let first = Coupon { first_order_only: true, ..base() };
    let case = |coupon| CouponCase::Known { coupon: Box::new(coupon), standing };
    assert_eq!(verdict_on(case(first), &lines).1, "Another order uses a coupon for the first order.");
    assert!(verdict_on(case(base()), &lines).0);
    let unknown = CouponCase::Unknown { code: "NOPE".to_owned() };
    assert_eq!(verdict_on(unknown, &lines), (false, "There is no such coupon.".to_owned()));
}

#[test]
fn of_rules_that_stand_alone_the_best_is_applied_and_the_others_say_so() {
    let lines = [line(1, 3, rupees(100))];
    let buy_get = Promotion { stackable: false, ..promotion(1, PromotionBenefit::BuyGet { buy: 2, get: 1 }) };
    let welcome = known(Coupon { stackable: false, ..coupon(ten_per_cent()) });
    let basket = priced(&lines, std::slice::from_ref(&buy_get), Some(&welcome));
    assert_eq!(basket.line_discounts, [rupees(100)]);
    let coupon_verdict = basket.coupon.expect("a verdict");
    assert!(!coupon_verdict.applies);
    assert_eq!(coupon_verdict.reason, "It cannot be combined with 'promotion 1', which saves at least as much.");
    let half = known(Coupon { stackable: false, ..coupon(CouponBenefit::FixedAmount { amount: rupees(150) }) });
    let basket = priced(&lines, &[buy_get], Some(&half));
    assert_eq!(basket.line_discounts, [rupees(150)]);
    assert_eq!(basket.receipt[0].reason, "It cannot be combined with 'WELCOME10', which saves at least as much.");
}

#[test]
fn a_rule_that_stands_alone_and_saves_nothing_more_is_not_said_to_apply() {
    let all = || PromotionBenefit::BasketValue { tiers: vec![ValueTier { from: rupees(1), amount: rupees(100) }] };
    let alone = Promotion { stackable: false, ..promotion(1, all()) };
    let basket = priced(&[line(1, 1, rupees(100))], &[alone, promotion(2, all())], None);
    assert_eq!(basket.line_discounts, [rupees(100)]);
    let said: Vec<_> = basket.receipt.iter().map(|rule| (rule.applied, rule.amount, rule.reason.as_str())).collect();
    let nothing_more = (false, Money::ZERO, "It saves nothing beyond the other offers.");
    assert_eq!(said, [nothing_more, (true, rupees(100), "₹100.00 off from ₹1.00 on.")]);
}

#[test]
fn stackable_rules_apply_to_what_those_before_have_left() {
    let lines = [line(1, 3, rupees(100))];
    let buy_get = Promotion { priority: 5, ..promotion(1, PromotionBenefit::BuyGet { buy: 2, get: 1 }) };
    let basket = priced(&lines, &[buy_get], Some(&known(coupon(ten_per_cent()))));
    assert_eq!(basket.line_discounts, [rupees(120)]);
    assert_eq!(basket.receipt.iter().map(|r| r.amount).collect::<Vec<_>>(), [rupees(100), rupees(20)]);
}

#[test]
fn what_others_took_off_free_and_bundled_pieces_is_not_taken_off_again() {
    let volume =
        |percent| PromotionBenefit::Volume { tiers: vec![VolumeTier { pieces: 3, rate: Rate::from_percent(percent) }] };
    let before = |percent| Promotion { priority: 10, ..promotion(1, volume(percent)) };
    let off =
        |lines: &[BasketLine], rules: &[Promotion]| priced(lines, rules, None).line_discounts.iter().sum::<Money>();
    let other = |number| BasketLine { variant_id: VariantId(Uuid::from_u128(number)), ..line(1, 1, rupees(100)) };
    let (one_line, lines) = (line(1, 3, rupees(100)), [other(11), other(12), other(13)]);

    let buy_get = [before(70), promotion(2, PromotionBenefit::BuyGet { buy: 2, get: 1 })];
    assert_eq!(off(std::slice::from_ref(&one_line), &buy_get), rupees(240), "one of three pieces at 30 is free");
    assert_eq!(off(&lines, &buy_get), rupees(240));

    let product_ids = vec![ProductId(Uuid::from_u128(1)), ProductId(Uuid::from_u128(2))];
    let bundle = [before(50), promotion(2, PromotionBenefit::Bundle { product_ids, price: rupees(40) })];
    let with_second = |lines: &[BasketLine]| [lines, &[line(2, 1, rupees(100))]].concat();
    assert_eq!(off(&with_second(&[one_line]), &bundle), rupees(260), "two pieces at 50 cost 40 together");
    assert_eq!(off(&with_second(&lines), &bundle), rupees(260));
}

#[test]
fn codes_do_not_care_about_case() {
    assert_eq!(canonical_code(" welcome10 "), "WELCOME10");
}

prop_compose! {
    fn any_lines()(lines in prop::collection::vec((1u32..=12, 1i64..500_000), 1..7)) -> Vec<BasketLine> {
        (1..).zip(lines).map(|(number, (quantity, paise))| line(number, quantity, Money::from_paise(paise))).collect()
    }
}

fn any_scope() -> impl Strategy<Value = RuleScope> {
    prop_oneof![Just(RuleScope::default()), (1u128..7).prop_map(only)]
}

fn any_benefit() -> impl Strategy<Value = PromotionBenefit> {
    let volume = (1u32..8, 1u32..=100).prop_map(|(pieces, percent)| {
        let tier = |n: u32| VolumeTier { pieces: pieces * n, rate: Rate::from_percent((percent * n).min(100)) };
        PromotionBenefit::Volume { tiers: vec![tier(1), tier(2)] }
    });
    let value = (1i64..500_000, 1i64..500_000).prop_map(|(from, amount)| PromotionBenefit::BasketValue {
        tiers: vec![ValueTier { from: Money::from_paise(from), amount: Money::from_paise(amount) }],
    });
    let bundle = (1u128..4, 4u128..7, 1i64..500_000).prop_map(|(one, other, price)| PromotionBenefit::Bundle {
        product_ids: vec![ProductId(Uuid::from_u128(one)), ProductId(Uuid::from_u128(other))],
        price: Money::from_paise(price),
    });
    prop_oneof![(1u32..5, 1u32..4).prop_map(|(buy, get)| PromotionBenefit::BuyGet { buy, get }), bundle, volume, value]
}

prop_compose! {
    fn any_promotions()(rules in prop::collection::vec((any_benefit(), any_scope(), -3i32..3, any::<bool>()), 0..5)) -> Vec<Promotion> {
        (1..).zip(rules).map(|(number, (benefit, scope, priority, stackable))| {
            Promotion { scope, priority, stackable, ..promotion(number, benefit) }
        }).collect()
    }
}

fn any_coupon() -> impl Strategy<Value = Option<CouponCase>> {
    let benefit = prop_oneof![
        (1u32..=100, prop::option::of(1i64..50_000)).prop_map(|(percent, cap)| CouponBenefit::Percentage {
            rate: Rate::from_percent(percent),
            cap: cap.map(Money::from_paise),
        }),
        (1i64..500_000).prop_map(|paise| CouponBenefit::FixedAmount { amount: Money::from_paise(paise) }),
        Just(CouponBenefit::FreeShipping {}),
    ];
    let any = (benefit, any_scope(), -3i32..3, any::<bool>(), 0i64..300_000);
    prop::option::of(any.prop_map(|(benefit, scope, priority, stackable, minimum)| {
        let minimum_basket = Money::from_paise(minimum);
        known(Coupon { scope, priority, stackable, minimum_basket, ..coupon(benefit) })
    }))
}

proptest! {
    #[test]
    fn no_line_costs_less_than_nothing_and_the_receipt_sums_to_the_discounts(
        lines in any_lines(), promotions in any_promotions(), coupon in any_coupon(),
    ) {
        let basket = priced(&lines, &promotions, coupon.as_ref());
        for (line, off) in lines.iter().zip(&basket.line_discounts) {
            prop_assert!(!off.is_negative() && *off <= line.unit_price.times(line.quantity));
        }
        prop_assert!(!basket.shipping_discount.is_negative() && basket.shipping_discount <= rupees(49));
        let receipt: Money = basket.receipt.iter().map(|rule| rule.amount).sum();
        prop_assert_eq!(basket.line_discounts.iter().sum::<Money>() + basket.shipping_discount, receipt);
        prop_assert!(basket.receipt.iter().all(|rule| !rule.reason.is_empty()));
        prop_assert_eq!(basket.receipt.len(), promotions.len() + usize::from(coupon.is_some()));
    }

    #[test]
    fn the_order_of_the_lines_does_not_matter(
        (lines, shuffled) in any_lines().prop_flat_map(|lines| {
            let places: Vec<usize> = (0..lines.len()).collect();
            (Just(lines), Just(places).prop_shuffle())
        }),
        promotions in any_promotions(), coupon in any_coupon(),
    ) {
        let basket = priced(&lines, &promotions, coupon.as_ref());
        let other_lines: Vec<BasketLine> = shuffled.iter().map(|place| lines[*place].clone()).collect();
        let other = priced(&other_lines, &promotions, coupon.as_ref());
        let expected: Vec<Money> = shuffled.iter().map(|place| basket.line_discounts[*place]).collect();
        prop_assert_eq!(other.line_discounts, expected);
        prop_assert_eq!(other.receipt, basket.receipt);
    }

    #[test]
    fn the_order_of_the_rules_does_not_matter(
        lines in any_lines(),
        (promotions, shuffled) in any_promotions().prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle())),
        coupon in any_coupon(),
    ) {
        prop_assert_eq!(priced(&lines, &promotions, coupon.as_ref()), priced(&lines, &shuffled, coupon.as_ref()));
    }

    #[test]
    fn a_rule_that_is_for_nothing_in_the_basket_changes_nothing(
        lines in any_lines(), promotions in any_promotions(), coupon in any_coupon(), benefit in any_benefit(),
        priority in -3i32..3, stackable in any::<bool>(),
    ) {
        let without = priced(&lines, &promotions, coupon.as_ref());
        let mut more = promotions.clone();
        more.push(Promotion { scope: only(99), priority, stackable, ..promotion(99, benefit) });
        let with = priced(&lines, &more, coupon.as_ref());
        prop_assert_eq!(&with.line_discounts, &without.line_discounts);
        prop_assert_eq!(with.shipping_discount, without.shipping_discount);
        let others: Vec<_> = with.receipt.into_iter().filter(|rule| rule.rule != "promotion 99").collect();
        prop_assert_eq!(others, without.receipt);
    }
}
