use std::collections::{BTreeMap, BTreeSet};

use contracts::cart::{MergeOutcome, NoticeKind};
use contracts::discount::{CouponVerdict, PricedBasket};
use contracts::product::VariantSnapshot;
use proptest::prelude::*;
use types::{CartId, Money, ProductId, Rate, Timestamp, VariantId};
use uuid::Uuid;

use super::*;

fn id(number: u128) -> VariantId {
    VariantId(Uuid::from_u128(number))
}

fn line(number: u128, quantity: u32) -> Line {
    Line {
        variant_id: id(number),
        quantity,
        saved_for_later: false,
        added_at: Timestamp::from_microseconds(0),
        seen_price: Money::from_rupees(100),
    }
}

fn saved(number: u128, quantity: u32) -> Line {
    Line { saved_for_later: true, ..line(number, quantity) }
}

fn variant(number: u128) -> VariantSnapshot {
    VariantSnapshot {
        variant_id: id(number),
        product_id: ProductId(Uuid::from_u128(number)),
        category_ids: Vec::new(),
        sku: format!("SKU-{number}"),
        title: "A kurta".to_owned(),
        options: "Blue, M".to_owned(),
        image: None,
        unit_price: Money::from_rupees(100),
        mrp: Money::from_rupees(150),
        hsn: "6211".to_owned(),
        gst_rate: Rate::from_percent(5),
        gst_rates: Vec::new(),
        weight_grams: 250,
        available: 10,
        max_per_order: 5,
        return_days: 30,
        on_sale: true,
    }
}

fn cart(lines: Vec<Line>) -> Cart {
    Cart { id: CartId(Uuid::from_u128(1)), version: 3, coupon_code: None, coupon_applied: false, lines }
}

fn priced(line_discounts: Vec<Money>) -> Offers {
    Offers::Priced(PricedBasket { line_discounts, shipping_discount: Money::ZERO, coupon: None, receipt: Vec::new() })
}

fn view_of(cart: &Cart, variants: Vec<VariantSnapshot>) -> contracts::cart::CartView {
    let discounts = vec![Money::ZERO; basket(cart, &variants).len()];
    compose(cart, Facts { variants, offers: priced(discounts), shipping: Shipping::NotAsked })
}

fn only_notice(cart: Cart, variants: Vec<VariantSnapshot>) -> (NoticeKind, String, bool) {
    let view = view_of(&cart, variants);
    assert_eq!(view.notices.len(), 1, "{:?}", view.notices);
    (view.notices[0].kind, view.notices[0].message.clone(), view.can_check_out)
}

#[test]
fn what_has_changed_is_said_and_what_cannot_be_ordered_stands_in_the_way() {
    let now = |change: fn(&mut VariantSnapshot)| {
        let mut changed = variant(1);
        change(&mut changed);
        only_notice(cart(vec![line(1, 3)]), vec![changed])
    };
    let said = |kind, message: &str, can_check_out| (kind, message.to_owned(), can_check_out);
    assert_eq!(
        now(|v| v.unit_price = Money::from_rupees(120)),
        said(NoticeKind::PriceUp, "A kurta costs ₹120.00 now, not ₹100.00.", true)
    );
    assert_eq!(
        now(|v| v.unit_price = Money::from_rupees(80)),
        said(NoticeKind::PriceDown, "A kurta costs only ₹80.00 now, not ₹100.00.", true)
    );
    assert_eq!(now(|v| v.available = 2), said(NoticeKind::LessStock, "Only 2 of A kurta are left.", false));
    assert_eq!(now(|v| v.available = 0), said(NoticeKind::OutOfStock, "A kurta is out of stock.", false));
    assert_eq!(now(|v| v.on_sale = false), said(NoticeKind::Gone, "A kurta is sold no longer.", false));
    assert_eq!(
        now(|v| v.max_per_order = 2),
        said(NoticeKind::OverLimit, "One order can have 2 of A kurta at most.", false)
    );
    let gone = only_notice(cart(vec![line(1, 3)]), Vec::new());
    assert_eq!(gone, said(NoticeKind::Gone, "An article is sold no longer.", false));
}

#[test]
fn what_is_saved_for_later_neither_costs_nor_hinders() {
    let sold_out = VariantSnapshot { available: 0, ..variant(2) };
    let view = view_of(&cart(vec![line(1, 2), saved(2, 1)]), vec![variant(1), sold_out]);
    assert_eq!(view.totals.goods, Money::from_rupees(200));
    assert!(view.can_check_out);
    assert_eq!(view.saved_for_later.len(), 1);
}

#[test]
fn discounts_fall_on_the_lines_that_were_priced() {
    let cart = cart(vec![line(1, 1), line(2, 1), line(3, 2)]);
    let variants = vec![variant(1), VariantSnapshot { on_sale: false, ..variant(2) }, variant(3)];
    let asked: Vec<_> = basket(&cart, &variants).iter().map(|line| line.variant_id).collect();
    assert_eq!(asked, [id(1), id(3)]);
    let offers = priced(vec![Money::from_rupees(10), Money::from_rupees(30)]);
    let view = compose(&cart, Facts { variants, offers, shipping: Shipping::NotAsked });
    let discounts: Vec<_> = view.lines.iter().map(|line| line.discount).collect();
    assert_eq!(discounts, [Money::from_rupees(10), Money::ZERO, Money::from_rupees(30)]);
    assert_eq!(view.totals.total, Money::from_rupees(260));
}

#[test]
fn a_coupon_that_no_longer_applies_is_named_with_its_reason() {
    let cart = Cart { coupon_code: Some("FLAT100".to_owned()), coupon_applied: true, ..cart(vec![line(1, 1)]) };
    let verdict = CouponVerdict { code: "FLAT100".to_owned(), applies: false, reason: "It has expired.".to_owned() };
    let offers = PricedBasket {
        line_discounts: vec![Money::ZERO],
        shipping_discount: Money::ZERO,
        coupon: Some(verdict),
        receipt: Vec::new(),
    };
    let facts = Facts { variants: vec![variant(1)], offers: Offers::Priced(offers), shipping: Shipping::NotAsked };
    let view = compose(&cart, facts);
    assert_eq!(view.notices[0].message, "FLAT100 no longer applies. It has expired.");
    assert!(view.can_check_out);
}

#[test]
fn without_offers_the_cart_is_shown_all_the_same() {
    let cart = cart(vec![line(1, 2)]);
    let facts = Facts { variants: vec![variant(1)], offers: Offers::Unknown, shipping: Shipping::NotAsked };
    let view = compose(&cart, facts);
    assert_eq!((view.totals.total, view.notices[0].kind), (Money::from_rupees(200), NoticeKind::OffersUnknown));
}

#[test]
fn a_merge_says_what_became_of_each_line() {
    let own = [line(1, 2), line(2, 4), saved(3, 1), line(4, 1)];
    let guest = [line(1, 1), line(2, 3), line(3, 2), saved(4, 5), line(5, 9), line(6, 5)];
    let merged = merge(&own, &guest, |_| 5);
    let said: Vec<_> = merged.changes.iter().map(|c| (c.variant_id, c.outcome, c.quantity)).collect();
    assert_eq!(
        said,
        [
            (id(1), MergeOutcome::Summed, 3),
            (id(2), MergeOutcome::Limited, 5),
            (id(3), MergeOutcome::MovedToCart, 2),
            (id(5), MergeOutcome::Limited, 5),
            (id(6), MergeOutcome::Added, 5),
        ]
    );
}

#[test]
fn a_full_cart_takes_more_of_what_it_has_and_no_more_lines() {
    let own: Vec<Line> = (0..99).map(|number| line(number, 1)).collect();
    let guest = [line(200, 1), line(201, 1), line(0, 1)];
    let merged = merge(&own, &guest, |_| 5);
    let said: Vec<_> = merged.changes.iter().map(|c| (c.variant_id, c.outcome, c.quantity)).collect();
    assert_eq!(
        said,
        [(id(200), MergeOutcome::Added, 1), (id(201), MergeOutcome::NoRoom, 0), (id(0), MergeOutcome::Summed, 2)]
    );
    assert_eq!((merged.changed.len(), merged.left), (2, vec![id(201)]));
}

prop_compose! {
    fn any_lines()(lines in prop::collection::btree_map(0u128..8, (1u32..=99, any::<bool>()), 0..8)) -> Vec<Line> {
        lines.into_iter().map(|(number, (quantity, saved_for_later))| Line { saved_for_later, ..line(number, quantity) }).collect()
    }
}

fn by_variant(lines: &[Line]) -> BTreeMap<VariantId, &Line> {
    lines.iter().map(|line| (line.variant_id, line)).collect()
}

/// The customer's cart as it is stored after a merge.
fn after(own: &[Line], changed: &[Line]) -> Vec<Line> {
    let changed = by_variant(changed);
    let kept = own.iter().filter(|line| !changed.contains_key(&line.variant_id));
    kept.chain(changed.values().copied()).cloned().collect()
}

proptest! {
    #[test]
    fn a_merge_loses_nothing_doubles_nothing_and_keeps_to_the_limits(own in any_lines(), guest in any_lines(), limit in 1u32..=99) {
        let merged = merge(&own, &guest, |_| limit);
        let result = after(&own, &merged.changed);
        let all: BTreeSet<_> = own.iter().chain(&guest).map(|line| line.variant_id).collect();
        prop_assert_eq!(result.len(), all.len());
        let (own, guest, result) = (by_variant(&own), by_variant(&guest), by_variant(&result));
        for variant in all {
            let (own, guest, result) = (own.get(&variant), guest.get(&variant), result[&variant]);
            prop_assert!((1..=99).contains(&result.quantity));
            // In the cart if either had it in the cart.
            let in_cart = [own, guest].iter().flatten().any(|line| !line.saved_for_later);
            prop_assert_eq!(result.saved_for_later, !in_cart);
            match (own, guest) {
                (Some(own), Some(guest)) if own.saved_for_later == guest.saved_for_later => {
                    let sum = own.quantity + guest.quantity;
                    prop_assert_eq!(result.quantity, sum.min(limit).max(own.quantity));
                }
                (Some(own), guest) if guest.is_none() || !own.saved_for_later => prop_assert_eq!(result.quantity, own.quantity),
                (_, Some(guest)) => prop_assert_eq!(result.quantity, guest.quantity.min(limit)),
                _ => prop_assert!(false, "a line from nowhere"),
            }
        }
    }

    #[test]
    fn merging_nothing_changes_nothing(own in any_lines()) {
        let merged = merge(&own, &[], |_| 99);
        prop_assert!(merged.changed.is_empty() && merged.changes.is_empty());
    }

    #[test]
    fn what_the_customer_is_told_is_what_is_stored(own in any_lines(), guest in any_lines(), limit in 1u32..=99) {
        let merged = merge(&own, &guest, |_| limit);
        let told: Vec<_> = merged.changes.iter().map(|change| (change.variant_id, change.quantity)).collect();
        let stored: Vec<_> = merged.changed.iter().map(|line| (line.variant_id, line.quantity)).collect();
        prop_assert_eq!(told, stored);
    }
}
