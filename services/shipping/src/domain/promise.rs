//! By when a parcel arrives. Parcels are handed over and delivered on working days: all but Sundays.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use types::Timestamp;

/// What is ordered before this hour, in India, is handed over on the same day.
pub const CUT_OFF_HOUR: i8 = 14;

/// The day on which a parcel that is ordered now is handed to the carrier.
pub fn dispatch_day(now: Timestamp) -> Date {
    let now = now.in_india();
    let today = now.date();
    if now.hour() < CUT_OFF_HOUR && is_working_day(today) { today } else { working_day_after(today) }
}

/// The day that is `working_days` after `dispatch`.
pub fn arrival(dispatch: Date, working_days: u8) -> Date {
    (0..working_days).fold(dispatch, |day, _| working_day_after(day))
}

fn working_day_after(day: Date) -> Date {
    let next = day.saturating_add(1.day());
    if is_working_day(next) { next } else { next.saturating_add(1.day()) }
}

fn is_working_day(day: Date) -> bool {
    day.weekday() != Weekday::Sunday
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn at(time: &str) -> Timestamp {
        Timestamp::new(time.parse().unwrap())
    }

    #[test]
    fn what_is_ordered_before_two_leaves_today() {
        // 2026-11-23 is a Monday.
        assert_eq!(dispatch_day(at("2026-11-23T13:59:59+05:30")), date(2026, 11, 23));
        assert_eq!(dispatch_day(at("2026-11-23T14:00:00+05:30")), date(2026, 11, 24));
    }

    #[test]
    fn nothing_leaves_or_arrives_on_a_sunday() {
        assert_eq!(dispatch_day(at("2026-11-28T15:00:00+05:30")), date(2026, 11, 30));
        assert_eq!(dispatch_day(at("2026-11-29T09:00:00+05:30")), date(2026, 11, 30));
        assert_eq!(arrival(date(2026, 11, 28), 1), date(2026, 11, 30));
        assert_eq!(arrival(date(2026, 11, 23), 6), date(2026, 11, 30));
    }

    #[test]
    fn the_day_is_indias_not_utcs() {
        // Half past eight in the evening in UTC is two in the morning of the next day in India.
        assert_eq!(dispatch_day(at("2026-11-23T20:30:00Z")), date(2026, 11, 24));
    }

    proptest! {
        #[test]
        fn a_promise_is_after_today_and_never_a_sunday(seconds in 1_700_000_000i64..4_000_000_000, days in 1u8..60) {
            let now = Timestamp::from_microseconds(seconds * 1_000_000);
            let arrives = arrival(dispatch_day(now), days);
            prop_assert!(arrives > now.date_in_india());
            prop_assert_ne!(arrives.weekday(), Weekday::Sunday);
            prop_assert!(arrival(dispatch_day(now), days + 1) > arrives);
        }
    }
}
