//! How often somebody may do something: fixed windows, counted in Redis across all processes.
//!
//! Each process counts for itself as well. That refuses a flood without asking Redis, and it is what remains while Redis
//! is gone: a limit then holds per process.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use moka::future::Cache;
use types::{Timestamp, UserId};

use crate::cache::Redis;
use crate::clock::Clock;
use crate::problem::Problem;
use crate::telemetry::names;

pub const RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub const RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub const RATELIMIT_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Counters that a process keeps at most; the least used go first.
const MOST_COUNTERS: u64 = 100_000;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Of IPv6 the first 64 bits: one subscriber has all the rest.
    Ip(IpAddr),
    User(UserId),
}

/// What is limited, and to how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Part of the counter's key and a label of the metrics: `login`, `api` ...
    pub name: &'static str,
    /// So many times ...
    pub limit: u64,
    /// ... in so long a time; whole seconds, at least one.
    pub window: Duration,
}

/// Go ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    pub limit: u64,
    /// How often still, in this window.
    pub remaining: u64,
    /// When the next window begins.
    pub reset: Duration,
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {limit} times; again in {} s", .retry_after.as_secs())]
pub struct Limited {
    pub limit: u64,
    pub retry_after: Duration,
}

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Limits {
    redis: Option<Redis>,
    clock: Clock,
    own: Cache<String, Arc<AtomicU64>>,
}

impl Limits {
    pub fn new(redis: Option<Redis>, clock: Clock) -> Self {
        // The longest window that makes sense; a counter is of no use after its window.
        let day = Duration::from_secs(24 * 60 * 60);
        Limits { redis, clock, own: Cache::builder().max_capacity(MOST_COUNTERS).time_to_live(day).build() }
    }

    /// Counts one more time, and says whether it is allowed. Refused times count too.
    ///
    /// # Errors
    /// [`Limited`] when there were too many in this window.
    pub async fn check(&self, who: &Who, rule: &Rule) -> Result<Allowed, Limited> {
        let seconds = rule.window.as_secs().max(1);
        let (window, reset) = window_at(self.clock.now(), seconds);
        let key = format!("ratelimit:{who}:{}:{window}", rule.name);

        let own = self.own.get_with_by_ref(&key, async { Arc::default() }).await;
        let mut count = own.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if count <= rule.limit
            && let Some(redis) = &self.redis
        {
            count = count.max(count_in(redis, &key, seconds, count == 1).await.unwrap_or(0));
        }
        if count > rule.limit {
            metrics::counter!(names::RATE_LIMITED_TOTAL, "rule" => rule.name).increment(1);
            return Err(Limited { limit: rule.limit, retry_after: reset });
        }
        Ok(Allowed { limit: rule.limit, remaining: rule.limit - count, reset })
    }
}

impl Allowed {
    /// Tells a client how much is left, so that it can slow down by itself.
    pub fn insert_into(self, headers: &mut HeaderMap) {
        insert(headers, self.limit, self.remaining, self.reset);
    }
}

impl Limited {
    pub fn insert_into(self, headers: &mut HeaderMap) {
        insert(headers, self.limit, 0, self.retry_after);
    }
}

impl From<Limited> for Problem {
    fn from(limited: Limited) -> Problem {
        Problem::too_many_requests(limited.retry_after.as_secs())
            .detail(format!("At most {} are allowed in this time.", limited.limit))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::User(id) => write!(f, "user-{id}"),
            Who::Ip(IpAddr::V4(address)) => write!(f, "ip-{address}"),
            Who::Ip(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => write!(f, "ip-{address}"),
                // Dashes, since colons part the key.
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    write!(f, "ip-{a:x}-{b:x}-{c:x}-{d:x}")
                }
            },
        }
    }
}

/// The number of the current window, and how long it still lasts (whole seconds, at least one).
fn window_at(now: Timestamp, seconds: u64) -> (u64, Duration) {
    let now = u64::try_from(now.as_seconds()).unwrap_or(0);
    (now / seconds, Duration::from_secs(seconds - now % seconds))
}

/// One more in Redis; `None` if that cannot be found out. Only who begins a window says when the counter goes.
async fn count_in(redis: &Redis, key: &str, seconds: u64, begins: bool) -> Option<u64> {
    let mut commands = redis::pipe();
    commands.cmd("INCR").arg(key);
    if begins {
        commands.cmd("EXPIRE").arg(key).arg(seconds).ignore();
    }
    let (count,): (u64,) = redis.run("limits", &commands).await.ok()?;
    if count == 1 && !begins {
        // Redis has lost it since.
        let mut expire = redis::pipe();
        expire.cmd("EXPIRE").arg(key).arg(seconds).ignore();
        let () = redis.run("limits", &expire).await.ok()?;
    }
    Some(count)
}

fn insert(headers: &mut HeaderMap, limit: u64, remaining: u64, reset: Duration) {
    headers.insert(RATELIMIT_LIMIT, HeaderValue::from(limit));
    headers.insert(RATELIMIT_REMAINING, HeaderValue::from(remaining));
    headers.insert(RATELIMIT_RESET, HeaderValue::from(reset.as_secs()));
}
