//! Up to where in the log each user's own writes reach, so that a replica that has not replayed that far is not asked for them.
//!
//! It stands in Redis for all processes, and in this one's memory. That nothing stands in Redis does not mean that nothing was
//! written: Redis may have lost it. So a replica is asked only on the strength of a position that is there.
//!
//! What could not be told to Redis is told later. Until then another process may go by an older position, if Redis still has
//! one: it then shows what its replica has, which is at most `DATABASE_REPLICA_MAX_LAG` old.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::Entry;
use moka::future::Cache;
use types::{ServiceName, UserId};

use super::lag::Position;
use crate::cache::{Redis, RedisUnavailable};

/// After it a user's position is asked of the primary again.
const LIFE: Duration = Duration::from_secs(10 * 60);
/// Users whom one process remembers; some 5 MB.
const CAPACITY: u64 = 50_000;
/// Redis keeps scores as doubles, which tell places apart up to here: 9 PB of log.
const BEYOND_ALL: Position = Position((1 << 53) - 1);

pub(super) struct Written {
    service: ServiceName,
    /// Without it, only this process's own writes are known, and there may be other processes.
    redis: Option<Redis>,
    here: Cache<UserId, Position>,
    /// What Redis could not be told.
    owed: Mutex<HashMap<UserId, Position>>,
}

impl Written {
    pub fn new(service: ServiceName, redis: Option<Redis>) -> Self {
        let here = Cache::builder().max_capacity(CAPACITY).time_to_live(LIFE).build();
        Written { service, redis, here, owed: Mutex::default() }
    }

    /// The user's writes reach up to `end`; beyond everything if nobody knows how far.
    pub async fn note(&self, user: UserId, end: Option<Position>) {
        let end = end.unwrap_or(BEYOND_ALL);
        let further = |known: Option<Entry<_, Position>>| ready(known.map_or(end, |known| known.into_value().max(end)));
        self.here.entry(user).and_upsert_with(further).await;
        if self.redis.is_some() && self.tell(&[(user, end)]).await.is_err() {
            let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
            owed.entry(user).and_modify(|known| *known = (*known).max(end)).or_insert(end);
        }
    }

    /// What this process knows of the user's writes.
    pub async fn here(&self, user: UserId) -> Position {
        self.here.get(&user).await.unwrap_or_default()
    }

    /// Up to where all processes' writes for the user reach; `Ok(None)` if nobody knows.
    ///
    /// # Errors
    /// Redis cannot be asked.
    pub async fn everywhere(&self, user: UserId) -> Result<Option<Position>, RedisUnavailable> {
        let redis = self.redis.as_ref().ok_or(RedisUnavailable)?;
        let mut commands = redis::pipe();
        commands.cmd("ZSCORE").arg(self.key(user)).arg(MEMBER);
        let (score,): (Option<String>,) = redis.run("written", &commands).await?;
        let here = self.here(user).await;
        Ok(score.and_then(|score| score.parse().ok()).map(|end| Position(end).max(here)))
    }

    /// Tells Redis what it could not be told before.
    pub async fn settle(&self) {
        let owed: Vec<(UserId, Position)> = {
            let owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
            owed.iter().map(|(user, end)| (*user, *end)).take(500).collect()
        };
        if owed.is_empty() || self.tell(&owed).await.is_err() {
            return;
        }
        let mut still_owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        for (user, end) in owed {
            if still_owed.get(&user) == Some(&end) {
                still_owed.remove(&user);
            }
        }
    }

    async fn tell(&self, positions: &[(UserId, Position)]) -> Result<(), RedisUnavailable> {
        let redis = self.redis.as_ref().ok_or(RedisUnavailable)?;
        let mut commands = redis::pipe();
        for (user, end) in positions {
            let key = self.key(*user);
            // GT: the further one of two that are told at once stays.
            commands.cmd("ZADD").arg(&key).arg("GT").arg(end.0).arg(MEMBER).ignore();
            commands.cmd("EXPIRE").arg(&key).arg(LIFE.as_secs()).ignore();
        }
        redis.run("written", &commands).await
    }

    fn key(&self, user: UserId) -> String {
        format!("written:{}:{user}", self.service)
    }
}

/// Of the sorted set that holds one position: only a sorted set can keep the larger of two numbers.
const MEMBER: &str = "position";

#[cfg(test)]
mod tests {
    use testkit::eventually;

    use super::*;
    use crate::cache::test_server::TestServer;

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn the_furthest_position_stands_for_all_processes() {
        let server = TestServer::start().await;
        let [here, there] = [(); 2].map(|()| Written::new(ServiceName::Order, Some(server.connect())));
        let user = UserId::new();
        assert_eq!(there.everywhere(user).await, Ok(None));
        here.note(user, Some(Position(500))).await;
        there.note(user, Some(Position(400))).await;
        assert_eq!(there.everywhere(user).await, Ok(Some(Position(500))));
        assert_eq!((here.here(user).await, there.here(user).await), (Position(500), Position(400)));
        let other = Written::new(ServiceName::Cart, Some(server.connect()));
        assert_eq!(other.everywhere(user).await, Ok(None), "another service has another log");
    }

    #[tokio::test]
    async fn a_write_whose_place_is_unknown_lies_beyond_every_place() {
        let server = TestServer::start().await;
        let written = Written::new(ServiceName::Order, Some(server.connect()));
        let user = UserId::new();
        written.note(user, None).await;
        written.note(user, Some(Position(7))).await;
        assert_eq!(written.everywhere(user).await, Ok(Some(BEYOND_ALL)));
    }

    #[tokio::test]
    async fn what_redis_has_lost_is_not_taken_for_nothing_written() {
        let mut server = TestServer::start().await;
        let [here, there] = [(); 2].map(|()| Written::new(ServiceName::Order, Some(server.connect())));
        let user = UserId::new();
        here.note(user, Some(Position(500))).await;
        server.kill();
        assert_eq!(there.everywhere(user).await, Err(RedisUnavailable));
        here.note(user, Some(Position(600))).await;
        assert_eq!(here.here(user).await, Position(600));
        server.restart().await;
        eventually(SOON, || async { there.everywhere(user).await == Ok(None) }).await;
        let told = || async {
            here.settle().await;
            there.everywhere(user).await == Ok(Some(Position(600)))
        };
        eventually(SOON, told).await;
        assert!(here.owed.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn without_redis_nobody_knows_what_the_others_wrote() {
        let written = Written::new(ServiceName::Order, None);
        let user = UserId::new();
        written.note(user, Some(Position(500))).await;
        assert_eq!(written.here(user).await, Position(500));
        assert_eq!(written.everywhere(user).await, Err(RedisUnavailable));
        assert!(written.owed.lock().unwrap().is_empty());
    }
}
