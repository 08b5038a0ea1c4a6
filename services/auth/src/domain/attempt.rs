//! Lock-out: after some attempts that did not succeed, each further one has to wait, longer each time.

use std::time::Duration;

use types::Timestamp;

/// Attempts before the first lock.
pub const FREE: i32 = 5;
const FIRST_LOCK: Duration = Duration::from_secs(60);
const LONGEST_LOCK: Duration = Duration::from_secs(60 * 60);
/// Attempts are forgotten when there was none for so long.
pub const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// The attempts at one thing so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub count: i32,
    pub last_at: Option<Timestamp>,
    pub locked_until: Option<Timestamp>,
}

/// No attempt before this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    pub until: Timestamp,
}

impl Attempts {
    /// One more attempt, counted before it is known whether it succeeds: many at once get no more than one after another. A
    /// success then forgets them all.
    ///
    /// # Errors
    /// [`Lock`] if there may be none now; it is not counted then, so that a lock ends.
    pub fn one_more(self, now: Timestamp) -> Result<Attempts, Lock> {
        if let Some(until) = self.locked_until
            && now < until
        {
            return Err(Lock { until });
        }
        let remembered = self.last_at.is_some_and(|last| now.since(last) < MEMORY);
        let count = if remembered { self.count.saturating_add(1) } else { 1 };
        Ok(Attempts { count, last_at: Some(now), locked_until: lock_after(count).map(|lock| now.plus(lock)) })
    }
}

/// 1 min after the fifth, 2 min after the sixth, 4 min ... up to 1 h.
fn lock_after(count: i32) -> Option<Duration> {
    let doublings = u32::try_from(count.checked_sub(FREE)?).ok()?;
    Some(FIRST_LOCK.saturating_mul(2u32.saturating_pow(doublings.min(16))).min(LONGEST_LOCK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_microseconds(1_800_000_000_000_000)
    }

    #[test]
    fn the_fifth_attempt_locks_for_a_minute_the_next_for_two() {
        let mut attempts = Attempts::default();
        for _ in 0..4 {
            attempts = attempts.one_more(now()).unwrap();
            assert_eq!(attempts.locked_until, None);
        }
        attempts = attempts.one_more(now()).unwrap();
        let until = now().plus(Duration::from_secs(60));
        assert_eq!(attempts.locked_until, Some(until));
        assert_eq!(attempts.one_more(now()), Err(Lock { until }));
        attempts = attempts.one_more(until).unwrap();
        assert_eq!(attempts.locked_until, Some(until.plus(Duration::from_secs(120))));
    }

    #[test]
    fn attempts_are_forgotten_after_a_day() {
        let attempts = Attempts { count: 9, last_at: Some(now()), locked_until: None };
        assert_eq!(attempts.one_more(now().plus(MEMORY)).unwrap().count, 1);
        assert_eq!(attempts.one_more(now().plus(MEMORY / 2)).unwrap().count, 10);
    }

    proptest! {
        #[test]
        fn locks_only_grow_and_never_exceed_an_hour(count in 0..1000) {
            let (this, next) = (lock_after(count), lock_after(count + 1));
            prop_assert!(this <= next);
            prop_assert!(next.is_none_or(|lock| lock <= LONGEST_LOCK));
            prop_assert_eq!(this.is_some(), count >= FREE);
        }
    }
}
