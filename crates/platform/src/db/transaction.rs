//! A transaction that publishes events when it commits.

use std::fmt::Display;
use std::ops::{Deref, DerefMut};

use contracts::Event;
use futures::future::BoxFuture;
use sqlx::PgConnection;
use tracing::Instrument;
use types::Money;

use super::{Connection, Db};
use crate::events::outbox::{self, Outgoing};
use crate::scope::Scope;

/// A transaction on the primary; dropped without [`Tx::commit`], it never happened. Derefs to the connection, for the
/// functions of a service's store. It has no savepoints: what fails in it fails it.
pub struct Tx {
    inner: Connection,
    outgoing: Vec<Outgoing>,
    db: Db,
    jobs: Vec<&'static str>,
    counts: Vec<(metrics::Counter, u64)>,
    afterwards: Vec<BoxFuture<'static, ()>>,
}

/// The proof that a transaction was committed; only [`Tx::commit`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Committed(());

impl Tx {
    pub(super) fn new(inner: Connection, db: Db) -> Self {
        Tx { inner, outgoing: Vec::new(), db, jobs: Vec::new(), counts: Vec::new(), afterwards: Vec::new() }
    }

    /// Publishes an event if and when the transaction commits. `subject` is the aggregate's id, `version` its version after
    /// this change, so that a consumer can order the aggregate's events.
    ///
    /// # Errors
    /// The event is no JSON, which only a map with keys that are not strings can bring about.
    pub fn publish<E: Event>(&mut self, subject: impl Display, version: i64, event: &E) -> Result<(), sqlx::Error> {
        let data = serde_json::to_value(event).map_err(|e| sqlx::Error::Encode(e.into()))?;
        self.outgoing.push(Outgoing { kind: E::TYPE, stream: E::STREAM, subject: subject.to_string(), version, data });
        Ok(())
    }

    /// Has the job run at once after the commit, rather than when its time comes.
    pub fn wake_job(&mut self, job: &'static str) {
        self.jobs.push(job);
    }

    /// Adds to a counter if and when the transaction commits.
    pub fn count(&mut self, counter: metrics::Counter, by: u64) {
        self.counts.push((counter, by));
    }

    /// Adds an amount, in paise, as [`Tx::count`] does. What is negative is not counted: counters only grow.
    pub fn count_money(&mut self, counter: metrics::Counter, amount: Money) {
        self.count(counter, u64::try_from(amount.paise()).unwrap_or_default());
    }

    /// Has this done if and when the transaction has committed, before [`Tx::commit`] returns: caches forget, others are told.
    pub fn after_commit(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.afterwards.push(Box::pin(work));
    }

    /// Once begun, it is brought to its end even if the caller goes away (a client hangs up, its time is over): what is committed must
    /// not lack what follows from it.
    pub async fn commit(self) -> Result<Committed, sqlx::Error> {
        let work = Scope::current().run(self.finish());
        tokio::spawn(work.in_current_span()).await.unwrap_or_else(|died| match died.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends.
            Err(_) => Err(sqlx::Error::WorkerCrashed),
        })
    }

    async fn finish(mut self) -> Result<Committed, sqlx::Error> {
        if !self.outgoing.is_empty() {
            outbox::write(&mut self.inner, &self.outgoing).await?;
        }
        self.inner.commit().await?;
        if !self.outgoing.is_empty() {
            self.db.wake().outbox();
        }
        for job in self.jobs {
            self.db.wake().job(job);
        }
        for (counter, by) in self.counts {
            counter.increment(by);
        }
        self.db.committed().await;
        for work in self.afterwards {
            work.await;
        }
        Ok(Committed(()))
    }

    /// Undoes everything, at once rather than when the connection is next used.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.inner.rollback().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("outgoing", &self.outgoing).finish_non_exhaustive()
    }
}
