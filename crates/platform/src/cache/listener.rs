//! Invalidations from other processes, and to them.

use std::sync::Weak;
use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{Inner, Key, Redis, RedisUnavailable};

const CHANNEL: &str = "haat:invalidate";
/// A connection that is silent is asked whether it is alive.
const SILENCE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Serialize, Deserialize)]
struct Message {
    from: Uuid,
    keys: Vec<String>,
}

/// Makes Redis forget these keys, and tells the other processes.
pub(super) async fn tell(redis: &Redis, process: Uuid, keys: &[Key]) -> Result<(), RedisUnavailable> {
    let mut commands = redis::pipe();
    for key in keys {
        Redis::forget(&mut commands, key);
    }
    let message = Message { from: process, keys: keys.iter().map(|key| key.as_str().to_owned()).collect() };
    let message = serde_json::to_vec(&message).map_err(|_| RedisUnavailable)?;
    commands.cmd("PUBLISH").arg(CHANNEL).arg(message).ignore();
    redis.run("cache", &commands).await
}

/// Listens until it is dropped.
pub(super) struct Listener(AbortHandle);

impl Listener {
    pub(super) fn start(redis: Redis, cache: Weak<Inner>) -> Self {
        let task = tokio::spawn(async move {
            loop {
                let Err(error) = listen(&redis, &cache).await else { return };
                tracing::debug!(%error, "invalidations are not heard; trying again");
                sleep(PAUSE).await;
            }
        });
        Listener(task.abort_handle())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Ends well only when the cache is gone.
async fn listen(redis: &Redis, cache: &Weak<Inner>) -> Result<(), Error> {
    let mut connection = timeout(PATIENCE, redis.client().get_async_pubsub()).await??;
    timeout(PATIENCE, connection.subscribe(CHANNEL)).await??;
    let (mut sink, mut messages) = connection.split();
    // Whatever was said while nobody listened: everything may be stale.
    if let Some(cache) = cache.upgrade() {
        cache.generations.next_of_all();
    }
    loop {
        let Some(alive) = cache.upgrade() else { return Ok(()) };
        // Fails while the circuit is still open, and is then tried again with the next sign of life.
        let _ = alive.settle(redis).await;
        drop(alive);
        let until = Instant::now() + SILENCE;
        while let Ok(message) = tokio::time::timeout_at(until, messages.next()).await {
            let message = message.ok_or("the connection was closed")?;
            let Some(cache) = cache.upgrade() else { return Ok(()) };
            match serde_json::from_slice::<Message>(message.get_payload_bytes()) {
                Ok(message) if message.from == cache.process => {}
                Ok(message) => message.keys.into_iter().for_each(|key| cache.generations.next(&Key(key.into()))),
                Err(error) => tracing::warn!(%error, channel = CHANNEL, "not a message of ours"),
            }
        }
        timeout(PATIENCE, sink.ping::<()>()).await??;
    }
}
