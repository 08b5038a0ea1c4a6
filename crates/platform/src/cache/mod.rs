//! Three tiers: this process's memory, Redis, and whatever loads the truth.
//!
//! Redis may lose everything, or be gone, at any time: only speed suffers. What must hold all the same is that a value
//! read before a change is never served after the change's invalidation:
//!
//! - In the process, an entry belongs to a generation of its key; an invalidation starts the next one, so that a load that
//!   began before it ends in a generation that nobody reads any more.
//! - In Redis, an entry names the version that its key had when the load began; an invalidation sets another version.
//! - Other processes are told by pub/sub. A message that is lost heals when the in-process entry expires, in seconds.
//! - What could not be told to Redis is owed to it: until that is done, this process does not read these keys from there.
//!   Should Redis survive such a time with its data, others may see a value of before until the debt is paid; should the
//!   process that owes die first, until the entry expires. So nothing is to be cached for longer than that may do harm.

mod connection;
mod entry;
mod listener;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use types::ServiceName;
use uuid::Uuid;

use crate::telemetry::names;
pub use connection::{Redis, RedisUnavailable};
use entry::{Entry, LocalKey};

/// Which thing is cached: `product:0198...`. Services share one Redis: the first part is the owner's to choose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    pub fn new(kind: &str, id: impl Display) -> Self {
        Key(format!("{kind}:{id}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug)]
pub struct CacheConfig {
    /// For the metrics.
    pub service: ServiceName,
    /// The most entries that this process keeps.
    pub capacity: u64,
    /// How long this process keeps an entry without asking Redis again: the time in which a lost invalidation heals.
    pub local_life: Duration,
}

impl CacheConfig {
    /// 10,000 entries, five seconds.
    pub fn new(service: ServiceName) -> Self {
        CacheConfig { service, capacity: 10_000, local_life: Duration::from_secs(5) }
    }
}

/// Cheap to clone; clones share the entries.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    config: CacheConfig,
    local: moka::future::Cache<LocalKey, Entry>,
    generations: Generations,
    redis: Option<Redis>,
    /// Keys whose invalidation Redis does not know of yet, and how often that was so.
    owed: Mutex<HashMap<Key, u64>>,
    /// By which this process recognises its own messages.
    process: Uuid,
    #[allow(dead_code, reason = "held for its end: dropping it stops the listening")]
    listener: Option<listener::Listener>,
}

impl Cache {
    /// To be called within a Tokio runtime. Without Redis, or while it is gone, the process's own tier remains.
    pub fn new(redis: Option<Redis>, config: CacheConfig) -> Self {
        Cache(Arc::new_cyclic(|inner| Inner {
            local: entry::local_tier(config.capacity),
            generations: Generations::default(),
            owed: Mutex::default(),
            process: Uuid::now_v7(),
            listener: redis.clone().map(|redis| listener::Listener::start(redis, inner.clone())),
            redis,
            config,
        }))
    }

    /// The value, kept for about `life` (at most six hours) in Redis, and for seconds in this process. While one caller
    /// loads, all others of this process wait for the outcome.
    ///
    /// # Errors
    /// Only what `load` returns, to all who waited. Errors are not kept.
    pub async fn get_or_load<T, E, F>(&self, key: &Key, life: Duration, load: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.get_or_load_for(key, |_| life, load).await
    }

    /// The same for something that may be absent; that it is absent is kept for `absent_life` (zero: not at all).
    ///
    /// # Errors
    /// Only what `load` returns.
    pub async fn get_or_load_optional<T, E, F>(
        &self,
        key: &Key,
        life: Duration,
        absent_life: Duration,
        load: impl FnOnce() -> F,
    ) -> Result<Arc<Option<T>>, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
        F: Future<Output = Result<Option<T>, E>>,
    {
        self.get_or_load_for(key, |found| if found.is_some() { life } else { absent_life }, load).await
    }

    /// To be called after the change has been committed. When it returns, this process serves nothing older; the others
    /// follow within milliseconds, or within `local_life` if the message is lost. It never fails: what Redis cannot be told
    /// now, it is told when it is back.
    pub async fn invalidate(&self, keys: &[Key]) {
        for key in keys {
            self.0.generations.next(key);
        }
        let Some(redis) = &self.0.redis else { return };
        if listener::tell(redis, self.0.process, keys).await.is_err() {
            self.0.owe(keys);
        }
    }

    async fn get_or_load_for<T, E, F>(
        &self,
        key: &Key,
        life: impl FnOnce(&T) -> Duration,
        load: impl FnOnce() -> F,
    ) -> Result<Arc<T>, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let generation = self.0.generations.of(key);
        let absent = AtomicBool::new(false);
        let fill = async {
            absent.store(true, Ordering::Relaxed);
            self.0.read_or_load(key, life, load).await
        };
        let entry = self.0.local.try_get_with(LocalKey::new::<T>(key, generation), fill).await;
        self.0.count("process", !absent.into_inner());
        let entry = entry.map_err(|shared: Arc<E>| Arc::try_unwrap(shared).unwrap_or_else(|e| (*e).clone()))?;
        Ok(entry.value.downcast().unwrap_or_else(|_| unreachable!("the type is part of the local key")))
    }
}

impl Inner {
    async fn read_or_load<T, E, F>(
        &self,
        key: &Key,
        life: impl FnOnce(&T) -> Duration,
        load: impl FnOnce() -> F,
    ) -> Result<Entry, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let redis = self.redis.as_ref().filter(|_| !self.owes(key));
        let stored = match redis {
            Some(redis) => redis.read_entry(key).await.ok(),
            None => None,
        };
        let found: Option<T> = stored.as_ref().and_then(|stored| stored.value());
        if redis.is_some() {
            self.count("redis", found.is_some());
        }
        if let Some(value) = found {
            return Ok(Entry::new(value, entry::jittered(self.config.local_life)));
        }
        let value = load().await?;
        let life = entry::jittered(life(&value).min(entry::LONGEST_LIFE));
        if let (Some(redis), Some(stored)) = (redis, stored)
            && !life.is_zero()
        {
            // Not waited for: whoever asked has what they asked for.
            redis.write_entry(key, &stored.version, &value, life);
        }
        Ok(Entry::new(value, life.min(entry::jittered(self.config.local_life))))
    }

    fn owe(&self, keys: &[Key]) {
        let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            *owed.entry(key.clone()).or_default() += 1;
        }
    }

    fn owes(&self, key: &Key) -> bool {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// Tells Redis what it missed.
    async fn settle(&self, redis: &Redis) -> Result<(), RedisUnavailable> {
        let owed: Vec<(Key, u64)> = {
            let owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
            owed.iter().map(|(key, times)| (key.clone(), *times)).collect()
        };
        for some in owed.chunks(500) {
            let keys: Vec<Key> = some.iter().map(|(key, _)| key.clone()).collect();
            listener::tell(redis, self.process, &keys).await?;
            let mut owed = self.owed.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, times) in some {
                // Not if another invalidation has failed since: that one is still owed.
                if owed.get(key) == Some(times) {
                    owed.remove(key);
                }
            }
        }
        Ok(())
    }

    fn count(&self, tier: &'static str, hit: bool) {
        let outcome = if hit { "hit" } else { "miss" };
        let service = self.config.service.as_str();
        metrics::counter!(names::CACHE_LOOKUPS_TOTAL, "service" => service, "tier" => tier, "outcome" => outcome)
            .increment(1);
    }
}

/// Numbers that grow with each invalidation. Several keys share one: that costs a needless load now and then.
struct Generations {
    by_hash: Box<[AtomicU64]>,
    all: AtomicU64,
}

impl Default for Generations {
    fn default() -> Self {
        const STRIPES: usize = 4096;
        Generations { by_hash: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(), all: AtomicU64::new(0) }
    }
}

impl Generations {
    /// The sum of two numbers that only grow: it changes when either does.
    fn of(&self, key: &Key) -> u64 {
        let own = self.stripe(key).map_or(0, |own| own.load(Ordering::SeqCst));
        own.wrapping_add(self.all.load(Ordering::SeqCst))
    }

    fn next(&self, key: &Key) {
        if let Some(own) = self.stripe(key) {
            own.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn next_of_all(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
    }

    fn stripe(&self, key: &Key) -> Option<&AtomicU64> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let stripes = u64::try_from(self.by_hash.len()).ok()?;
        self.by_hash.get(usize::try_from(hasher.finish() % stripes).ok()?)
    }
}
