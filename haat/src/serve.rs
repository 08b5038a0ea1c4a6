//! Running services in production: `haat serve`, `haat migrate`.

use std::process::ExitCode;

use platform::clock::Clock;
use platform::db::{self, MigrateError};
use platform::env::{Env, EnvError};
use platform::service::{BootError, Bound, Settings};
use types::ServiceName;

use crate::signals::{ENDED_AT_ONCE, StopSignals};
use crate::{machine, services};

/// Serves until SIGTERM or SIGINT, then takes leave of its clients and ends gracefully; a second one ends it at once.
pub async fn serve(names: &[ServiceName], env: Env) -> Result<ExitCode, BootError> {
    let mut signals =
        StopSignals::new().map_err(|error| BootError::Other(format!("signals cannot be received: {error}")))?;
    machine::raise_open_files();
    let services = names.iter().map(|name| services::one(*name)).collect();
    let settings = Settings { env, clock: Clock::system(), addresses: None };
    let process = Bound::bind(services, settings).await?.start().await?;
    tracing::info!(services = ?names, "serving");
    let (stop, leave) = (process.stopper(), process.take_leave());
    let mut running = std::pin::pin!(process.run());
    tokio::select! {
        ended = &mut running => return ended.map(|()| ExitCode::SUCCESS),
        () = signals.next() => {}
    }
    tokio::select! {
        ended = &mut running => return ended.map(|()| ExitCode::SUCCESS),
        () = leave => stop.cancel(),
        () = signals.next() => return Ok(ExitCode::from(ENDED_AT_ONCE)),
    }
    tokio::select! {
        ended = running => ended.map(|()| ExitCode::SUCCESS),
        () = signals.next() => Ok(ExitCode::from(ENDED_AT_ONCE)),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("{service}: {error}")]
    Migrate { service: ServiceName, error: MigrateError },
}

/// Brings databases up to date, as their owner (`DATABASE_OWNER_URL`) or, if there is none, as the service's role.
pub async fn migrate(names: &[ServiceName], env: &Env) -> Result<ExitCode, Error> {
    for name in names {
        let Some(migrations) = services::one(*name).migrations else {
            tracing::info!(service = %name, "has no database");
            continue;
        };
        let env = env.for_service(*name);
        let url: String = match env.optional("DATABASE_OWNER_URL")? {
            Some(url) => url,
            None => env.required("DATABASE_URL", "postgres://user:password@host:port/database")?,
        };
        db::migrate(&url, migrations).await.map_err(|error| Error::Migrate { service: *name, error })?;
        tracing::info!(service = %name, "migrated");
    }
    Ok(ExitCode::SUCCESS)
}
