use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use types::SessionId;

use super::ACCESS_TOKEN_LIFE;
use crate::cache::Redis;

/// Which sessions have ended before their access tokens expire.
#[async_trait]
pub trait Revocations: Send + Sync + 'static {
    /// Never fails: where the answer is not to be had, a token stays good for what remains of its 15 minutes.
    async fn is_revoked(&self, session: SessionId) -> bool;
}

/// For a service that lets access tokens run out.
#[derive(Clone, Copy, Debug)]
pub struct NothingRevoked;

#[async_trait]
impl Revocations for NothingRevoked {
    async fn is_revoked(&self, _: SessionId) -> bool {
        false
    }
}

/// Ended sessions, noted in Redis (`token:jwt:<session>`) for as long as their access tokens live. Redis may forget them: then
/// the tokens run out by themselves.
#[derive(Clone)]
pub struct NotedInRedis {
    redis: Redis,
    /// What was asked a moment ago, so that a client's requests do not each cost a round trip.
    recent: Cache<SessionId, bool>,
}

/// How late a revocation may be noticed.
const RECENT: Duration = Duration::from_secs(2);

impl NotedInRedis {
    pub fn new(redis: Redis) -> Self {
        NotedInRedis { redis, recent: Cache::builder().max_capacity(10_000).time_to_live(RECENT).build() }
    }

    /// Ends a session's access tokens early, if Redis is there to remember it.
    pub async fn note(&self, session: SessionId) {
        let mut commands = redis::pipe();
        commands.cmd("SET").arg(key(session)).arg(1).arg("EX").arg(ACCESS_TOKEN_LIFE.as_secs()).ignore();
        if self.redis.run::<()>("revocations", &commands).await.is_err() {
            tracing::warn!(%session, "an ended session's access token stays good until it expires");
        }
        self.recent.insert(session, true).await;
    }
}

#[async_trait]
impl Revocations for NotedInRedis {
    async fn is_revoked(&self, session: SessionId) -> bool {
        let ask = async {
            let mut commands = redis::pipe();
            commands.cmd("EXISTS").arg(key(session));
            matches!(self.redis.run::<(i64,)>("revocations", &commands).await, Ok((1,)))
        };
        self.recent.get_with(session, ask).await
    }
}

fn key(session: SessionId) -> String {
    format!("token:jwt:{session}")
}
