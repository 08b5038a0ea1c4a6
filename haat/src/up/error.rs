//! Why the platform does not start, or ends: each as one sentence that says what to do.

use std::path::{Path, PathBuf};

use local::LocalError;
use platform::db::MigrateError;
use platform::env::EnvError;
use platform::service::BootError;
use types::ServiceName;

use super::StateError;
use super::ports::PortError;
use crate::machine;

#[derive(Debug, thiserror::Error)]
pub enum UpError {
    #[error(transparent)]
    State(StateError),
    #[error("{error}{}", advice(.error, .state))]
    Local { error: LocalError, state: PathBuf },
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(
        "only {limit} files may be open at once, and at least {needed} are needed: raise the limit (`ulimit -n {needed}`)"
    )]
    OpenFiles { limit: u64, needed: u64 },
    #[error(
        "the {service} database in {} was made by another version of Haat ({error}): use that one, or begin anew with \
         `haat up --reset --state {}`, which deletes the data in it",
        .state.display(), .state.display()
    )]
    OtherVersion { service: ServiceName, error: sqlx::migrate::MigrateError, state: PathBuf },
    #[error("{0}: {1}")]
    Migration(ServiceName, MigrateError),
    #[error("demo data of {0}: {1}")]
    Demo(ServiceName, sqlx::Error),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
    #[error("not all services became ready: {0}")]
    NotReady(String),
}

impl UpError {
    /// For `map_err`: the state directory is what the advice is about.
    pub(super) fn on(state: &Path) -> impl Fn(LocalError) -> Self + use<> {
        let state = state.to_owned();
        move |error| UpError::Local { error: full(error, &state), state: state.clone() }
    }

    pub(super) fn state(error: StateError, state: &Path) -> Self {
        match error {
            StateError::Unusable(error) => Self::on(state)(error),
            other => UpError::State(other),
        }
    }

    pub(super) fn migration(service: ServiceName, error: MigrateError, state: &Path) -> Self {
        use sqlx::migrate::MigrateError as Cause;
        match error {
            MigrateError::Connect(error) | MigrateError::Migration(Cause::Execute(error)) if is_disk_full(&error) => {
                Self::disk_full(state)
            }
            MigrateError::Migration(Cause::ExecuteMigration(error, _)) if is_disk_full(&error) => {
                Self::disk_full(state)
            }
            MigrateError::Migration(error @ (Cause::VersionMissing(_) | Cause::VersionMismatch(_))) => {
                UpError::OtherVersion { service, error, state: state.to_owned() }
            }
            other => UpError::Migration(service, other),
        }
    }

    pub(super) fn demo(service: ServiceName, error: sqlx::Error, state: &Path) -> Self {
        if is_disk_full(&error) { Self::disk_full(state) } else { UpError::Demo(service, error) }
    }

    /// A full disk shows itself in many ways, most of which do not name it.
    pub(super) fn or_full_disk(self, state: &Path) -> Self {
        /// What a server needs to go on at all: a segment of PostgreSQL's log.
        const TO_GO_ON: u64 = 16 << 20;
        /// What a new one takes at least, which it gives back when it fails.
        const TO_BEGIN: u64 = 64 << 20;
        let needed = if state.join("postgres").join("data").exists() { TO_GO_ON } else { TO_BEGIN };
        let vague = matches!(
            self,
            UpError::Local {
                error: LocalError::NotStarted { .. } | LocalError::Exited { .. } | LocalError::Database(_),
                ..
            } | UpError::Migration(..)
                | UpError::Demo(..)
                | UpError::Boot(_)
                | UpError::NotReady(_)
        );
        match machine::free_space(state) {
            Ok(free) if vague && free < needed => Self::disk_full(state),
            _ => self,
        }
    }

    fn disk_full(state: &Path) -> Self {
        Self::on(state)(LocalError::DiskFull { path: state.to_owned() })
    }
}

/// A full disk is one whoever notices it.
fn full(error: LocalError, state: &Path) -> LocalError {
    match error {
        LocalError::Database(error) if is_disk_full(&error) => LocalError::DiskFull { path: state.to_owned() },
        other => other,
    }
}

/// PostgreSQL's `disk_full`.
fn is_disk_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "53100")
}

fn advice(error: &LocalError, state: &Path) -> String {
    match error {
        error if error.is_about_the_data() => {
            format!("; `haat up --reset --state {}` begins anew and deletes the data in it", state.display())
        }
        LocalError::InUse { .. } | LocalError::DiskFull { .. } => {
            ", or choose another directory with --state".to_owned()
        }
        LocalError::NotWritable { .. } => "; choose another directory with --state".to_owned(),
        LocalError::Unreachable { .. } => ", with --state".to_owned(),
        LocalError::Io { path, .. } if path.starts_with(state) => {
            "; if it is not a directory of Haat's, choose another one with --state".to_owned()
        }
        _ => String::new(),
    }
}
