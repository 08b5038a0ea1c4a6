//! The service's database: one pool for the primary, one for each replica, transactions that publish events when they commit.

mod migrate;
mod options;
mod transaction;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use types::ServiceName;

pub use migrate::{MigrateError, current, migrate};
pub use options::DbOptions;
pub use transaction::{Committed, Tx};

use crate::events::wake::Wake;

/// The platform's own tables, which every service's database has: outbox, inbox, idempotency keys.
pub static PLATFORM_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub type Connection = PoolConnection<Postgres>;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    service: ServiceName,
    primary: PgPool,
    replicas: Arc<[PgPool]>,
    next_replica: Arc<AtomicUsize>,
    wake: Wake,
}

impl Db {
    /// Makes the pools; connects when a connection is first asked for, so that a service can start before its database.
    pub fn new(service: ServiceName, options: &DbOptions, wake: Wake) -> Self {
        let replicas = options.replicas.iter().map(|replica| options.pool(replica.clone(), service)).collect();
        Db {
            service,
            primary: options.pool(options.primary.clone(), service),
            replicas,
            next_replica: Arc::default(),
            wake,
        }
    }

    /// A transaction on the primary.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        Ok(Tx::new(self.primary.begin().await?, self.wake.clone()))
    }

    /// A connection to the primary: for reads that must show what has just been written.
    pub async fn primary(&self) -> Result<Connection, sqlx::Error> {
        self.primary.acquire().await
    }

    /// A connection for reads that may lag by the replicas' delay; to the primary if there is no replica, or none answers.
    pub async fn read(&self) -> Result<Connection, sqlx::Error> {
        if self.replicas.is_empty() {
            return self.primary().await;
        }
        let turn = self.next_replica.fetch_add(1, Ordering::Relaxed) % self.replicas.len();
        match self.replicas[turn].acquire().await {
            Ok(connection) => Ok(connection),
            Err(error) => {
                tracing::warn!(%error, "a replica cannot be reached: reading from the primary");
                self.primary().await
            }
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
        metrics::gauge!("database_connections", "service" => service, "state" => "idle").set(f64::from(idle));
        metrics::gauge!("database_connections", "service" => service, "state" => "used")
            .set(f64::from(size.saturating_sub(idle)));
    }

    pub async fn close(&self) {
        self.primary.close().await;
        for replica in self.replicas.iter() {
            replica.close().await;
        }
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
