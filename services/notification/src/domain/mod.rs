//! Who is told what, where and when.

mod decision;
mod lane;
mod rules;

pub use decision::{Decision, decide};
pub use lane::Lane;
pub use rules::{Desk, Rule, Urgency, desk, rule};

use std::time::Duration;

use contracts::auth::CodeChannel;
use contracts::notification::{AttemptOutcome, NotificationKind, NotificationStatus, Outlet};
use serde_json::Value;
use types::{CodeReference, Timestamp, UserId};
use uuid::Uuid;

/// Tries after which a message is given up.
pub const MOST_ATTEMPTS: i32 = 8;
/// The pause after the first failure; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 60 * 60);

/// Something that a customer, or a desk of the staff, is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub kind: NotificationKind,
    /// The customer; `None` for the desk that the kind belongs to.
    pub user_id: Option<UserId>,
    /// The order, return or cart that it is about.
    pub about: Option<Uuid>,
    /// The one-time code that it brings, and how.
    pub code: Option<(CodeReference, CodeChannel)>,
    /// What the template needs to know; no personal data, no code.
    pub data: Value,
}

impl Message {
    /// Where it goes.
    pub fn outlets(&self) -> Vec<Outlet> {
        match self.code {
            Some((_, CodeChannel::Email)) => vec![Outlet::Inbox, Outlet::Email],
            Some((_, CodeChannel::Sms)) => vec![Outlet::Inbox, Outlet::Sms],
            None => rule(self.kind).outlets.to_vec(),
        }
    }
}

/// What came of a try to send. The reasons are for staff, and without personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    Postponed {
        until: Timestamp,
    },
    Skipped(&'static str),
    /// Another try may succeed.
    Retry(String),
    /// No other try will.
    Failed(String),
}

/// How a message stands after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub status: NotificationStatus,
    pub outcome: AttemptOutcome,
    pub reason: String,
    /// When it is tried again, if it is.
    pub next_attempt_at: Option<Timestamp>,
}

/// `attempts` counts the tries, this one included.
pub fn settle(outcome: Outcome, attempts: i32, now: Timestamp) -> Settled {
    let (status, outcome, reason, next_attempt_at) = match outcome {
        Outcome::Sent => (NotificationStatus::Sent, AttemptOutcome::Sent, String::new(), None),
        Outcome::Postponed { until } => {
            (NotificationStatus::Queued, AttemptOutcome::Postponed, "quiet hours".to_owned(), Some(until))
        }
        Outcome::Skipped(reason) => (NotificationStatus::Skipped, AttemptOutcome::Skipped, reason.to_owned(), None),
        Outcome::Retry(reason) if attempts < MOST_ATTEMPTS => {
            (NotificationStatus::Queued, AttemptOutcome::Retry, reason, Some(now.plus(pause_after(attempts))))
        }
        Outcome::Retry(reason) | Outcome::Failed(reason) => {
            (NotificationStatus::Failed, AttemptOutcome::Failed, reason, None)
        }
    };
    Settled { status, outcome, reason, next_attempt_at }
}

/// 5 s, 20 s, 80 s ... 4 h: seven pauses, some nine hours in all.
fn pause_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 12)).unwrap_or(0) * 2;
    (FIRST_PAUSE * (1 << doublings.min(24))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_microseconds(0)
    }

    #[test]
    fn a_message_is_tried_eight_times_over_some_hours() {
        let mut at = now();
        for attempt in 1..MOST_ATTEMPTS {
            let settled = settle(Outcome::Retry("down".into()), attempt, at);
            assert_eq!(settled.status, NotificationStatus::Queued);
            at = settled.next_attempt_at.unwrap();
        }
        assert!((4..12).contains(&(at.since(now()).as_secs() / 3600)), "{:?}", at.since(now()));
        let last = settle(Outcome::Retry("down".into()), MOST_ATTEMPTS, at);
        assert_eq!((last.status, last.outcome), (NotificationStatus::Failed, AttemptOutcome::Failed));
    }

    #[test]
    fn a_refusal_for_good_is_not_tried_again() {
        let settled = settle(Outcome::Failed("SMTP 550".into()), 1, now());
        assert_eq!((settled.status, settled.next_attempt_at), (NotificationStatus::Failed, None));
    }

    proptest! {
        #[test]
        fn pauses_grow_up_to_a_bound(attempts in -3..100i32) {
            prop_assert!(pause_after(attempts) <= pause_after(attempts + 1));
            prop_assert!(pause_after(attempts) <= LONGEST_PAUSE);
        }
    }
}
