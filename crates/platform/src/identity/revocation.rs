use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;
use types::SessionId;

use super::ACCESS_TOKEN_LIFE;
use crate::cache::{Redis, RedisUnavailable};

/// Which sessions have ended before their access tokens expire.
#[async_trait]
pub trait Revocations: Send + Sync + 'static {
    /// Never fails: where the answer is not to be had, a token stays good for what remains of its 15 minutes.
    async fn is_revoked(&self, session: SessionId) -> bool;
}

/// Longer than a token's life by more than clocks may differ.
const MEMORY: Duration = Duration::from_secs(ACCESS_TOKEN_LIFE.as_secs() + 60);
/// Stands in Redis for as long as Redis has lost nothing.
const TOLD: &str = "token:jwt:told";
/// Sessions told of in one round trip.
const AT_ONCE: usize = 500;

/// For a service that lets access tokens run out.
#[derive(Clone, Copy, Debug)]
pub struct NothingRevoked;

#[async_trait]
impl Revocations for NothingRevoked {
    async fn is_revoked(&self, _: SessionId) -> bool {
        false
    }
}

/// Sessions that have ended, in Redis for as long as an access token of theirs could live.
#[derive(Clone)]
pub struct RedisRevocations {
    redis: Redis,
    /// Saves most requests the question; an end is noticed this much later.
    answers: Cache<SessionId, bool>,
}

impl RedisRevocations {
    pub fn new(redis: Redis) -> Self {
        const SHORT: Duration = Duration::from_secs(2);
        RedisRevocations { redis, answers: Cache::builder().max_capacity(50_000).time_to_live(SHORT).build() }
    }

    /// Refuses the session's access tokens, everywhere within two seconds.
    ///
    /// # Errors
    /// [`RedisUnavailable`]: the tokens then run out by themselves, within 15 minutes.
    pub async fn revoke(&self, session: SessionId) -> Result<(), RedisUnavailable> {
        self.answers.insert(session, true).await;
        let mut commands = redis::pipe();
        commands.cmd("SET").arg(key(session)).arg(1).arg("EX").arg(MEMORY.as_secs()).ignore();
        self.redis.run("revocations", &commands).await
    }

    /// Does Redis still have what it was told? Not after it has lost everything: then it is to be told again.
    ///
    /// # Errors
    /// [`RedisUnavailable`]: nobody knows.
    pub async fn are_remembered(&self) -> Result<bool, RedisUnavailable> {
        let mut commands = redis::pipe();
        commands.cmd("EXISTS").arg(TOLD);
        let (told,): (bool,) = self.redis.run("revocations", &commands).await?;
        Ok(told)
    }

    /// Tells Redis of every session that has ended within an access token's life.
    ///
    /// # Errors
    /// [`RedisUnavailable`]: it may have heard of some of them, and [`RedisRevocations::are_remembered`] stays as it was.
    pub async fn tell_all(&self, ended: &[SessionId]) -> Result<(), RedisUnavailable> {
        for some in ended.chunks(AT_ONCE) {
            let mut commands = redis::pipe();
            for session in some {
                commands.cmd("SET").arg(key(*session)).arg(1).arg("EX").arg(MEMORY.as_secs()).ignore();
            }
            self.redis.run::<()>("revocations", &commands).await?;
        }
        // Last: who finds it finds all the others.
        self.redis.run("revocations", redis::pipe().cmd("SET").arg(TOLD).arg(1).ignore()).await
    }
}

#[async_trait]
impl Revocations for RedisRevocations {
    async fn is_revoked(&self, session: SessionId) -> bool {
        let ask = async {
            let mut commands = redis::pipe();
            commands.cmd("EXISTS").arg(key(session));
            self.redis.run::<(bool,)>("revocations", &commands).await.is_ok_and(|(revoked,)| revoked)
        };
        self.answers.get_with(session, ask).await
    }
}

fn key(session: SessionId) -> String {
    format!("token:jwt:{session}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::test_server::TestServer;
    use crate::identity::tests::eventually;

    #[tokio::test]
    async fn a_session_that_ends_in_one_process_ends_in_all() {
        let mut server = TestServer::start().await;
        let [here, there] = [(); 2].map(|()| RedisRevocations::new(server.connect()));
        let (ended, other) = (SessionId::new(), SessionId::new());
        assert!(!there.is_revoked(ended).await);
        here.revoke(ended).await.unwrap();
        assert!(here.is_revoked(ended).await, "at once where it was ended");
        eventually(async || there.is_revoked(ended).await).await;
        assert!(!there.is_revoked(other).await);
        assert_eq!(here.are_remembered().await, Ok(false), "one session is not all of them");
        here.tell_all(&[ended]).await.unwrap();
        assert_eq!(there.are_remembered().await, Ok(true));
        server.kill();
        assert_eq!(here.are_remembered().await, Err(RedisUnavailable));
        assert_eq!(here.revoke(other).await, Err(RedisUnavailable));
        assert!(!there.is_revoked(SessionId::new()).await, "without Redis, tokens run out by themselves");
    }
}
