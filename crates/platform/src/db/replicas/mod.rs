//! Reading from replicas without ever showing a client an older state than its own writes.
//!
//! Which replica may be asked is known before the question: every half second each says how far it has replayed the log, and the
//! primary where the log ends. A read of a user goes to a replica that has replayed the user's last write; a read of nobody
//! in particular to any replica that does not lag. Everything that is not known leads to the primary.

mod lag;
mod written;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use sqlx::PgConnection;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use types::{ServiceName, UserId};

use super::pool::Pool;
use super::{Connection, DbOptions};
use crate::cache::Redis;
use crate::scope::Scope;
use crate::telemetry::names;
use lag::{Descent, Position, Primary};
use written::Written;

/// Between two looks at the servers.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A server that does not answer a look in this time counts as away.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Replicas {
    service: ServiceName,
    all: Vec<Replica>,
    turn: AtomicUsize,
    max_lag: Duration,
    primary: Mutex<Primary>,
    written: Written,
}

struct Replica {
    /// For the metrics: `host:port`.
    name: String,
    pool: Pool,
    /// As it was at the last look: by now it may have replayed more.
    replayed: AtomicU64,
    /// Was it there at the last look, and not too far behind?
    usable: AtomicBool,
    descent: Mutex<Descent>,
}

impl Replicas {
    /// None if none is configured.
    pub fn new(service: ServiceName, options: &DbOptions, redis: Option<Redis>) -> Option<Self> {
        let replica = |server: &sqlx::postgres::PgConnectOptions| Replica {
            name: format!("{}:{}", server.get_host(), server.get_port()),
            pool: options.replica_pool(server.clone(), service),
            replayed: AtomicU64::default(),
            usable: AtomicBool::new(false),
            descent: Mutex::default(),
        };
        let all: Vec<Replica> = options.replicas.iter().map(replica).collect();
        (!all.is_empty()).then(|| Replicas {
            service,
            all,
            turn: AtomicUsize::default(),
            max_lag: options.replica_max_lag,
            primary: Mutex::default(),
            written: Written::new(service, redis),
        })
    }

    /// To a replica that has all that the running scope's user has written, or else to the primary.
    pub async fn read(&self, primary: &Pool) -> Result<Connection, sqlx::Error> {
        let user = Scope::user();
        let known = match user {
            None => Known::UpTo(Position::default()),
            Some(user) => self.written_by(user).await,
        };
        let connection = match known {
            Known::UpTo(end) => self.connection(end).await,
            Known::Nothing | Known::NotNow => None,
        };
        let server = if connection.is_some() { "replica" } else { "primary" };
        metrics::counter!(names::DATABASE_READS_TOTAL, "service" => self.service.as_str(), "server" => server)
            .increment(1);
        match (connection, known, user) {
            (Some(connection), ..) => Ok(connection),
            (None, Known::Nothing, Some(user)) => self.first_read_of(user, primary).await,
            (None, ..) => primary.acquire().await,
        }
    }

    /// To be called when a transaction has been committed: what it wrote counts as the running scope's user's.
    pub async fn committed(&self, primary: &Pool) {
        let Some(user) = Scope::user() else { return };
        let end = async { end_of_log(&mut *primary.acquire().await?).await };
        let end = end.await.inspect_err(|error| {
            tracing::warn!(%error, "where a commit ends is not known: its user reads from the primary for a while");
        });
        self.written.note(user, end.ok()).await;
    }

    /// Looks at the servers again and again until `stop`. Before the first look nothing is read from a replica.
    pub async fn watch(&self, primary: &Pool, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.look(primary).await;
            self.written.settle().await;
            let _stopped = stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
        }
    }

    pub async fn close(&self) {
        join_all(self.all.iter().map(|replica| replica.pool.close())).await;
    }

    async fn written_by(&self, user: UserId) -> Known {
        if self.replica_at(self.written.here(user).await).is_none() {
            // Redis could only say the same or more.
            return Known::NotNow;
        }
        match self.written.everywhere(user).await {
            Ok(Some(end)) => Known::UpTo(end),
            Ok(None) => Known::Nothing,
            Err(_) => Known::NotNow,
        }
    }

    /// Notes where the log ends now, beyond all that the user may have written, so that the next read need not come here.
    async fn first_read_of(&self, user: UserId, primary: &Pool) -> Result<Connection, sqlx::Error> {
        let mut connection = primary.acquire().await?;
        let end = end_of_log(&mut connection).await?;
        self.written.note(user, Some(end)).await;
        Ok(connection)
    }

    async fn connection(&self, replayed: Position) -> Option<Connection> {
        let replica = self.replica_at(replayed)?;
        match replica.pool.acquire().await {
            Ok(connection) => Some(connection),
            Err(error) => {
                replica.set_usable(false, &format!("no connection: {error}"));
                None
            }
        }
    }

    /// One that can be asked and has replayed the log up to here, each in its turn.
    fn replica_at(&self, replayed: Position) -> Option<&Replica> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let (before, from) = self.all.split_at(turn % self.all.len());
        from.iter().chain(before).find(|replica| {
            replica.usable.load(Ordering::Relaxed) && replica.replayed.load(Ordering::Relaxed) >= replayed.0
        })
    }

    async fn look(&self, primary: &Pool) {
        let replayed = join_all(self.all.iter().map(|replica| async {
            match timeout(PATIENCE, replica.replayed()).await {
                Ok(replayed) => replayed.map_err(|error| error.to_string()),
                Err(_) => Err(format!("no answer within {PATIENCE:?}")),
            }
        }))
        .await;
        // After the replicas: none of its own can have more.
        let flushed = async {
            let text = "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint";
            sqlx::query_scalar::<_, i64>(text).fetch_one(&mut *primary.acquire().await?).await
        };
        // While the primary is away, the replicas are judged by what was last seen of it.
        let end = timeout(PATIENCE, flushed).await.ok().and_then(Result::ok).map(position);
        if let Some(end) = end {
            self.primary().saw(Instant::now(), end);
        }
        for (replica, replayed) in self.all.iter().zip(replayed) {
            self.judge(replica, replayed, end);
        }
    }

    fn judge(&self, replica: &Replica, replayed: Result<Option<Position>, String>, end: Option<Position>) {
        let lag = match &replayed {
            Ok(Some(replayed)) => {
                replica.replayed.store(replayed.0, Ordering::Relaxed);
                self.primary().lag(*replayed)
            }
            _ => None,
        };
        match (replayed, lag) {
            (Ok(Some(replayed)), _) if !replica.follows(replayed, end) => {
                replica.set_usable(false, "it has what the primary never had: it follows another one");
            }
            (Ok(Some(_)), Some(lag)) => {
                metrics::gauge!(names::DATABASE_REPLICA_LAG_SECONDS, "service" => self.service.as_str(), "replica" => replica.name.clone())
                    .set(lag.seconds());
                replica.set_usable(lag.is_at_most(self.max_lag), &format!("lag of {:.1} s or more", lag.seconds()));
            }
            (Ok(Some(_)), None) => replica.set_usable(false, "the primary was never seen"),
            (Ok(None), _) => replica.set_usable(false, "it is no replica"),
            (Err(error), _) => replica.set_usable(false, &error),
        }
        let usable = if replica.usable.load(Ordering::Relaxed) { 1.0 } else { 0.0 };
        metrics::gauge!(names::DATABASE_REPLICA_USABLE, "service" => self.service.as_str(), "replica" => replica.name.clone())
            .set(usable);
    }

    fn primary(&self) -> std::sync::MutexGuard<'_, Primary> {
        self.primary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a user's writes.
#[derive(Clone, Copy)]
enum Known {
    UpTo(Position),
    Nothing,
    /// It cannot be learnt now, or lies beyond what any replica has.
    NotNow,
}

impl Replica {
    /// None if this is no replica, or none any more: a promoted one's log has nothing to do with the primary's.
    async fn replayed(&self) -> Result<Option<Position>, sqlx::Error> {
        let text = "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint WHERE pg_is_in_recovery()";
        let replayed: Option<Option<i64>> =
            sqlx::query_scalar(text).fetch_optional(&mut *self.pool.acquire().await?).await?;
        Ok(replayed.flatten().map(position))
    }

    fn follows(&self, replayed: Position, end: Option<Position>) -> bool {
        self.descent.lock().unwrap_or_else(PoisonError::into_inner).follows(replayed, end)
    }

    fn set_usable(&self, usable: bool, otherwise: &str) {
        let before = self.usable.swap(usable, Ordering::Relaxed);
        match (before, usable) {
            (true, false) => tracing::warn!(replica = self.name, why = otherwise, "a replica is left alone"),
            (false, true) => tracing::info!(replica = self.name, "a replica is read from"),
            _ => {}
        }
    }
}

/// Behind all that was committed by now, also where commits do not wait for the disk.
async fn end_of_log(primary: &mut PgConnection) -> Result<Position, sqlx::Error> {
    let text = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
    sqlx::query_scalar(text).fetch_one(primary).await.map(position)
}

fn position(bytes: i64) -> Position {
    Position(u64::try_from(bytes).unwrap_or_default())
}
