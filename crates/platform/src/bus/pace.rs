use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::BusError;

/// Keeps a caller's loop from spinning while the server is away.
#[derive(Default)]
pub struct Pace {
    /// In a row.
    failures: AtomicU32,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Pace {
    /// Gives `result` back, an error only after a time that grows with every failure, but not beyond `deadline`.
    pub async fn keep<T>(&self, result: Result<T, BusError>, deadline: Instant) -> Result<T, BusError> {
        match &result {
            Ok(_) => self.failures.store(0, Ordering::Relaxed),
            Err(_) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(10);
                let pause = (FIRST_PAUSE * 2u32.pow(failures)).min(LONGEST_PAUSE);
                tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            }
        }
        result
    }
}
