//! Waking what waits within the process: the relay when there is something in the outbox, a job when there is work for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Cheap to clone; clones wake the same sleepers.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    outbox: Arc<Notify>,
    jobs: Arc<Mutex<HashMap<&'static str, Arc<Notify>>>>,
}

impl Wake {
    /// There is something in the outbox.
    pub fn outbox(&self) {
        self.outbox.notify_one();
    }

    pub(super) async fn outbox_woken(&self) {
        self.outbox.notified().await;
    }

    /// There is work for this job.
    pub fn job(&self, name: &'static str) {
        self.sleeper(name).notify_one();
    }

    /// What the job of this name waits on.
    pub fn sleeper(&self, name: &'static str) -> Arc<Notify> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone()
    }
}
