//! Closed-loop load: so many connections, each with one request under way at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::error::Error;
use crate::http::{Connection, Unexpected};
use crate::processes::{Processes, Shares};

/// Errors after which a connection gives up: the run has failed by then.
const PATIENCE: u32 = 10;

#[derive(Clone, Copy)]
pub struct Window {
    pub warm_up: Duration,
    pub measured: Duration,
}

/// What one connection does over and over.
pub trait Work: Send + 'static {
    /// Does it once, and says how long that took; what it has to prepare does not belong to it.
    fn once(&mut self, connection: &mut Connection) -> impl Future<Output = Result<Done, Unexpected>> + Send;
}

#[derive(Clone, Copy)]
pub struct Done {
    pub took: Duration,
    /// Of the answer, in bytes.
    pub size: usize,
}

/// What a window has shown.
pub struct Outcome {
    pub seconds: f64,
    /// Sorted.
    pub latencies: Vec<Duration>,
    /// Of all answers, in bytes.
    pub size: usize,
    pub errors: u32,
    pub first_error: Option<Unexpected>,
    pub shares: Shares,
}

/// Has every one of `workers` work on a connection of its own. Answers that come within the window count.
///
/// # Errors
/// A worker has died, or `/proc` cannot be read.
pub async fn drive<W: Work>(
    address: SocketAddr,
    workers: Vec<W>,
    window: Window,
    processes: &Processes,
) -> Result<Outcome, Error> {
    let begin = Instant::now() + window.warm_up;
    let end = begin + window.measured;
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(Connection::new(address), worker, begin, end));
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = processes.times()?;
    tokio::time::sleep_until(end.into()).await;
    let shares = processes.times()?.since(&before);

    let seconds = window.measured.as_secs_f64();
    let mut outcome = Outcome { seconds, latencies: Vec::new(), size: 0, errors: 0, first_error: None, shares };
    while let Some(part) = tasks.join_next().await {
        let part = part.map_err(|error| Error::failed(format!("a worker died: {error}")))?;
        outcome.latencies.extend(part.latencies);
        outcome.size += part.size;
        outcome.errors += part.errors;
        outcome.first_error = outcome.first_error.or(part.first_error);
    }
    outcome.latencies.sort_unstable();
    Ok(outcome)
}

#[derive(Default)]
struct Part {
    latencies: Vec<Duration>,
    size: usize,
    errors: u32,
    first_error: Option<Unexpected>,
}

async fn work<W: Work>(mut connection: Connection, mut worker: W, begin: Instant, end: Instant) -> Part {
    let mut part = Part::default();
    while part.errors < PATIENCE && Instant::now() < end {
        match worker.once(&mut connection).await {
            Ok(done) if (begin..end).contains(&Instant::now()) => {
                part.latencies.push(done.took);
                part.size += done.size;
            }
            Ok(_) => {}
            Err(error) => {
                part.errors += 1;
                part.first_error.get_or_insert(error);
            }
        }
    }
    part
}

impl Outcome {
    /// A second.
    pub fn rate(&self) -> f64 {
        self.count() / self.seconds
    }

    #[allow(clippy::cast_precision_loss, reason = "a count far below 2^53")]
    pub fn count(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// Of an answer, on average, in bytes.
    #[allow(clippy::cast_precision_loss, reason = "a size far below 2^53")]
    pub fn mean_size(&self) -> f64 {
        self.size as f64 / self.count().max(1.0)
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        percentile(&self.latencies, percent).unwrap_or_default()
    }
}

/// The value that so many per cent of `sorted` do not exceed (nearest rank).
pub fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let sorted: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&sorted, 50), Some(100));
        assert_eq!(percentile(&sorted, 99), Some(198));
        assert_eq!(percentile(&sorted, 100), Some(200));
        assert_eq!(percentile(&[7], 1), Some(7));
        assert_eq!(percentile::<u32>(&[], 50), None);
    }
}
