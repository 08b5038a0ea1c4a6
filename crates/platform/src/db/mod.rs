//! The service's database: one pool for the primary, one for each replica, transactions that publish events when they commit.

mod migrate;
mod options;
mod replicas;
mod transaction;

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio_util::sync::CancellationToken;
use types::ServiceName;

pub use migrate::{MigrateError, current, migrate};
pub use options::DbOptions;
pub use transaction::{Committed, Tx};

use crate::cache::Redis;
use crate::events::wake::Wake;
use crate::telemetry::names;
use replicas::Replicas;

/// The platform's own tables, which every service's database has: outbox, inbox, idempotency keys.
pub static PLATFORM_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub type Connection = PoolConnection<Postgres>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Db {
    service: ServiceName,
    primary: PgPool,
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

    /// The pool of the primary, for what needs a pool: `LISTEN`, session locks.
    pub fn pool(&self) -> &PgPool {
        &self.primary
    }

    pub fn service(&self) -> ServiceName {
        self.service
    }

    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Does the primary answer? For readiness.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&self.primary).await.map(drop)
    }

    pub fn record_metrics(&self) {
        let service = self.service.as_str();
        let idle = u32::try_from(self.primary.num_idle()).unwrap_or(u32::MAX);
        let size = self.primary.size();
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
