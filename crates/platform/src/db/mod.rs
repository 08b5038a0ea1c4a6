//! The service's database: one pool for the primary, one for each replica, transactions that publish events when they commit.

mod migrate;
mod options;
mod pool;
mod replicas;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use types::ServiceName;

pub use migrate::{MigrateError, current, migrate};
pub use options::DbOptions;
pub use pool::Connection;
pub use transaction::{Committed, Tx};

use crate::cache::Redis;
use crate::events::wake::Wake;
use crate::telemetry::names;
use pool::Pool;
use replicas::Replicas;

/// The platform's own tables, which every service's database has: outbox, inbox, idempotency keys.
pub static PLATFORM_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Cheap to clone.
#[derive(Clone)]
pub struct Db {
    service: ServiceName,
    primary: Pool,
    patience: Duration,
    replicas: Option<Arc<Replicas>>,
    wake: Wake,
}

impl Db {
    /// Makes the pools; connects when a connection is first asked for, so that a service can start before its database. Redis is
    /// what the processes of a service tell each other by which users have written what: without it, users read from the
    /// primary.
    pub fn new(service: ServiceName, options: &DbOptions, wake: Wake, redis: Option<Redis>) -> Self {
        Db {
            service,
            primary: options.pool(options.primary.clone(), service),
            patience: options.patience(),
            replicas: Replicas::new(service, options, redis).map(Arc::new),
            wake,
        }
    }

    /// A transaction on the primary.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(Tx::new(self.primary.begin().await?, self.clone()))
    }

    /// A connection to the primary: for reads whose answer is kept or acted upon, and for writes of a single statement, which
    /// [`Db::read`] does not know of.
    pub async fn primary(&self) -> Result<Connection, sqlx::Error> {
        self.primary.acquire().await
    }

    /// A connection for reads that may lag, but not behind what the scope's user has written in a [`Tx`]: to a replica, or to the
    /// primary if no replica has that, or none is known to be well.
    pub async fn read(&self) -> Result<Connection, sqlx::Error> {
        match &self.replicas {
            Some(replicas) => replicas.read(&self.primary).await,
            None => self.primary().await,
        }
    }

    /// Watches over the replicas until `stop`; None if there are none. Without it none is read from.
    pub(crate) fn watch_replicas(&self, stop: CancellationToken) -> Option<impl Future<Output = ()> + Send + use<>> {
        let (replicas, primary) = (self.replicas.clone()?, self.primary.clone());
        Some(async move { replicas.watch(&primary, stop).await })
    }

    /// What a transaction has just written, its user must see in every read from now on.
    async fn committed(&self) {
        if let Some(replicas) = &self.replicas {
            replicas.committed(&self.primary).await;
        }
    }

    /// How to reach the primary without the pool, for what keeps a connection: `LISTEN`, session locks.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        self.primary.connect_options()
    }

    /// How long a statement's answer is worth waiting for. The server ends statements before; without an answer by then it is gone.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    pub fn service(&self) -> ServiceName {
        self.service
    }

    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Does the primary answer? For readiness.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        let answer = async { sqlx::query("SELECT 1").execute(&mut *self.primary().await?).await.map(drop) };
        timeout(self.patience, answer).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    pub fn record_metrics(&self) {
        let service = self.service.as_str();
        let (size, idle) = self.primary.size();
        metrics::gauge!(names::DATABASE_CONNECTIONS, "service" => service, "state" => "idle").set(f64::from(idle));
        metrics::gauge!(names::DATABASE_CONNECTIONS, "service" => service, "state" => "used")
            .set(f64::from(size.saturating_sub(idle)));
    }

    pub async fn close(&self) {
        self.primary.close().await;
        if let Some(replicas) = &self.replicas {
            replicas.close().await;
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Turns the violation of a named constraint into the client's error, where the statement stands that may violate it.
pub trait OnConstraint<T> {
    /// If `constraint` was violated, `problem`; any other error passes through.
    fn on_constraint(self, constraint: &str, problem: impl FnOnce() -> crate::Problem) -> crate::Result<T>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, constraint: &str, problem: impl FnOnce() -> crate::Problem) -> crate::Result<T> {
        self.map_err(|error| match error.as_database_error() {
            Some(violation) if violation.constraint() == Some(constraint) => problem(),
            _ => error.into(),
        })
    }
}
