//! Private servers for one machine: a PostgreSQL and Redis servers as child processes, for `haat up` and for tests.
//!
//! A server keeps everything in one *state directory*: its data, its generated password, its log. It listens on 127.0.0.1
//! only, and asks everybody for that password. Its process ends with the process that started it, also after a
//! `kill -9`, and what a killed run leaves behind does not stop the next start. Started as root, it runs as `nobody`,
//! since PostgreSQL refuses to be root.
//!
//! Deliberately absent: any server that Haat did not start itself. Nothing here looks at ports 5432 or 6379. One function is told
//! of such a server: [`set_up_databases`], so that a service's database is the same there as here.

mod account;
mod binaries;
mod error;
mod port;
mod postgres;
mod process;
mod redis;
mod state;

pub use binaries::{Binaries, PostgresBinaries};
pub use error::{LocalError, LogTail, Program};
pub use postgres::{
    Backup, Database, Login, PostgresOptions, PostgresServer, Replication, Restore, Upstream, ensure_databases,
    set_up_databases,
};
pub use redis::{Persistence, RedisOptions, RedisServer};
pub use state::{DirectoryLock, generate_password, wait_until_ended};
