//! All rules together.
//!
//! Rules are applied in the order of their priority, each to what the ones before have left. All that are stackable are
//! applied; of those that are not, only the one with which the customer pays least.

use std::cmp::Reverse;

use contracts::discount::{BasketLine, CouponVerdict, PricedBasket, Promotion, RuleScope, RuleVerdict};
use types::{Money, Timestamp};
use uuid::Uuid;

use super::basket::Basket;
use super::benefit::{Benefit, Left, Saving};
use super::coupon::{self, CouponCase};
use super::out_of_schedule;

/// A basket with all that its price depends on.
#[derive(Clone, Copy, Debug)]
pub struct Pricing<'a> {
    pub lines: &'a [BasketLine],
    /// The shipping charge, if it is known.
    pub shipping: Option<Money>,
    pub promotions: &'a [Promotion],
    /// Absent if the customer named none.
    pub coupon: Option<&'a CouponCase>,
    pub now: Timestamp,
}

/// What the basket costs less, with a verdict on every rule. The same lines in another order cost the same.
pub fn price(pricing: Pricing) -> PricedBasket {
    let basket = Basket::new(pricing.lines);
    let rules = rules(&pricing, &basket);
    let exclusive: Vec<usize> = (0..rules.len()).filter(|n| rules[*n].is_exclusive()).collect();
    let without = apply(&rules, None, &basket, &pricing);
    let with_one: Vec<(usize, Outcome)> =
        exclusive.iter().map(|n| (*n, apply(&rules, Some(*n), &basket, &pricing))).collect();
    let mut best = (None, &without);
    for (n, outcome) in &with_one {
        if outcome.score() > best.1.score() {
            best = (Some(*n), outcome);
        }
    }
    let (chosen, outcome) = best;

    let mut receipt = Vec::with_capacity(rules.len() + 1);
    for (n, rule) in rules.iter().enumerate() {
        let alone = with_one.iter().find(|(one, _)| *one == n).map(|(_, outcome)| &outcome.verdicts[n]);
        let verdict = match (&outcome.verdicts[n], alone, chosen) {
            (None, Some(Some(Ok(_))), Some(better)) => &Some(Err(format!(
                "It cannot be combined with '{}', which saves at least as much.",
                rules[better].name
            ))),
            // What it would take off, the stackable rules take off without it.
            (None, Some(Some(Ok(_))), None) => &Some(Err("It saves nothing beyond the other offers.".to_owned())),
            (None, Some(verdict), _) => verdict,
            (verdict, ..) => verdict,
        };
        receipt.push(rule.verdict(verdict.as_ref()));
    }
    let coupon = pricing.coupon.map(|case| match case {
        CouponCase::Unknown { code } => {
            let verdict = refused(code.clone(), coupon::UNKNOWN.to_owned());
            receipt.push(verdict.clone());
            verdict
        }
        CouponCase::Known { .. } => {
            let of_coupon = rules.iter().position(|rule| rule.is_coupon).map(|n| receipt[n].clone());
            of_coupon.unwrap_or_else(|| refused(String::new(), String::new()))
        }
    });
    PricedBasket {
        line_discounts: basket.as_sent(&outcome.lines),
        shipping_discount: outcome.shipping,
        coupon: coupon.map(|RuleVerdict { rule, applied, reason, .. }| CouponVerdict {
            code: rule,
            applies: applied,
            reason,
        }),
        receipt,
    }
}

struct Rule<'a> {
    name: &'a str,
    is_coupon: bool,
    benefit: Benefit<'a>,
    scope: &'a RuleScope,
    stackable: bool,
    /// Why it is not even tried.
    refusal: Option<String>,
}

/// What becomes of a basket under some of the rules.
struct Outcome {
    lines: Vec<Money>,
    shipping: Money,
    /// One for each rule; nothing for those that were not tried.
    verdicts: Vec<Option<Result<Applied, String>>>,
}

#[derive(Clone)]
struct Applied {
    amount: Money,
    reason: String,
}

impl Rule<'_> {
    /// Is it one of those of which only the best is applied?
    fn is_exclusive(&self) -> bool {
        !self.stackable && self.refusal.is_none()
    }

    fn verdict(&self, verdict: Option<&Result<Applied, String>>) -> RuleVerdict {
        match verdict {
            Some(Ok(Applied { amount, reason })) => {
                RuleVerdict { rule: self.name.to_owned(), applied: true, reason: reason.clone(), amount: *amount }
            }
            Some(Err(reason)) => refused(self.name.to_owned(), reason.clone()),
            None => refused(self.name.to_owned(), self.refusal.clone().unwrap_or_default()),
        }
    }
}

impl Outcome {
    /// The greater the better for the customer: what is saved, then how many rules apply (free shipping saves nothing as long
    /// as the charge is not known).
    fn score(&self) -> (Money, usize) {
        let applied = self.verdicts.iter().filter(|verdict| matches!(verdict, Some(Ok(_)))).count();
        (self.lines.iter().sum::<Money>() + self.shipping, applied)
    }
}

/// All rules in the order in which they are applied.
fn rules<'a>(pricing: &Pricing<'a>, basket: &Basket) -> Vec<Rule<'a>> {
    let promotion = |p: &'a Promotion| {
        let refusal = out_of_schedule(p.active, p.starts_at, p.ends_at, pricing.now).map(str::to_owned);
        let rule = Rule {
            name: &p.name,
            is_coupon: false,
            benefit: Benefit::Promotion(&p.benefit),
            scope: &p.scope,
            stackable: p.stackable,
            refusal,
        };
        ((Reverse(p.priority), p.id.0), rule)
    };
    let mut rules: Vec<((Reverse<i32>, Uuid), Rule<'a>)> = pricing.promotions.iter().map(promotion).collect();
    if let Some(CouponCase::Known { coupon, standing }) = pricing.coupon {
        let refusal = coupon::refusal(coupon, *standing, pricing.now);
        let rule = Rule {
            name: &coupon.code,
            is_coupon: true,
            benefit: Benefit::Coupon(&coupon.benefit),
            scope: &coupon.scope,
            stackable: coupon.stackable,
            refusal: refusal.or_else(|| coupon::too_small(coupon, basket.value())),
        };
        // After the promotions of the same priority.
        rules.push(((Reverse(coupon.priority), Uuid::max()), rule));
    }
    rules.sort_by_key(|(place, _)| *place);
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// Applies all stackable rules and this one of the others.
fn apply(rules: &[Rule], one: Option<usize>, basket: &Basket, pricing: &Pricing) -> Outcome {
    let before = basket.amounts();
    let mut left = Left { lines: before.clone(), shipping: pricing.shipping.map(|charge| charge.max(Money::ZERO)) };
    let mut off_shipping = Money::ZERO;
    let mut verdicts = Vec::with_capacity(rules.len());
    for (n, rule) in rules.iter().enumerate() {
        if rule.refusal.is_some() || !(rule.stackable || one == Some(n)) {
            verdicts.push(None);
            continue;
        }
        let saving = rule.benefit.saving(basket, &basket.within(rule.scope), &left);
        verdicts.push(Some(saving.map(|Saving { lines, shipping, reason }| {
            for (left, part) in left.lines.iter_mut().zip(&lines) {
                *left -= *part;
            }
            left.shipping = left.shipping.map(|charge| charge - shipping);
            off_shipping += shipping;
            Applied { amount: lines.iter().sum::<Money>() + shipping, reason }
        })));
    }
    let lines = before.iter().zip(&left.lines).map(|(before, left)| *before - *left).collect();
    Outcome { lines, shipping: off_shipping, verdicts }
}

fn refused(rule: String, reason: String) -> RuleVerdict {
    RuleVerdict { rule, applied: false, reason, amount: Money::ZERO }
}
