//! Servers of one test alone: for tests that stop, kill or starve them.

use std::ops::{Deref, DerefMut};

use local::{Persistence, PostgresOptions, PostgresServer, RedisOptions, RedisServer, Replication};

use crate::ScratchDirectory;

/// A server and its directory, which both end with the test. The server comes first: it ends before its directory goes.
pub struct Private<Server> {
    server: Server,
    _directory: ScratchDirectory,
}

impl<Server> Deref for Private<Server> {
    type Target = Server;
    fn deref(&self) -> &Server {
        &self.server
    }
}

impl<Server> DerefMut for Private<Server> {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

/// A PostgreSQL of the test's own. Its data survives a kill of the server.
pub async fn private_postgres() -> Private<PostgresServer> {
    let directory = ScratchDirectory::create();
    let options = PostgresOptions { durable: false, ..PostgresOptions::new(directory.join("postgres")) };
    let server = PostgresServer::start(options).await.expect("the test's PostgreSQL");
    Private { server, _directory: directory }
}

/// A primary and its streaming replica, of the test's own. What the replica shows can be held back and let go by
/// `pg_wal_replay_pause()` and `pg_wal_replay_resume()`.
pub async fn private_replicated_postgres() -> (Private<PostgresServer>, Private<PostgresServer>) {
    let start = async |name: &str, replication: Replication| {
        let directory = ScratchDirectory::create();
        let options = PostgresOptions { durable: false, replication, ..PostgresOptions::new(directory.join(name)) };
        let server = PostgresServer::start(options).await.expect("the test's PostgreSQL");
        Private { server, _directory: directory }
    };
    let primary = start("primary", Replication::Primary).await;
    let replica = start("replica", Replication::ReplicaOf(primary.upstream())).await;
    (primary, replica)
}

/// A cache of the test's own.
pub async fn private_redis() -> Private<RedisServer> {
    let directory = ScratchDirectory::create();
    let server = RedisServer::start(RedisOptions::cache(directory.join("cache"))).await.expect("the test's Redis");
    Private { server, _directory: directory }
}

/// A Redis for streams of the test's own, which keeps every answered write, as in production's stead.
pub async fn private_streams() -> Private<RedisServer> {
    let directory = ScratchDirectory::create();
    let options =
        RedisOptions { persistence: Persistence::EveryWrite, ..RedisOptions::streams(directory.join("streams")) };
    let server = RedisServer::start(options).await.expect("the test's Redis for streams");
    Private { server, _directory: directory }
}
