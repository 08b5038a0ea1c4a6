//! How to reach the database.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use types::ServiceName;

use crate::env::{Env, EnvError};

#[derive(Clone, Debug)]
pub struct DbOptions {
    pub primary: PgConnectOptions,
    pub replicas: Vec<PgConnectOptions>,
    /// Connections per process to the primary, and to each replica.
    pub connections: u32,
    /// How long a request waits for a free connection before it answers 503.
    pub acquire_timeout: Duration,
    /// How long one statement may run; the server ends it then.
    pub statement_timeout: Duration,
}

impl DbOptions {
    /// `DATABASE_URL`, `DATABASE_REPLICA_URLS`, `DATABASE_CONNECTIONS`, `DATABASE_ACQUIRE_TIMEOUT`, `DATABASE_STATEMENT_TIMEOUT`.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        Ok(DbOptions {
            primary: env.required("DATABASE_URL", "postgres://user:password@host:port/database")?,
            replicas: env.list("DATABASE_REPLICA_URLS")?,
            connections: env.value("DATABASE_CONNECTIONS", 10)?,
            acquire_timeout: env.seconds("DATABASE_ACQUIRE_TIMEOUT", Duration::from_secs(3))?,
            statement_timeout: env.seconds("DATABASE_STATEMENT_TIMEOUT", Duration::from_secs(5))?,
        })
    }

    pub(super) fn pool(&self, server: PgConnectOptions, service: ServiceName) -> PgPool {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let server = server.application_name(service.as_str()).options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            // A client that went away inside a transaction must not hold its locks.
            ("idle_in_transaction_session_timeout", milliseconds(self.statement_timeout * 2)),
        ]);
        PgPoolOptions::new()
            .max_connections(self.connections)
            .acquire_timeout(self.acquire_timeout)
            // A ping before each use would be a round trip more for every request. A connection that broke while it was
            // idle fails its first statement and is replaced; fail-over is noticed by that.
            .test_before_acquire(false)
            .idle_timeout(Duration::from_secs(300))
            .max_lifetime(Duration::from_secs(1800))
            .connect_lazy_with(server)
    }
}
