//! One connection to Redis, shared by all, behind a circuit breaker: what is only an accelerator must never slow down.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, Pipeline, RedisResult};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Key;
use super::entry::LONGEST_LIFE;
use crate::env::{Env, EnvError};
use crate::redis_client::{self, ClientError};
use crate::telemetry::names;

/// The most that a request waits for Redis.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long one may take that nobody waits for.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// After a failure, Redis is left alone for so long, and then asked whether it is back.
const PAUSE: Duration = Duration::from_secs(1);
/// The record of an invalidation outlives all that was written before it.
const VERSION_LIFE: Duration = Duration::from_secs(LONGEST_LIFE.as_secs() * 2);

/// Redis did not answer well or in time. The cause has been logged and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis cannot be reached")]
pub struct RedisUnavailable;

/// Cheap to clone; clones share the connection, which is made when it is first needed, and again when it is lost.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    connection: Mutex<Option<ConnectionManager>>,
    /// Has Redis failed, and not been found well again since?
    down: AtomicBool,
}

impl Redis {
    /// Connects to nothing yet, so that a service starts while Redis is down.
    ///
    /// # Errors
    /// If `url` is not one like `redis://user:password@host:6379/0`, or `rediss:` for TLS.
    pub fn open(url: &str) -> Result<Self, redis::RedisError> {
        Ok(Self::with_client(Client::open(url)?))
    }

    /// Reads `REDIS_URL`, and `REDIS_CA`: a PEM file with the authorities to trust in place of the system's. None if there is
    /// no Redis.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_env(env: &Env) -> Result<Option<Self>, EnvError> {
        let (url, ca) = (env.text("REDIS_URL"), env.optional::<PathBuf>("REDIS_CA")?);
        let Some(url) = url else { return Ok(None) };
        let client = redis_client::open(&url, ca.as_deref()).map_err(|error| {
            let name = if matches!(error, ClientError::Ca(_)) { "REDIS_CA" } else { "REDIS_URL" };
            EnvError::Malformed { name: name.to_owned(), reason: error.to_string() }
        })?;
        Ok(Some(Self::with_client(client)))
    }

    fn with_client(client: Client) -> Self {
        Redis(Arc::new(Inner { client, connection: Mutex::default(), down: AtomicBool::new(false) }))
    }

    /// Is it there? Asks in any case, for up to two seconds.
    pub async fn ping(&self) -> Result<(), RedisUnavailable> {
        let outcome = self.0.ask::<()>(redis::pipe().cmd("PING").ignore(), PROBE_PATIENCE).await;
        let was_down = self.0.down.swap(outcome.is_err(), Ordering::Relaxed);
        if outcome.is_err() && !was_down {
            self.probe_until_back();
        }
        outcome.map_err(|_| RedisUnavailable)
    }

    /// Runs commands in one round trip, for at most 50 ms; fails at once while Redis is known to be down. `used_for` is a
    /// label of the metrics.
    ///
    /// # Errors
    /// [`RedisUnavailable`], whatever went wrong: nothing here may depend on Redis.
    pub async fn run<T: FromRedisValue>(
        &self,
        used_for: &'static str,
        commands: &Pipeline,
    ) -> Result<T, RedisUnavailable> {
        if self.0.down.load(Ordering::Relaxed) {
            return Err(RedisUnavailable);
        }
        tracing::trace!(target: "platform::cache::commands", used_for, count = commands.len());
        self.0.ask(commands, PATIENCE).await.map_err(|cause| {
            metrics::counter!(names::REDIS_FAILURES_TOTAL, "use" => used_for).increment(1);
            if !self.0.down.swap(true, Ordering::Relaxed) {
                tracing::warn!(%cause, used_for, "Redis is left alone until it answers again");
                self.probe_until_back();
            }
            RedisUnavailable
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    /// What Redis holds under this key, and the version that a new value is to be stored with.
    pub(super) async fn read_entry(&self, key: &Key) -> Result<Stored, RedisUnavailable> {
        let mut commands = redis::pipe();
        commands.cmd("MGET").arg(key.as_str()).arg(version_key(key));
        let ((bytes, version),): ((Option<Vec<u8>>, Option<String>),) = self.run("cache", &commands).await?;
        Ok(Stored { bytes, version: version.unwrap_or_default() })
    }

    /// Stores a value that was loaded while the key had this version. Goes on in the background.
    pub(super) fn write_entry(&self, key: &Key, version: &str, value: &impl Serialize, life: Duration) {
        let Ok(bytes) = serde_json::to_vec(&Written { version, value }) else {
            tracing::warn!(%key, "the value cannot be written as JSON, and so not be cached");
            return;
        };
        let mut commands = redis::pipe();
        let milliseconds = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
        commands.cmd("SET").arg(key.as_str()).arg(bytes).arg("PX").arg(milliseconds).ignore();
        let redis = self.clone();
        tokio::spawn(async move { redis.run::<()>("cache", &commands).await });
    }

    /// The commands after which nothing that was loaded before is taken for current.
    pub(super) fn forget(commands: &mut Pipeline, key: &Key) {
        let version = format!("{:016x}", rand::random::<u64>());
        commands.cmd("SET").arg(version_key(key)).arg(version).arg("EX").arg(VERSION_LIFE.as_secs()).ignore();
        commands.cmd("DEL").arg(key.as_str()).ignore();
    }

    /// Opens the circuit as a failure would.
    #[cfg(test)]
    pub(super) fn pretend_down(&self) {
        self.0.down.store(true, Ordering::Relaxed);
        self.probe_until_back();
    }

    fn probe_until_back(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PAUSE).await;
                let Some(inner) = inner.upgrade() else { return };
                if !inner.down.load(Ordering::Relaxed) {
                    return;
                }
                if inner.ask::<()>(redis::pipe().cmd("PING").ignore(), PROBE_PATIENCE).await.is_ok() {
                    inner.down.store(false, Ordering::Relaxed);
                    tracing::info!("Redis answers again");
                    return;
                }
            }
        });
    }
}

impl Inner {
    async fn ask<T: FromRedisValue>(&self, commands: &Pipeline, patience: Duration) -> RedisResult<T> {
        let work = async { commands.query_async(&mut self.connection()?).await };
        let outcome = tokio::time::timeout(patience, work)
            .await
            .unwrap_or_else(|_| Err((redis::ErrorKind::Io, "no answer in time").into()));
        if outcome.is_err() {
            // A new one next time: this one may hang although nothing closed it, or lead to a primary that is none any more.
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        outcome
    }

    /// Not connected yet, at first: that happens with the first command.
    fn connection(&self) -> RedisResult<ConnectionManager> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PROBE_PATIENCE))
            .set_response_timeout(Some(PROBE_PATIENCE))
            .set_number_of_retries(1);
        Ok(connection.insert(self.client.get_connection_manager_lazy(config)?).clone())
    }
}

/// An entry as it was found in Redis.
pub(super) struct Stored {
    bytes: Option<Vec<u8>>,
    /// The key's version; empty if it was never invalidated, or so long ago that it does not matter.
    pub version: String,
}

#[derive(serde::Serialize)]
struct Written<'v, T> {
    version: &'v str,
    value: &'v T,
}

#[derive(serde::Deserialize)]
struct Read<'v> {
    version: &'v str,
    #[serde(borrow)]
    value: &'v RawValue,
}

impl Stored {
    /// The value, unless there is none, it is older than the last invalidation, or of another release's shape.
    pub(super) fn value<T: DeserializeOwned>(&self) -> Option<T> {
        let read: Read<'_> = serde_json::from_slice(self.bytes.as_deref()?).ok()?;
        (read.version == self.version).then(|| serde_json::from_str(read.value.get()).ok()).flatten()
    }
}

fn version_key(key: &Key) -> String {
    format!("{key}:version")
}
