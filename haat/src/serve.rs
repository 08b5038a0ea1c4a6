//! Running services in production: `haat serve`, `haat migrate`.

use std::process::ExitCode;

use platform::clock::Clock;
use platform::db::{self, MigrateError};
use platform::env::{Env, EnvError};
use platform::service::{BootError, Bound, Process, Settings};
use tokio::signal::unix::{SignalKind, signal};
use types::ServiceName;

use crate::services;

/// Serves until SIGTERM or SIGINT, then ends gracefully.
pub async fn serve(names: &[ServiceName], env: Env) -> Result<ExitCode, BootError> {
    let services = names.iter().map(|name| services::one(*name)).collect();
    let settings = Settings { env, clock: Clock::system(), addresses: None };
    let process = Bound::bind(services, settings).await?.start().await?;
    tracing::info!(services = ?names, "serving");
    until_asked_to_stop(process).await
}

/// Runs a process until a signal asks for its end.
pub(crate) async fn until_asked_to_stop(process: Process) -> Result<ExitCode, BootError> {
    let stop = process.stopper();
    let signals = async {
        match asked_to_stop().await {
            Ok(()) => stop.cancel(),
            Err(error) => tracing::warn!(%error, "signals cannot be received"),
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = process.run() => result.map(|()| ExitCode::SUCCESS),
        () = signals => Ok(ExitCode::SUCCESS),
    }
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn asked_to_stop() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
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
