//! GST rates by day and by price.

use std::collections::BTreeMap;

use contracts::product::GstRate;
use jiff::civil::Date;
use types::Money;

use super::catalogue::{Broken, broken};

/// Holds the rates of an HSN code against what makes each price of each day since the first have one.
///
/// # Errors
/// Two stand for the same price from the same day, a day has none for all prices, or the first day is after `today`.
pub fn check_rates(rates: &[GstRate], today: Date) -> Result<(), Broken> {
    let mut days: BTreeMap<Date, Vec<Money>> = BTreeMap::new();
    for (i, rate) in rates.iter().enumerate() {
        let above = days.entry(rate.effective_from).or_default();
        if above.contains(&rate.above) {
            return broken(format!("rates[{i}].above"), format!("stands twice for {}", rate.effective_from));
        }
        above.push(rate.above);
    }
    if let Some((day, _)) = days.iter().find(|(_, above)| !above.contains(&Money::ZERO)) {
        return broken("rates", format!("must have one for all prices (above 0) from {day} on"));
    }
    match days.first_key_value() {
        Some((first, _)) if *first <= today => Ok(()),
        _ => broken("rates", "must have one that is in effect"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use types::Rate;

    use super::*;

    fn rate(effective_from: Date, rupees: i64, percent: u32) -> GstRate {
        GstRate { effective_from, above: Money::from_rupees(rupees), rate: Rate::from_percent(percent) }
    }

    #[test]
    fn every_price_of_every_day_has_one_rate() {
        let (then, now) = (date(2017, 7, 1), date(2025, 9, 22));
        let rates = [rate(then, 0, 5), rate(then, 1050, 12), rate(now, 0, 5), rate(now, 2625, 18)];
        assert_eq!(check_rates(&rates, now), Ok(()));
        let refused = |rates: &[GstRate]| check_rates(rates, now).unwrap_err().to_string();
        assert_eq!(
            refused(&[rate(then, 0, 5), rate(now, 2625, 18)]),
            "rates must have one for all prices (above 0) from 2025-09-22 on"
        );
        assert_eq!(refused(&[rate(then, 0, 5), rate(then, 0, 12)]), "rates[1].above stands twice for 2017-07-01");
    }

    #[test]
    fn a_rate_to_come_needs_one_that_is() {
        let (now, next) = (date(2025, 9, 22), date(2026, 4, 1));
        assert_eq!(check_rates(&[rate(now, 0, 5), rate(next, 0, 12)], now), Ok(()));
        for rates in [&[rate(next, 0, 12)][..], &[]] {
            assert_eq!(check_rates(rates, now).unwrap_err().to_string(), "rates must have one that is in effect");
        }
    }
}
