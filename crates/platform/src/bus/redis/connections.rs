//! Connections to one Redis: one that everybody shares for commands that answer at once, and one for each call that blocks,
//! since a blocking command holds up everything behind it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult};

use crate::bus::pace::Pace;
use crate::bus::{BusError, BusOptions, RedisConfig};
use crate::redis_client;

pub struct Connections {
    client: Client,
    answer_within: Duration,
    shared: Mutex<Shared>,
    /// Held by the one that opens the shared connection.
    opening: tokio::sync::Mutex<()>,
    /// Connections for blocking commands that nobody uses now.
    idle: Mutex<Vec<MultiplexedConnection>>,
    pace: Pace,
    /// When each stream was trimmed last.
    trimmed: Mutex<HashMap<String, Instant>>,
}

/// The shared connection, and how many there have been before it: so that a late error does not close its successor.
#[derive(Default)]
struct Shared {
    connection: Option<MultiplexedConnection>,
    generation: u64,
}

const TRIM_EVERY: Duration = Duration::from_secs(60);

impl Connections {
    pub fn new(server: &RedisConfig, options: &BusOptions) -> Result<Self, BusError> {
        let client = redis_client::open(&server.url, server.ca.as_deref())
            .map_err(|error| BusError::Configuration(error.to_string()))?;
        Ok(Connections {
            client,
            answer_within: options.answer_within,
            shared: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            idle: Mutex::default(),
            pace: Pace::default(),
            trimmed: Mutex::default(),
        })
    }

    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BusError> {
        self.on_shared(|mut connection| async move { command.query_async(&mut connection).await }).await
    }

    pub async fn run_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, BusError> {
        self.on_shared(|mut connection| async move { commands.query_async(&mut connection).await }).await
    }

    /// Runs a command that may block for up to `block` on the server. Cancelling closes the connection, so that nothing
    /// waits on the server for somebody who has gone.
    pub async fn run_blocking<T: FromRedisValue>(&self, command: &Cmd, block: Duration) -> Result<T, BusError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let within = block + self.answer_within;
        let answer = tokio::time::timeout(within, async {
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.open().await?,
            };
            let answer = command.query_async(&mut connection).await;
            Ok::<_, RedisError>((connection, answer))
        });
        let (connection, answer): (_, RedisResult<T>) = match answer.await {
            Ok(opened) => opened.map_err(failure)?,
            Err(_) => return Err(BusError::Timeout(within)),
        };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.as_ref().err().is_some_and(is_broken) {
            // The server went away, and with it the other ends of all of them.
            idle.clear();
        } else {
            idle.push(connection);
        }
        drop(idle);
        answer.map_err(failure)
    }

    /// What a blocking call came to, not before its turn: see [`Pace`].
    pub async fn pace<T>(&self, result: Result<T, BusError>, deadline: Instant) -> Result<T, BusError> {
        self.pace.keep(result, deadline).await
    }

    pub async fn ping(&self) -> Result<(), BusError> {
        self.run(&redis::cmd("PING")).await
    }

    /// The server's time in milliseconds since 1970: the time that entries' ids are made of.
    pub async fn now(&self) -> Result<u64, BusError> {
        let (seconds, microseconds): (u64, u64) = self.run(&redis::cmd("TIME")).await?;
        Ok(seconds * 1000 + microseconds / 1000)
    }

    /// Now and then removes what is older than `retention` from the stream at `key`. Failing is no harm: the next time will do.
    pub async fn trim(&self, key: &str, retention: Duration) {
        {
            let mut trimmed = self.trimmed.lock().unwrap_or_else(PoisonError::into_inner);
            let due = trimmed.get(key).is_none_or(|last| last.elapsed() >= TRIM_EVERY.min(retention));
            if !due {
                return;
            }
            trimmed.insert(key.to_owned(), Instant::now());
        }
        let outcome = async {
            let oldest = self.now().await?.saturating_sub(milliseconds(retention));
            // Removing whole blocks only ("~") costs next to nothing.
            self.run::<u64>(redis::cmd("XTRIM").arg(key).arg("MINID").arg("~").arg(oldest)).await
        };
        if let Err(error) = outcome.await {
            tracing::warn!(%error, key, "could not trim");
        }
    }

    async fn on_shared<T, F: Future<Output = RedisResult<T>>>(
        &self,
        run: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, BusError> {
        let within = self.answer_within;
        let mut used = None;
        let answer = tokio::time::timeout(within, async {
            let (connection, generation) = self.share().await?;
            used = Some(generation);
            run(connection).await
        })
        .await;
        let broken = answer.as_ref().map_or(true, |answer| answer.as_ref().err().is_some_and(is_broken));
        if let (true, Some(generation)) = (broken, used) {
            self.close(generation);
        }
        match answer {
            Ok(answer) => answer.map_err(failure),
            Err(_) => Err(BusError::Timeout(within)),
        }
    }

    async fn share(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        if let Some(shared) = self.shared() {
            return Ok(shared);
        }
        let _opening = self.opening.lock().await;
        if let Some(shared) = self.shared() {
            return Ok(shared);
        }
        let connection = self.open().await?;
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.generation += 1;
        shared.connection = Some(connection.clone());
        Ok((connection, shared.generation))
    }

    fn shared(&self) -> Option<(MultiplexedConnection, u64)> {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.connection.clone().map(|connection| (connection, shared.generation))
    }

    fn close(&self, generation: u64) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.generation == generation {
            shared.connection = None;
        }
    }

    async fn open(&self) -> RedisResult<MultiplexedConnection> {
        // Answers are timed by the callers, who know how long a command may block.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(self.answer_within)).set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }
}

/// For the wire; more than the wire can say becomes its most.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Has the server no such stream or group (any more)?
pub fn is_missing(error: &BusError) -> bool {
    matches!(error, BusError::Refused(why) if why.contains("NOGROUP") || why.contains("no such key") || why.contains("requires the key to exist"))
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_timeout() || error.is_unrecoverable_error()
}

fn failure(error: RedisError) -> BusError {
    // LOADING: the server reads its file after a restart. The others: it is a replica, or its memory or disk is full.
    let away = ["LOADING", "READONLY", "MASTERDOWN", "BUSY", "TRYAGAIN", "OOM", "MISCONF", "EXECABORT"];
    if is_broken(&error) || error.code().is_some_and(|code| away.contains(&code)) {
        BusError::Unavailable(error.to_string())
    } else {
        BusError::Refused(error.to_string())
    }
}
