//! A circuit breaker: after some failures in a row a callee gets no requests for a while, then one to try.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const FAILURES_TO_OPEN: u32 = 8;
const REST: Duration = Duration::from_secs(1);

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
        let mut state = self.state();
        match state.next_try {
            None => true,
            Some(time) if Instant::now() >= time => {
                // One may try; the others wait for what becomes of it.
                state.next_try = Some(Instant::now() + REST);
                true
            }
            Some(_) => false,
        }
    }

    pub fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_TO_OPEN {
            state.next_try = Some(Instant::now() + REST);
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

    #[tokio::test(start_paused = true)]
    async fn opens_after_failures_in_a_row_and_lets_one_try_after_a_rest() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert!(breaker.admits());
            breaker.failed();
        }
        assert!(!breaker.admits());
        tokio::time::advance(REST).await;
        assert!(breaker.admits());
        assert!(!breaker.admits(), "only one tries");
        breaker.succeeded();
        assert!(breaker.admits() && breaker.admits());
    }
}
