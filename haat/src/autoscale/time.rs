//! Time as the controller sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use platform::clock::Clock;
use types::Timestamp;

/// The time of day, and beside it one that only moves forward: how long a lease holds must not depend on somebody setting a
/// clock. Clones share the same time.
#[derive(Clone, Debug)]
pub struct Time {
    clock: Clock,
    begin: Instant,
    /// Microseconds.
    ahead: Arc<AtomicU64>,
}

impl Time {
    pub fn of(clock: Clock) -> Self {
        Time { clock, begin: Instant::now(), ahead: Arc::default() }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long this time has been running. Of use only for differences.
    pub fn steady(&self) -> Duration {
        self.begin.elapsed() + Duration::from_micros(self.ahead.load(Ordering::Relaxed))
    }

    /// Moves both forward, for every clone of this time and of its clock: how a test lets an hour pass.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.ahead.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
