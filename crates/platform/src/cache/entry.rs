//! An entry of the process's own tier, and how long it lives.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;

use super::Key;

/// Nothing is kept longer in Redis: the record of an invalidation need not outlive it by much.
pub(super) const LONGEST_LIFE: Duration = Duration::from_secs(6 * 60 * 60);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct LocalKey {
    key: Key,
    generation: u64,
    /// So that two types under one key, a mistake of ours, do not meet.
    kind: TypeId,
}

impl LocalKey {
    pub(super) fn new<T: 'static>(key: &Key, generation: u64) -> Self {
        LocalKey { key: key.clone(), generation, kind: TypeId::of::<T>() }
    }
}

#[derive(Clone)]
pub(super) struct Entry {
    pub value: Arc<dyn Any + Send + Sync>,
    life: Duration,
}

impl Entry {
    pub(super) fn new<T: Send + Sync + 'static>(value: T, life: Duration) -> Self {
        Entry { value: Arc::new(value), life }
    }
}

pub(super) fn local_tier(capacity: u64) -> moka::future::Cache<LocalKey, Entry> {
    moka::future::Cache::builder().max_capacity(capacity).expire_after(OwnLife).build()
}

struct OwnLife;

impl Expiry<LocalKey, Entry> for OwnLife {
    fn expire_after_create(&self, _: &LocalKey, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }
}

/// Ten per cent more or less, so that entries made together do not expire together.
pub(super) fn jittered(life: Duration) -> Duration {
    life * rand::random_range(900..=1100) / 1000
}
