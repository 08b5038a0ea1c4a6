//! The goods and services tax within a price.
//!
//! Prices include the tax. On goods that stay in the seller's state it is half central and half state tax (CGST and SGST),
//! otherwise integrated tax (IGST Act 2017, sections 7 and 8); the place of supply is where the delivery ends (section 10
//! (1) (a)). Each tax is taken out of the price on its own and rounded half up to the paisa (CGST Rules 2017, rule 35: value
//! inclusive of tax x rate of the tax / (100 + sum of the rates)), and the rest is the taxable value. So central and state tax
//! are always equal, as they are the same rate of the same value; an odd paisa goes to the taxable value.

use std::iter::Sum;
use std::ops::{Add, Sub};

use contracts::order::TaxSplit;
use types::{Money, Rate, StateCode};

/// The seller's state.
pub const SELLER_STATE: StateCode = StateCode::TELANGANA;

/// Which taxes are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// CGST and SGST.
    IntraState,
    /// IGST.
    InterState,
}

impl Supply {
    pub fn to(place: StateCode) -> Self {
        if place == SELLER_STATE { Supply::IntraState } else { Supply::InterState }
    }
}

/// The tax within an amount: the four sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tax {
    pub taxable: Money,
    pub cgst: Money,
    pub sgst: Money,
    pub igst: Money,
}

impl Tax {
    /// The tax at `rate` within a tax-inclusive amount, which is not negative.
    pub fn within(amount: Money, rate: Rate, supply: Supply) -> Self {
        match supply {
            Supply::IntraState => {
                let half = part(amount, 1, rate, 2);
                Tax { taxable: amount - half - half, cgst: half, sgst: half, igst: Money::ZERO }
            }
            Supply::InterState => {
                let igst = part(amount, 1, rate, 1);
                Tax { taxable: amount - igst, cgst: Money::ZERO, sgst: Money::ZERO, igst }
            }
        }
    }

    /// The tax within `amount` as the next piece of a larger amount, of which `before` was taken already: the difference of
    /// two running totals. So the pieces sum to the tax within the whole, whatever their sizes and their order.
    pub fn within_next(before: Money, amount: Money, rate: Rate, supply: Supply) -> Self {
        Tax::within(before + amount, rate, supply) - Tax::within(before, rate, supply)
    }

    pub fn total(self) -> Money {
        self.taxable + self.cgst + self.sgst + self.igst
    }
}

/// `amount` x (`rate` x `numerator` / `denominator`) / (1 + `rate`), rounded half up.
fn part(amount: Money, numerator: i128, rate: Rate, denominator: i128) -> Money {
    let rate = i128::from(rate.basis_points());
    let dividend = i128::from(amount.paise()) * rate * numerator;
    let divisor = (10_000 + rate) * denominator;
    let rounded = (2 * dividend + divisor).div_euclid(2 * divisor);
    Money::from_paise(i64::try_from(rounded).unwrap_or(i64::MAX))
}

impl Add for Tax {
    type Output = Tax;
    fn add(self, other: Tax) -> Tax {
        Tax {
            taxable: self.taxable + other.taxable,
            cgst: self.cgst + other.cgst,
            sgst: self.sgst + other.sgst,
            igst: self.igst + other.igst,
        }
    }
}

impl Sub for Tax {
    type Output = Tax;
    fn sub(self, other: Tax) -> Tax {
        Tax {
            taxable: self.taxable - other.taxable,
            cgst: self.cgst - other.cgst,
            sgst: self.sgst - other.sgst,
            igst: self.igst - other.igst,
        }
    }
}

impl Sum for Tax {
    fn sum<I: Iterator<Item = Tax>>(parts: I) -> Tax {
        parts.fold(Tax::default(), Add::add)
    }
}

impl From<Tax> for TaxSplit {
    fn from(tax: Tax) -> Self {
        TaxSplit { taxable: tax.taxable, cgst: tax.cgst, sgst: tax.sgst, igst: tax.igst }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EIGHTEEN: Rate = Rate::from_percent(18);

    fn paise(amount: i64) -> Money {
        Money::from_paise(amount)
    }

    #[test]
    fn within_the_state_it_is_half_central_and_half_state_tax() {
        let tax = Tax::within(Money::from_rupees(118), EIGHTEEN, Supply::to(StateCode::TELANGANA));
        let nine = Money::from_rupees(9);
        assert_eq!(tax, Tax { taxable: Money::from_rupees(100), cgst: nine, sgst: nine, igst: Money::ZERO });
    }

    #[test]
    fn to_another_state_it_is_integrated_tax() {
        let karnataka: StateCode = "29".parse().unwrap();
        let tax = Tax::within(Money::from_rupees(118), EIGHTEEN, Supply::to(karnataka));
        assert_eq!((tax.taxable, tax.igst), (Money::from_rupees(100), Money::from_rupees(18)));
        assert_eq!((tax.cgst, tax.sgst), (Money::ZERO, Money::ZERO));
    }

    #[test]
    fn an_odd_paisa_goes_to_the_taxable_value() {
        // 5 % within Rs 99.99 is 4.7614...: 2.3807... for each of the two, so 2.38.
        let tax = Tax::within(paise(9_999), Rate::from_percent(5), Supply::IntraState);
        assert_eq!(tax, Tax { taxable: paise(9_523), cgst: paise(238), sgst: paise(238), igst: Money::ZERO });
        // A quarter of a per cent, on rough diamonds, has halves of an eighth.
        let tax = Tax::within(paise(1_000_000), Rate::from_basis_points(25), Supply::IntraState);
        assert_eq!((tax.cgst, tax.sgst), (paise(1_247), paise(1_247)));
    }

    fn any_supply() -> impl Strategy<Value = Supply> {
        prop::sample::select(vec![Supply::IntraState, Supply::InterState])
    }

    fn any_rate() -> impl Strategy<Value = Rate> {
        prop::sample::select(vec![0, 25, 300, 500, 1200, 1800, 2800, 4000]).prop_map(Rate::from_basis_points)
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_amount_and_are_not_negative(
            amount in 0i64..100_000_000_000, rate in any_rate(), supply in any_supply()
        ) {
            let tax = Tax::within(paise(amount), rate, supply);
            prop_assert_eq!(tax.total(), paise(amount));
            prop_assert_eq!(tax.cgst, tax.sgst);
            for part in [tax.taxable, tax.cgst, tax.igst] {
                prop_assert!(!part.is_negative());
            }
        }

        #[test]
        fn the_tax_is_what_the_rate_says_of_the_taxable_value(
            amount in 0i64..100_000_000_000, rate in any_rate(), supply in any_supply()
        ) {
            let tax = Tax::within(paise(amount), rate, supply);
            let due = tax.taxable.at(rate);
            prop_assert!((tax.cgst + tax.sgst + tax.igst - due).paise().abs() <= 1, "{:?} {:?}", tax, due);
        }

        #[test]
        fn pieces_sum_to_the_whole(
            pieces in prop::collection::vec(2i64..1_000_000, 1..12), rate in any_rate(), supply in any_supply()
        ) {
            let (mut before, mut sum) = (Money::ZERO, Tax::default());
            for piece in pieces.into_iter().map(paise) {
                let tax = Tax::within_next(before, piece, rate, supply);
                prop_assert_eq!(tax.total(), piece);
                prop_assert_eq!(tax.cgst, tax.sgst);
                // From two paise on; a single paisa may be all tax.
                prop_assert!(!tax.taxable.is_negative() && !tax.cgst.is_negative() && !tax.igst.is_negative());
                before += piece;
                sum = sum + tax;
            }
            prop_assert_eq!(sum, Tax::within(before, rate, supply));
        }
    }
}
