//! How to reach the database.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use types::ServiceName;

use super::pool::Pool;
use super::replicas::LOOK_EVERY;
use crate::env::{Env, EnvError};

#[derive(Clone, Debug)]
pub struct DbOptions {
    pub primary: PgConnectOptions,
    /// Each a server of its own: behind an address that leads to several, nobody knows how far the one has replayed that answers.
    /// Those that turn out to be no replica are left alone, so all servers may be named, whichever of them is the primary.
    pub replicas: Vec<PgConnectOptions>,
    /// A replica that is further behind is left alone until it has caught up.
    pub replica_max_lag: Duration,
    /// Connections per process to the primary, and to each replica.
    pub connections: u32,
    /// How long a request waits for a free connection before it answers 503.
    pub acquire_timeout: Duration,
    /// How long one statement may run; the server ends it then.
    pub statement_timeout: Duration,
}

impl DbOptions {
    /// `DATABASE_URL`, `DATABASE_REPLICA_URLS`, `DATABASE_REPLICA_MAX_LAG`, `DATABASE_CONNECTIONS`, `DATABASE_ACQUIRE_TIMEOUT`, `DATABASE_STATEMENT_TIMEOUT`.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        Ok(DbOptions {
            primary: env.required("DATABASE_URL", "postgres://user:password@host:port/database")?,
            replicas: env.list("DATABASE_REPLICA_URLS")?,
            replica_max_lag: env.seconds("DATABASE_REPLICA_MAX_LAG", Duration::from_secs(5))?,
            connections: env.value("DATABASE_CONNECTIONS", 10)?,
            acquire_timeout: env.seconds("DATABASE_ACQUIRE_TIMEOUT", Duration::from_secs(3))?,
            statement_timeout: env.seconds("DATABASE_STATEMENT_TIMEOUT", Duration::from_secs(5))?,
        })
    }

    /// After this a server will not answer a statement any more: it would have ended it before.
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(1)
    }

    pub(super) fn pool(&self, server: PgConnectOptions, service: ServiceName) -> Pool {
        Pool::new(self.pool_options(), self.server(server, service), service, self.patience(), Duration::MAX)
    }

    /// Nobody waits for a replica as for the primary: there is another way.
    pub(super) fn replica_pool(&self, server: PgConnectOptions, service: ServiceName) -> Pool {
        let patience = self.acquire_timeout.min(Duration::from_millis(500));
        // A replica is away for longer than this before it is read from again: then none of its old connections is given out.
        let options = self.pool_options().acquire_timeout(patience);
        Pool::new(options, self.server(server, service), service, self.patience(), LOOK_EVERY)
    }

    fn server(&self, server: PgConnectOptions, service: ServiceName) -> PgConnectOptions {
        let milliseconds = |time: Duration| time.as_millis().to_string();
        server.application_name(service.as_str()).options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            // Before the statement itself is ended, so that one sees what it has waited for.
            ("lock_timeout", milliseconds(self.statement_timeout * 4 / 5)),
            // A client that went away inside a transaction must not hold its locks.
            ("idle_in_transaction_session_timeout", milliseconds(self.statement_timeout * 2)),
            // Nor its place among the server's connections: without these, one whose node lost its power keeps it for two hours.
            ("tcp_keepalives_idle", "30".to_owned()),
            ("tcp_keepalives_interval", "10".to_owned()),
            ("tcp_keepalives_count", "3".to_owned()),
            // PostgreSQL would plan a statement with arrays anew each time, for longer than most of ours then run.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
        ])
    }

    fn pool_options(&self) -> PgPoolOptions {
        PgPoolOptions::new()
            .max_connections(self.connections)
            .acquire_timeout(self.acquire_timeout)
            // A ping before each use would be a round trip more for every request. A connection that broke while it was
            // idle fails its first statement and is replaced; fail-over is noticed by that.
            .test_before_acquire(false)
            .idle_timeout(Duration::from_secs(300))
            .max_lifetime(Duration::from_secs(1800))
    }
}
