//! A pool whose connections come back clean, or not at all.
//!
//! sqlx waits for the answer of a connection that is given back, however long that takes. A server that is gone without a word (a
//! node without power, an address that leads elsewhere) never answers, and the operating system gives up after a quarter of an
//! hour only: until then such connections would fill the pool. And a `BEGIN` whose caller does not wait for the answer, sqlx does not
//! undo (<https://github.com/transact-rs/sqlx/issues/4393>): whoever got the connection next would work in a transaction that
//! nobody commits.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres};
use tokio::time::{timeout, timeout_at};
use types::ServiceName;

/// How long a connection that is doubted may take to answer before another one is made.
const PATIENCE_WITH_DOUBTED: Duration = Duration::from_millis(500);

/// Connections to one server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool {
    inner: PgPool,
    trust: Arc<Trust>,
}

/// From a [`Pool`], to which it goes back when it is dropped.
pub struct Connection {
    inner: Option<PoolConnection<Postgres>>,
    /// Must it be rolled back before anybody else gets it?
    in_transaction: bool,
    trust: Arc<Trust>,
}

/// How far a pool's connections can be trusted.
struct Trust {
    service: ServiceName,
    /// A server that has not answered by now never will.
    patience: Duration,
    /// Those unused for as long are asked before they are given out.
    longest_unasked: Duration,
    /// When the server last left one without an answer: those that have been unused since then are asked, too.
    doubted_since: Mutex<Option<Instant>>,
}

impl Pool {
    /// Connects when a connection is first asked for. A connection that was unused for `longest_unasked` is asked whether it still
    /// works before it is given out.
    pub fn new(
        options: PgPoolOptions,
        server: PgConnectOptions,
        service: ServiceName,
        patience: Duration,
        longest_unasked: Duration,
    ) -> Self {
        let trust = Arc::new(Trust { service, patience, longest_unasked, doubted_since: Mutex::default() });
        let asked = Arc::clone(&trust);
        let options = options.before_acquire(move |connection, state| {
            let is_doubted = asked.doubts(state.idle_for);
            Box::pin(async move {
                if is_doubted {
                    let answer = timeout(PATIENCE_WITH_DOUBTED, connection.ping()).await;
                    answer.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
                Ok(true)
            })
        });
        Pool { inner: options.connect_lazy_with(server), trust }
    }

    pub async fn acquire(&self) -> Result<Connection, sqlx::Error> {
        let inner = Some(self.inner.acquire().await?);
        Ok(Connection { inner, in_transaction: false, trust: Arc::clone(&self.trust) })
    }

    /// A connection with a transaction, which ends with [`Connection::commit`] or is rolled back.
    pub async fn begin(&self) -> Result<Connection, sqlx::Error> {
        let mut connection = self.acquire().await?;
        connection.in_transaction = true;
        sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
        Ok(connection)
    }

    pub fn connect_options(&self) -> PgConnectOptions {
        (*self.inner.connect_options()).clone()
    }

    /// How many connections there are, and how many of them nobody uses.
    pub fn size(&self) -> (u32, u32) {
        (self.inner.size(), u32::try_from(self.inner.num_idle()).unwrap_or(u32::MAX))
    }

    pub async fn close(&self) {
        self.inner.close().await;
    }
}

impl Connection {
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut *self).await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(super) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("ROLLBACK").execute(&mut *self).await?;
        self.in_transaction = false;
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(connection) = self.inner.take() {
            tokio::spawn(give_back(connection, self.in_transaction, Arc::clone(&self.trust)));
        }
    }
}

/// Rolled back and asked whether it still works; closed if it does not.
async fn give_back(mut connection: PoolConnection<Postgres>, in_transaction: bool, trust: Arc<Trust>) {
    let deadline = tokio::time::Instant::now() + trust.patience;
    if in_transaction {
        let rolled_back = timeout_at(deadline, sqlx::raw_sql("ROLLBACK").execute(&mut *connection)).await;
        if !matches!(rolled_back, Ok(Ok(_))) {
            // Dropped as it is, it would be asked once more, and its answer waited for.
            drop(connection.detach());
            if rolled_back.is_err() {
                trust.lose();
            }
            return;
        }
    }
    if timeout_at(deadline, connection.return_to_pool()).await.is_err() {
        trust.lose();
    }
}

impl Trust {
    fn doubts(&self, unused_for: Duration) -> bool {
        let since = *self.doubted_since.lock().unwrap_or_else(PoisonError::into_inner);
        unused_for >= self.longest_unasked || since.is_some_and(|since| unused_for >= since.elapsed())
    }

    fn lose(&self) {
        tracing::warn!(service = %self.service, "the database left a connection without an answer for {:?}", self.patience);
        *self.doubted_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl Deref for Connection {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        // Only `drop` takes it.
        self.inner.as_deref().unwrap_or_else(|| unreachable!())
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.inner.as_deref_mut().unwrap_or_else(|| unreachable!())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}
