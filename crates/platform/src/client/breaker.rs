//! A circuit breaker: after some failures in a row a callee gets no requests for a while, then one to try.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const FAILURES_TO_OPEN: u32 = 8;
const REST: Duration = Duration::from_secs(1);
/// So much earlier than its caller a callee may notice that the time is up.
const HASTE: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// While it is open: when the next request may try.
    next_try: Option<Instant>,
}

impl Breaker {
    /// May a request be sent now?
    pub fn admits(&self) -> bool {
        self.admits_at(Instant::now())
    }

    pub fn failed(&self) {
        self.failed_at(Instant::now());
    }

    /// A failure that took `took` of the `time` it was given, where the callee may have `usual`. Who was given less, and used it up, says
    /// nothing of the callee: a caller in a hurry must not have it left alone for everybody.
    pub fn failed_within(&self, took: Duration, time: Duration, usual: Duration) {
        let in_vain = time < usual && took + HASTE >= time;
        if !in_vain {
            self.failed();
        }
    }

    fn admits_at(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.next_try {
            None => true,
            Some(time) if now >= time => {
                // One may try; the others wait for what becomes of it.
                state.next_try = Some(now + REST);
                true
            }
            Some(_) => false,
        }
    }

    fn failed_at(&self, now: Instant) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_TO_OPEN {
            state.next_try = Some(now + REST);
        }
    }

    pub fn succeeded(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_try_after_a_rest() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES_TO_OPEN {
            assert!(breaker.admits_at(now));
            breaker.failed_at(now);
        }
        assert!(!breaker.admits_at(now));
        assert!(breaker.admits_at(now + REST));
        assert!(!breaker.admits_at(now + REST), "only one tries");
        breaker.succeeded();
        assert!(breaker.admits_at(now) && breaker.admits_at(now));
    }

    #[test]
    fn a_callers_own_haste_is_no_failure_of_the_callee() {
        let (breaker, usual) = (Breaker::default(), Duration::from_secs(3));
        let short = Duration::from_millis(200);
        for _ in 0..FAILURES_TO_OPEN {
            breaker.failed_within(short, short, usual);
        }
        assert!(breaker.admits());
        for _ in 1..FAILURES_TO_OPEN {
            breaker.failed_within(Duration::from_millis(1), short, usual);
        }
        assert!(breaker.admits());
        breaker.failed_within(usual, usual, usual);
        assert!(!breaker.admits(), "what was refused at once, or had its time, counts");
    }
}
