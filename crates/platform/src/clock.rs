//! The time of day as services see it: the system's, or in tests the system's moved forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use types::Timestamp;

/// Cheap to clone; clones share the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds ahead of the system's clock.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    pub fn system() -> Self {
        Self::default()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::new(jiff::Timestamp::now());
        Timestamp::from_microseconds(now.as_microseconds().saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Moves the time forward for every clone of this clock: how a test lets thirty days pass.
    pub fn advance(&self, duration: Duration) {
        self.ahead.fetch_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}
