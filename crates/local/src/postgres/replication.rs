//! Servers that come from another one, for whoever wants to see what a service does with them: streaming replicas, and servers
//! that are restored to a moment.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use super::SUPERUSER;
use super::backup::Restore;

/// A server's part in replication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Replication {
    /// Nothing replicates from it or to it.
    #[default]
    None,
    /// Others may be replicas of it.
    Primary,
    /// Begins as a copy of another server and follows it from then on; it can only be read. Its data is that server's, and so
    /// are its roles and passwords.
    ReplicaOf(Upstream),
    /// Begins as another server was at a moment, and can be written from then on; others may be replicas of it. It takes
    /// connections before it has come to that moment, and can only be read until then. Its roles and passwords are that server's.
    RestoredTo(Restore),
}

/// A server that another one follows: see [`super::PostgresServer::upstream`].
#[derive(Clone, PartialEq, Eq)]
pub struct Upstream {
    port: u16,
    password: String,
}

/// Replicas and copies under way that a primary serves at once.
const SENDERS: &str = "8";

impl Upstream {
    pub(super) fn new(port: u16, password: String) -> Self {
        Upstream { port, password }
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// What makes `pg_basebackup` copy it into `data`, and the copy follow it.
    pub(super) fn follow(&self, data: &Path) -> Vec<OsString> {
        let mut arguments = self.copy(data);
        arguments.push("--write-recovery-conf".into());
        arguments
    }

    /// What makes `pg_basebackup` copy it into `data`.
    pub(super) fn copy(&self, data: &Path) -> Vec<OsString> {
        let Upstream { port, password } = self;
        let server = format!("host=127.0.0.1 port={port} user={SUPERUSER} password={password}");
        let mut arguments: Vec<OsString> = vec!["--pgdata".into(), data.into(), "--dbname".into(), server.into()];
        let ways = ["--wal-method=stream", "--checkpoint=fast", "--no-sync"];
        arguments.extend(ways.map(OsString::from));
        arguments
    }
}

impl Replication {
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = match self {
            Replication::None => vec![("wal_level", "minimal".to_owned()), ("max_wal_senders", "0".to_owned())],
            // A replica must not have less than its primary.
            Replication::Primary | Replication::ReplicaOf(_) | Replication::RestoredTo(_) => {
                vec![("wal_level", "replica".to_owned()), ("max_wal_senders", SENDERS.to_owned())]
            }
        };
        if let Replication::RestoredTo(restore) = self {
            settings.extend(restore.settings());
        }
        settings
    }
}

// Its password is not printed.
impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("port", &self.port).finish_non_exhaustive()
    }
}
