//! Where one try to pay can go.

use std::time::Duration;

use contracts::payment::AttemptStatus::{self, Authorized, Created, Failed, Pending, Succeeded, Unknown};
use types::Timestamp;

types::text_enum! {
    /// What a provider says of a payment, whichever way it says it: in its answer, by webhook or when asked.
    pub enum Reported {
        Pending = "pending",
        Authorized = "authorized",
        Captured = "captured",
        Failed = "failed",
    }
}

/// Every transition; what is not here does not happen. Reports come late, twice and out of order, so the table goes one way
/// only, and its end does not depend on the way. Money that came is a fact: a capture overrules a failure, never the reverse.
const TRANSITIONS: &[(AttemptStatus, Reported, AttemptStatus)] = &[
    (Created, Reported::Pending, Pending),
    (Created, Reported::Authorized, Authorized),
    (Created, Reported::Captured, Succeeded),
    (Created, Reported::Failed, Failed),
    (Unknown, Reported::Pending, Pending),
    (Unknown, Reported::Authorized, Authorized),
    (Unknown, Reported::Captured, Succeeded),
    (Unknown, Reported::Failed, Failed),
    (Pending, Reported::Authorized, Authorized),
    (Pending, Reported::Captured, Succeeded),
    (Pending, Reported::Failed, Failed),
    (Authorized, Reported::Captured, Succeeded),
    (Authorized, Reported::Failed, Failed),
    (Failed, Reported::Captured, Succeeded),
];

/// Where a report takes an attempt; `None` if it says nothing new.
pub fn advance(from: AttemptStatus, reported: Reported) -> Option<AttemptStatus> {
    TRANSITIONS.iter().find(|(at, report, _)| *at == from && *report == reported).map(|(_, _, to)| *to)
}

/// A failure is not the last word: the page stays open for another try, and Razorpay asks a bank that did not answer for three days
/// (five, in older pages: https://razorpay.com/docs/payments/dashboard/account-settings/capture-refund, "late authorization").
const LAST_WORD: Duration = Duration::from_secs(5 * 24 * 3600);
const FIRST_PAUSE: Duration = Duration::from_secs(3600);

/// When the provider is asked again about an attempt that failed, in case money came all the same and nobody told us: after an
/// hour, then whenever its age has doubled, and at the very end. `None` after that.
pub fn ask_again_at(created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let (age, last) = (now.since(created_at), created_at.plus(LAST_WORD));
    (now < last).then(|| now.plus(age.max(FIRST_PAUSE)).min(last))
}

/// Is the provider still to be asked?
pub fn is_undecided(status: AttemptStatus) -> bool {
    !matches!(status, Succeeded | Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_final_and_a_failure_is_not_undone_by_older_news() {
        for reported in Reported::ALL {
            assert_eq!(advance(Succeeded, *reported), None);
        }
        assert_eq!(advance(Failed, Reported::Authorized), None);
        assert_eq!(advance(Failed, Reported::Pending), None);
        assert_eq!(advance(Failed, Reported::Captured), Some(Succeeded));
    }

    #[test]
    fn a_failure_is_asked_about_seldom_and_once_more_at_the_end() {
        const HOUR: Duration = Duration::from_secs(3600);
        let created = Timestamp::from_microseconds(0);
        let (mut now, mut asked) = (created.plus(HOUR / 3), Vec::new());
        while let Some(next) = ask_again_at(created, now) {
            assert!(next.since(now) >= HOUR || next == created.plus(LAST_WORD), "{asked:?}");
            asked.push(next.since(created).as_secs() / 3600);
            now = next;
        }
        assert_eq!(asked, [1, 2, 5, 10, 21, 42, 85, 120]);
    }

    #[test]
    fn every_undecided_attempt_can_be_decided() {
        for status in AttemptStatus::ALL.iter().copied().filter(|s| is_undecided(*s)) {
            assert_eq!(advance(status, Reported::Captured), Some(Succeeded), "{status}");
            assert_eq!(advance(status, Reported::Failed), Some(Failed), "{status}");
        }
    }
}
