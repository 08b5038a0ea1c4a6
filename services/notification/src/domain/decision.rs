//! Whether a message may be sent to a customer now.

use std::time::Duration;

use contracts::notification::Outlet;
use contracts::user::Contact;
use types::Timestamp;

use super::{Rule, Urgency};

const MINUTES_OF_A_DAY: i64 = 24 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Send,
    /// Not before then.
    Wait {
        until: Timestamp,
    },
    Skip(&'static str),
}

/// The inbox does not ring: neither muting nor quiet hours concern it.
pub fn decide(rule: &Rule, outlet: Outlet, contact: &Contact, now: Timestamp) -> Decision {
    if outlet == Outlet::Email && !contact.email_verified && !rule.to_unverified {
        return Decision::Skip("the e-mail address is not verified");
    }
    let muted = contact.muted_channels.iter().any(|channel| channel == outlet.as_str());
    match rule.urgency {
        Urgency::Urgent => Decision::Send,
        Urgency::Marketing if !contact.marketing_consent => Decision::Skip("no consent to marketing"),
        _ if outlet == Outlet::Inbox => Decision::Send,
        Urgency::Useful | Urgency::Marketing if muted => Decision::Skip("muted"),
        _ => match end_of_quiet_hours(contact.quiet_hours, now) {
            Some(until) => Decision::Wait { until },
            None => Decision::Send,
        },
    }
}

/// When the quiet hours end, if it is quiet now. From and to are minutes after midnight in India; from > to spans midnight.
fn end_of_quiet_hours(quiet: Option<(u16, u16)>, now: Timestamp) -> Option<Timestamp> {
    let (from, to) = quiet.map(|(from, to)| (i64::from(from), i64::from(to)))?;
    let clock = now.in_india().time();
    let minute = i64::from(clock.hour()) * 60 + i64::from(clock.minute());
    let is_quiet = if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
    if !is_quiet {
        return None;
    }
    let minutes = u64::try_from((to - minute).rem_euclid(MINUTES_OF_A_DAY)).unwrap_or(0);
    let seconds_of_this_minute = u64::try_from(clock.second()).unwrap_or(0);
    Some(now.plus(Duration::from_secs(minutes * 60 - seconds_of_this_minute.min(minutes * 60))))
}

#[cfg(test)]
mod tests {
    use contracts::notification::NotificationKind as Kind;
    use proptest::prelude::*;
    use types::UserId;

    use super::*;
    use crate::domain::rule;

    fn at(text: &str) -> Timestamp {
        Timestamp::new(text.parse().unwrap())
    }

    fn contact() -> Contact {
        Contact {
            user_id: UserId::new(),
            name: "Asha Rao".into(),
            email: "asha@example.in".into(),
            email_verified: true,
            phone: None,
            locale: "en-IN".into(),
            marketing_consent: false,
            muted_channels: vec![],
            quiet_hours: None,
        }
    }

    #[test]
    fn quiet_hours_end_on_the_clock_of_india() {
        // 22:30:15 in Hyderabad.
        let late = at("2026-11-01T17:00:15Z");
        let overnight = Some((1320, 420));
        assert_eq!(end_of_quiet_hours(overnight, late), Some(at("2026-11-02T01:30:00Z")));
        assert_eq!(end_of_quiet_hours(overnight, at("2026-11-02T01:29:59Z")), Some(at("2026-11-02T01:30:00Z")));
        assert_eq!(end_of_quiet_hours(overnight, at("2026-11-02T01:30:00Z")), None);
        // 13:00 to 15:00, at 14:00.
        assert_eq!(end_of_quiet_hours(Some((780, 900)), at("2026-11-01T08:30:00Z")), Some(at("2026-11-01T09:30:00Z")));
    }

    #[test]
    fn what_is_urgent_is_sent_at_night_and_what_is_not_waits() {
        let sleeper = Contact { quiet_hours: Some((1320, 420)), ..contact() };
        let night = at("2026-11-01T19:00:00Z");
        assert_eq!(decide(&rule(Kind::AccountLocked), Outlet::Email, &sleeper, night), Decision::Send);
        let wait = Decision::Wait { until: at("2026-11-02T01:30:00Z") };
        assert_eq!(decide(&rule(Kind::OrderConfirmed), Outlet::Email, &sleeper, night), wait);
        assert_eq!(decide(&rule(Kind::OrderConfirmed), Outlet::Inbox, &sleeper, night), Decision::Send);
    }

    #[test]
    fn an_address_that_is_not_verified_gets_nothing_but_what_verifies_it() {
        let stranger = Contact { email_verified: false, marketing_consent: true, ..contact() };
        let now = at("2026-11-01T08:00:00Z");
        for kind in Kind::ALL {
            let by_mail = decide(&rule(*kind), Outlet::Email, &stranger, now);
            match kind {
                Kind::VerificationCode | Kind::Welcome => assert_eq!(by_mail, Decision::Send),
                _ => assert_eq!(by_mail, Decision::Skip("the e-mail address is not verified"), "{kind}"),
            }
            assert_eq!(decide(&rule(*kind), Outlet::Inbox, &stranger, now), Decision::Send);
        }
    }

    #[test]
    fn a_muted_channel_is_passed_over_unless_money_or_safety_is_at_stake() {
        let muted = Contact { muted_channels: vec!["email".into()], ..contact() };
        let now = at("2026-11-01T08:00:00Z");
        assert_eq!(decide(&rule(Kind::OrderShipped), Outlet::Email, &muted, now), Decision::Skip("muted"));
        assert_eq!(decide(&rule(Kind::OrderShipped), Outlet::Sms, &muted, now), Decision::Send);
        assert_eq!(decide(&rule(Kind::OrderShipped), Outlet::Inbox, &muted, now), Decision::Send);
        assert_eq!(decide(&rule(Kind::RefundSucceeded), Outlet::Email, &muted, now), Decision::Send);
        assert_eq!(decide(&rule(Kind::PasswordChanged), Outlet::Email, &muted, now), Decision::Send);
    }

    #[test]
    fn marketing_needs_consent_even_in_the_inbox() {
        let now = at("2026-11-01T08:00:00Z");
        let agreed = Contact { marketing_consent: true, ..contact() };
        for outlet in [Outlet::Inbox, Outlet::Email] {
            let refused = decide(&rule(Kind::CartAbandoned), outlet, &contact(), now);
            assert_eq!(refused, Decision::Skip("no consent to marketing"));
            assert_eq!(decide(&rule(Kind::CartAbandoned), outlet, &agreed, now), Decision::Send);
        }
    }

    proptest! {
        #[test]
        fn quiet_hours_end_within_a_day_and_then_it_is_not_quiet(from in 0..1440u16, to in 0..1440u16, second in 0..200_000i64) {
            let now = Timestamp::from_microseconds(second * 1_000_000);
            if let Some(end) = end_of_quiet_hours(Some((from, to)), now) {
                prop_assert!(end > now && end.since(now) <= Duration::from_secs(24 * 3600));
                prop_assert_eq!(end_of_quiet_hours(Some((from, to)), end), None);
            }
        }
    }
}
