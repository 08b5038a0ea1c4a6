//! Money is a whole number of paise. It is added, subtracted and multiplied by quantities; it is divided only by
//! [`Money::allocate`], so that the parts always sum to the whole.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Rate;

/// An amount in paise (1/100 of an Indian rupee). On the wire a JSON integer of paise.
///
/// Arithmetic saturates at the bounds of `i64` (92 thousand billion rupees), which no price reaches: requests limit
/// quantities and prices far below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = i64, example = 49900)]
pub struct Money(i64);

impl Money {
    pub const ZERO: Money = Money(0);

    pub const fn from_paise(paise: i64) -> Self {
        Money(paise)
    }

    pub const fn from_rupees(rupees: i64) -> Self {
        Money(rupees.saturating_mul(100))
    }

    pub const fn paise(self) -> i64 {
        self.0
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount for a quantity of pieces at this unit price.
    pub fn times(self, quantity: u32) -> Self {
        Money(self.0.saturating_mul(i64::from(quantity)))
    }

    /// The share of this amount that a rate names, rounded half away from zero to the paisa.
    pub fn at(self, rate: Rate) -> Self {
        Self::rounded(Decimal::from(self.0) * rate.fraction())
    }

    /// The taxable value within a tax-inclusive amount: `amount / (1 + rate)`, rounded half away from zero to the paisa
    /// (CGST Rules 2017, rule 35: tax amount = value inclusive of tax x rate / (100 + rate)).
    pub fn net_of(self, rate: Rate) -> Self {
        let tax = Decimal::from(self.0) * rate.percent() / (Decimal::ONE_HUNDRED + rate.percent());
        self - Self::rounded(tax)
    }

    /// Splits the amount in proportion to `weights` by largest remainder: the parts sum to the whole, no part is more
    /// than a paisa from its exact share, and equal remainders go to the earlier part. Negative weights count as zero; if
    /// all weights are zero, the parts are as equal as can be. No parts for no weights.
    pub fn allocate(self, weights: &[i64]) -> Vec<Money> {
        if weights.is_empty() {
            return Vec::new();
        }
        let mut weights: Vec<i128> = weights.iter().map(|w| i128::from((*w).max(0))).collect();
        if weights.iter().all(|w| *w == 0) {
            weights.fill(1);
        }
        let total: i128 = weights.iter().sum();
        let amount = i128::from(self.0.unsigned_abs());
        let mut parts: Vec<i128> = weights.iter().map(|w| amount * w / total).collect();
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        by_remainder.sort_by_key(|i| std::cmp::Reverse(amount * weights[*i] % total));
        let left = amount - parts.iter().sum::<i128>();
        for i in by_remainder.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            parts[i] += 1;
        }
        let sign = self.0.signum();
        parts.into_iter().map(|p| Money(i64::try_from(p).unwrap_or(i64::MAX).saturating_mul(sign))).collect()
    }

    fn rounded(paise: Decimal) -> Self {
        let whole = paise.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        Money(whole.to_i64().unwrap_or(if whole.is_sign_negative() { i64::MIN } else { i64::MAX }))
    }
}

/// `₹1,23,456.70`: the Indian grouping of digits.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paise = self.0.unsigned_abs();
        let digits = (paise / 100).to_string();
        let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
        let mut grouped = String::new();
        for (i, c) in head.chars().enumerate() {
            if i > 0 && (head.len() - i) % 2 == 0 {
                grouped.push(',');
            }
            grouped.push(c);
        }
        if !head.is_empty() {
            grouped.push(',');
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}₹{grouped}{tail}.{:02}", paise % 100)
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

impl<'a> Sum<&'a Money> for Money {
    fn sum<I: Iterator<Item = &'a Money>>(amounts: I) -> Money {
        amounts.copied().sum()
    }
}

#[cfg(feature = "sqlx")]
crate::ids::transparent_column!(Money, i64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_in_indian_grouping() {
        let printed = |p| Money::from_paise(p).to_string();
        assert_eq!(printed(0), "₹0.00");
        assert_eq!(printed(5), "₹0.05");
        assert_eq!(printed(99_999), "₹999.99");
        assert_eq!(printed(100_000), "₹1,000.00");
        assert_eq!(printed(12_345_670), "₹1,23,456.70");
        assert_eq!(printed(-1_234_567_890), "-₹1,23,45,678.90");
    }

    #[test]
    fn takes_tax_out_of_an_inclusive_price() {
        let net = Money::from_rupees(118).net_of(Rate::from_percent(18));
        assert_eq!(net, Money::from_rupees(100));
        assert_eq!(Money::from_paise(99).net_of(Rate::ZERO), Money::from_paise(99));
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_stay_within_a_paisa(amount in -10_000_000i64..10_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..20)) {
            let parts = Money::from_paise(amount).allocate(&weights);
            prop_assert_eq!(parts.iter().sum::<Money>(), Money::from_paise(amount));
            let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
            if total > 0 {
                for (part, weight) in parts.iter().zip(&weights) {
                    let difference = i128::from(part.paise()) * total - i128::from(amount) * i128::from(*weight);
                    prop_assert!(difference.abs() < total);
                }
            }
        }

        #[test]
        fn net_and_tax_make_the_inclusive_amount(amount in 0i64..1_000_000_000, percent in 0u32..40) {
            let rate = Rate::from_percent(percent);
            let net = Money::from_paise(amount).net_of(rate);
            prop_assert!(net <= Money::from_paise(amount));
            let again = net + net.at(rate);
            prop_assert!((again - Money::from_paise(amount)).paise().abs() <= 1);
        }
    }
}
