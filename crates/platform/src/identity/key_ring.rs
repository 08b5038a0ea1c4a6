//! Public keys from elsewhere, kept here: read anew when a token names one that is not known, and now and then.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use types::Timestamp;

use super::IdentityError;
use crate::clock::Clock;

/// Why keys could not be read, for the log.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

#[async_trait]
pub(super) trait Source<K>: Send + Sync + 'static {
    /// All keys by their id; `None` if nothing has changed since the last reading.
    async fn read(&self) -> Result<Option<HashMap<String, K>>, SourceError>;
}

#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Keys older than this are read anew in the background.
    pub oldest: Duration,
    /// At least this long between two readings, whatever ids tokens make up.
    pub pause: Duration,
    /// The same after a reading that failed.
    pub pause_after_failure: Duration,
    /// How long one reading may take.
    pub patience: Duration,
}

/// Cheap to clone; clones share the keys.
pub(super) struct KeyRing<K>(Arc<Inner<K>>);

struct Inner<K> {
    source: Box<dyn Source<K>>,
    clock: Clock,
    pace: Pace,
    held: RwLock<Held<K>>,
    /// Held by the one who is reading: all others wait for the outcome.
    reading: Mutex<()>,
}

struct Held<K> {
    keys: HashMap<String, K>,
    read: Option<Timestamp>,
    tried: Option<Timestamp>,
    failed: bool,
}

impl<K: Clone + Send + Sync + 'static> KeyRing<K> {
    /// A ring that reads its first keys when they are first needed.
    pub(super) fn new(source: impl Source<K>, clock: Clock, pace: Pace) -> Self {
        let held = Held { keys: HashMap::new(), read: None, tried: None, failed: false };
        KeyRing(Arc::new(Inner {
            source: Box::new(source),
            clock,
            pace,
            held: RwLock::new(held),
            reading: Mutex::new(()),
        }))
    }

    /// The same with keys that have just been read.
    pub(super) fn with_keys(self, keys: HashMap<String, K>) -> Self {
        let now = self.0.clock.now();
        self.0.update(|held| {
            held.keys = keys;
            held.read = Some(now);
        });
        self
    }

    /// The key, if it is known. Never waits.
    pub(super) fn known(&self, id: &str) -> Option<K> {
        let now = self.0.clock.now();
        let (key, is_old) = self.0.look(|held| {
            let is_old = held.read.is_some_and(|read| now.since(read) >= self.0.pace.oldest);
            (held.keys.get(id).cloned(), is_old)
        });
        if is_old && self.0.may_read() && self.0.reading.try_lock().is_ok() {
            tokio::spawn(Arc::clone(&self.0).read());
        }
        key
    }

    /// The key; if it is not known, it is looked for at the source, unless that was done just now.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] if there is no such key, [`IdentityError::KeysUnavailable`] if that cannot be found out.
    pub(super) async fn find(&self, id: &str) -> Result<K, IdentityError> {
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        if self.0.may_read() {
            // A task of its own: a client that goes away must not stop the reading that others wait for.
            let _ = tokio::spawn(Arc::clone(&self.0).read()).await;
        } else {
            drop(self.0.reading.lock().await);
        }
        self.0.look(|held| match held.keys.get(id) {
            Some(key) => Ok(key.clone()),
            None if held.failed || held.read.is_none() => Err(IdentityError::KeysUnavailable),
            None => Err(IdentityError::Invalid),
        })
    }
}

impl<K> Clone for KeyRing<K> {
    fn clone(&self) -> Self {
        KeyRing(Arc::clone(&self.0))
    }
}

impl<K: Send + Sync + 'static> Inner<K> {
    async fn read(self: Arc<Self>) {
        let _reading = self.reading.lock().await;
        if !self.may_read() {
            return;
        }
        let now = self.clock.now();
        self.update(|held| held.tried = Some(now));
        let outcome = match tokio::time::timeout(self.pace.patience, self.source.read()).await {
            Ok(outcome) => outcome,
            Err(_) => Err("no answer in time".into()),
        };
        if let Err(error) = &outcome {
            tracing::warn!(%error, "keys cannot be read; those already known stay in use");
        }
        self.update(|held| {
            held.failed = outcome.is_err();
            if let Ok(changed) = outcome {
                held.read = Some(now);
                held.keys = changed.unwrap_or_else(|| std::mem::take(&mut held.keys));
            }
        });
    }

    fn may_read(&self) -> bool {
        let now = self.clock.now();
        self.look(|held| {
            let pause = if held.failed { self.pace.pause_after_failure } else { self.pace.pause };
            // A clock that was set back must not stop the reading.
            held.tried.is_none_or(|tried| tried > now || now.since(tried) >= pause)
        })
    }

    fn look<T>(&self, look: impl FnOnce(&Held<K>) -> T) -> T {
        look(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn update(&self, update: impl FnOnce(&mut Held<K>)) {
        update(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}
