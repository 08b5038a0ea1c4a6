//! Copies of a server's data, and what is made of them and of the log that was archived since.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::PostgresServer;
use super::replication::Upstream;
use crate::error::{LocalError, at};

/// A copy of a server's data.
#[derive(Clone, PartialEq, Eq)]
pub struct Backup {
    directory: PathBuf,
    password: String,
}

/// What a server begins with that goes on from a moment of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    pub backup: Backup,
    /// Where the files of the log are kept that were written since the backup.
    pub log: PathBuf,
    /// The last moment whose commits it has: a timestamp as PostgreSQL writes it.
    pub until: String,
}

impl PostgresServer {
    /// Copies the data as they are now into a directory, made if it is not there. The server must have been started as a
    /// [`super::Replication::Primary`].
    ///
    /// # Errors
    /// If the directory is not empty or cannot be written by the account that the server runs as, or the server dies.
    pub async fn back_up(&self, directory: &Path) -> Result<Backup, LocalError> {
        std::fs::create_dir_all(directory).map_err(at(directory))?;
        self.state.take_over(directory)?;
        let arguments = Upstream::new(self.port, self.password.clone()).copy(directory);
        super::make_data(&self.state, self.binaries.pg_basebackup(), arguments).await?;
        Ok(Backup { directory: directory.to_owned(), password: self.password.clone() })
    }
}

impl Backup {
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// What makes `cp` put its copy into `data`.
    pub(super) fn copy(&self, data: &Path) -> Vec<OsString> {
        vec!["-R".into(), self.directory.join(".").into(), data.into()]
    }
}

impl Restore {
    pub(super) fn settings(&self) -> [(&'static str, String); 3] {
        [
            ("restore_command", format!("cp \"{}/%f\" \"%p\"", self.log.display())),
            ("recovery_target_time", self.until.clone()),
            ("recovery_target_action", "promote".to_owned()),
        ]
    }
}

// Its password is not printed.
impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup").field("directory", &self.directory).finish_non_exhaustive()
    }
}
