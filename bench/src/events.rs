//! How late the effects of events are, as the databases remember it.
//!
//! An event's id is made when its transaction commits, and has that time in it (UUID version 7, RFC 9562, in milliseconds).
//! Its effect is a transaction of another service that leaves a row in that service's inbox, and PostgreSQL keeps the time of
//! its commit. Both are on the same machine's clock. The difference has the first commit's own duration in it, and up to a
//! millisecond by which the id's time was rounded down: it is never too short.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::error::Error;
use crate::load::percentile;
use crate::platform::Platform;

/// Latencies by what had the effect (`order.confirmed.v1 in cart`), each sorted.
pub struct Latencies(pub BTreeMap<String, Vec<Duration>>);

/// Has PostgreSQL remember when transactions were committed, from its next start on.
pub async fn remember_commits(platform: &Platform) -> Result<(), Error> {
    let (mut administrator, ..) = platform.administrator().await?;
    sqlx::query("ALTER SYSTEM SET track_commit_timestamp = on").execute(&mut administrator).await?;
    administrator.close().await?;
    Ok(())
}

/// Of all events that were published between the two times. To be asked when all is quiet.
pub async fn latencies(platform: &Platform, from: SystemTime, until: SystemTime) -> Result<Latencies, Error> {
    let (from, until) = (microseconds(from), microseconds(until));
    let mut by_effect: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for (service, options) in platform.databases()? {
        let mut connection = PgConnection::connect_with(&options).await?;
        let rows: Vec<(Uuid, String, Option<i64>)> = sqlx::query_as(
            "SELECT event_id, type, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
             FROM inbox WHERE done_at >= to_timestamp($1 / 1000000.0)",
        )
        .bind(from)
        .fetch_all(&mut connection)
        .await?;
        connection.close().await?;
        for (id, kind, done) in rows {
            let untold = || Error::failed(format!("when {kind} was published, or done in {service}, cannot be told"));
            let published = published_at(id).ok_or_else(untold)?;
            if (from..until).contains(&published) {
                let late = done.and_then(|done| u64::try_from(done - published).ok()).ok_or_else(untold)?;
                by_effect.entry(format!("{kind} in {service}")).or_default().push(Duration::from_micros(late));
            }
        }
    }
    by_effect.values_mut().for_each(|latencies| latencies.sort_unstable());
    Ok(Latencies(by_effect))
}

impl Latencies {
    /// All together, sorted.
    pub fn all(&self) -> Vec<Duration> {
        let mut all: Vec<Duration> = self.0.values().flatten().copied().collect();
        all.sort_unstable();
        all
    }

    /// The effects that were latest, the worst first, by their 99th percentile.
    pub fn slowest(&self, count: usize) -> Vec<(&str, Duration)> {
        let mut effects = Vec::new();
        for (effect, latencies) in &self.0 {
            effects.extend(percentile(latencies, 99).map(|late| (effect.as_str(), late)));
        }
        effects.sort_by_key(|(_, late)| std::cmp::Reverse(*late));
        effects.truncate(count);
        effects
    }
}

/// Microseconds since 1970, to the millisecond.
fn published_at(id: Uuid) -> Option<i64> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    Some(i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanoseconds / 1000))
}

fn microseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_id_tells_when_it_was_published() {
        // The example of RFC 9562, appendix A.6: 22 February 2022, 19:22:22 UTC.
        let id: Uuid = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F".parse().unwrap();
        assert_eq!(published_at(id), Some(1_645_557_742_000_000));
        assert_eq!(published_at(Uuid::nil()), None);
    }

    #[test]
    fn the_slowest_effects_come_first() {
        let late = |milliseconds: &[u64]| milliseconds.iter().map(|n| Duration::from_millis(*n)).collect();
        let latencies =
            Latencies(BTreeMap::from([("a in cart".to_owned(), late(&[1, 2])), ("b in order".to_owned(), late(&[9]))]));
        assert_eq!(latencies.all().len(), 3);
        assert_eq!(latencies.slowest(1), [("b in order", Duration::from_millis(9))]);
    }
}
