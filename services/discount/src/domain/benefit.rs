//! What one rule takes off what is left of a basket.

use std::cmp::Reverse;

use contracts::discount::{CouponBenefit, PromotionBenefit, ValueTier, VolumeTier};
use types::{Money, ProductId};

use super::basket::Basket;

#[derive(Clone, Copy)]
pub enum Benefit<'a> {
    Coupon(&'a CouponBenefit),
    Promotion(&'a PromotionBenefit),
}

/// What a rule takes off.
pub struct Saving {
    /// Of each line of the basket; never more than what was left of it.
    pub lines: Vec<Money>,
    pub shipping: Money,
    /// Why, in words for the customer.
    pub reason: String,
}

/// What the rules before have left of the basket.
pub struct Left {
    pub lines: Vec<Money>,
    /// Absent while the charge is not known.
    pub shipping: Option<Money>,
}

impl Benefit<'_> {
    /// # Errors
    /// Why it takes nothing off, in words for the customer.
    pub fn saving(self, basket: &Basket, within: &[usize], left: &Left) -> Result<Saving, String> {
        let free_shipping = matches!(self, Benefit::Coupon(CouponBenefit::FreeShipping {}));
        if within.is_empty() {
            return Err("Nothing in the basket takes part.".to_owned());
        }
        if free_shipping {
            if left.shipping.is_some_and(Money::is_zero) {
                return Err("Shipping is free without it.".to_owned());
            }
            let lines = vec![Money::ZERO; left.lines.len()];
            let reason = "Shipping is free.".to_owned();
            return Ok(Saving { lines, shipping: left.shipping.unwrap_or_default(), reason });
        }
        let (lines, reason) = match self {
            Benefit::Coupon(CouponBenefit::FreeShipping {}) => (Vec::new(), String::new()),
            Benefit::Coupon(CouponBenefit::Percentage { rate, cap }) => {
                let share = total(within, left).at(*rate);
                let off = cap.map_or(share, |cap| share.min(cap));
                let at_most = if off < share { format!(", at most {off}") } else { String::new() };
                (spread(off, within, left), format!("{rate} off{at_most}."))
            }
            Benefit::Coupon(CouponBenefit::FixedAmount { amount }) => {
                let off = (*amount).min(total(within, left));
                (spread(off, within, left), format!("{off} off."))
            }
            Benefit::Promotion(PromotionBenefit::BuyGet { buy, get }) => {
                let (free, lines) = cheapest_free(*buy, *get, basket, within, left)?;
                let pieces = if free == 1 { "1 piece is free".to_owned() } else { format!("{free} pieces are free") };
                (lines, format!("{pieces}, the cheapest of all that take part."))
            }
            Benefit::Promotion(PromotionBenefit::Bundle { product_ids, price }) => {
                let (sets, lines) = bundles(product_ids, *price, basket, within, left)?;
                let times = if sets == 1 { String::new() } else { format!(" {sets} times") };
                (lines, format!("Together for {price}{times}."))
            }
            Benefit::Promotion(PromotionBenefit::Volume { tiers }) => {
                let pieces = pieces(basket, within);
                let VolumeTier { rate, .. } = reached(tiers, |tier| u64::from(tier.pieces) <= pieces)
                    .map_err(|tier| format!("{} more to get {} off.", u64::from(tier.pieces) - pieces, tier.rate))?;
                (spread(total(within, left).at(rate), within, left), format!("{rate} off for {pieces} pieces."))
            }
            Benefit::Promotion(PromotionBenefit::BasketValue { tiers }) => {
                let amounts = basket.amounts();
                let value: Money = within.iter().map(|n| amounts[*n]).sum();
                let ValueTier { from, amount } = reached(tiers, |tier| tier.from <= value)
                    .map_err(|tier| format!("Goods for {} more to get {} off.", tier.from - value, tier.amount))?;
                let off = amount.min(total(within, left));
                (spread(off, within, left), format!("{off} off from {from} on."))
            }
        };
        if lines.iter().all(|part| part.is_zero()) {
            return Err("Nothing is left that it could take off.".to_owned());
        }
        Ok(Saving { lines, shipping: Money::ZERO, reason })
    }
}

/// The last tier that is reached; if none is, the first.
fn reached<T: Copy>(tiers: &[T], is_reached: impl Fn(&T) -> bool) -> Result<T, T> {
    match tiers.iter().rev().find(|tier| is_reached(tier)) {
        Some(tier) => Ok(*tier),
        // A promotion has a tier at least: the request that made it was refused otherwise.
        None => Err(tiers[0]),
    }
}

fn total(within: &[usize], left: &Left) -> Money {
    within.iter().map(|n| left.lines[*n]).sum()
}

fn pieces(basket: &Basket, within: &[usize]) -> u64 {
    within.iter().map(|n| u64::from(basket.lines[*n].quantity)).sum()
}

/// `off`, at most what is left, over the lines in proportion to what is left of each.
fn spread(off: Money, within: &[usize], left: &Left) -> Vec<Money> {
    let weights: Vec<i64> = within.iter().map(|n| left.lines[*n].paise()).collect();
    let mut lines = vec![Money::ZERO; left.lines.len()];
    if weights.iter().any(|weight| *weight > 0) {
        for (n, part) in within.iter().zip(off.allocate(&weights)) {
            lines[*n] = part;
        }
    }
    lines
}

/// What is left of so many pieces of a line. What other rules took off the line, they took off all its pieces alike: it is not
/// taken off twice, and pieces cost the same on one line as on several.
fn left_of(pieces: u32, n: usize, basket: &Basket, left: &Left) -> Money {
    let others = basket.lines[n].quantity.saturating_sub(pieces);
    left.lines[n].allocate(&[i64::from(pieces), i64::from(others)])[0]
}

/// How many pieces are free, and what comes off each line.
fn cheapest_free(
    buy: u32,
    get: u32,
    basket: &Basket,
    within: &[usize],
    left: &Left,
) -> Result<(u64, Vec<Money>), String> {
    let (pieces, group) = (pieces(basket, within), u64::from(buy) + u64::from(get));
    let free = pieces / group * u64::from(get);
    if free == 0 {
        return Err(format!("{} more to get {get} free.", group - pieces));
    }
    let mut cheapest_first = within.to_vec();
    // A stable sort: of equally cheap pieces those of the earlier variant are free.
    cheapest_first.sort_by_key(|n| basket.lines[*n].unit_price);
    let mut lines = vec![Money::ZERO; left.lines.len()];
    let mut to_give = free;
    for n in cheapest_first {
        let line = basket.lines[n];
        let given = u32::try_from(to_give.min(u64::from(line.quantity))).unwrap_or(line.quantity);
        lines[n] = left_of(given, n, basket, left);
        to_give -= u64::from(given);
    }
    Ok((free, lines))
}

/// How many bundles there are, and what comes off each line: the dearest variants of a product are bundled first.
fn bundles(
    products: &[ProductId],
    price: Money,
    basket: &Basket,
    within: &[usize],
    left: &Left,
) -> Result<(u64, Vec<Money>), String> {
    let of = |product: &ProductId| -> Vec<usize> {
        within.iter().copied().filter(|n| basket.lines[*n].product_id == *product).collect()
    };
    let sets = products.iter().map(|product| pieces(basket, &of(product))).min().unwrap_or_default();
    if sets == 0 {
        let there = products.iter().filter(|product| !of(product).is_empty()).count();
        return Err(format!("{there} of the {} products that it takes are in the basket.", products.len()));
    }
    let mut bundled = vec![Money::ZERO; left.lines.len()];
    for product in products {
        let mut dearest_first = of(product);
        dearest_first.sort_by_key(|n| Reverse(basket.lines[*n].unit_price));
        let mut to_take = sets;
        for n in dearest_first {
            let line = basket.lines[n];
            let taken = u32::try_from(to_take.min(u64::from(line.quantity))).unwrap_or(line.quantity);
            bundled[n] = left_of(taken, n, basket, left);
            to_take -= u64::from(taken);
        }
    }
    let (cost, price) = (bundled.iter().sum::<Money>(), price.times(u32::try_from(sets).unwrap_or(u32::MAX)));
    if cost <= price {
        return Err("The products cost no more by themselves.".to_owned());
    }
    let weights: Vec<i64> = bundled.iter().map(|amount| amount.paise()).collect();
    Ok((sets, (cost - price).allocate(&weights)))
}
