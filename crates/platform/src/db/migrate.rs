//! Forward-only migrations. Many processes may run them at once: PostgreSQL's advisory lock lets one do it.

use sqlx::migrate::{Migrate, Migrator};
use sqlx::{Connection as _, PgConnection};

use super::PLATFORM_MIGRATIONS;

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("cannot reach the database: {0}")]
    Connect(#[from] sqlx::Error),
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// Brings the database at `url`, as its owner, up to date: the platform's tables, then the service's.
pub async fn migrate(url: &str, service: &Migrator) -> Result<(), MigrateError> {
    let mut connection = PgConnection::connect(url).await?;
    PLATFORM_MIGRATIONS.run(&mut connection).await?;
    service.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Have all migrations been applied? For readiness: a pod whose migrations have not run yet must not get requests.
pub async fn current(connection: &mut PgConnection, service: &Migrator) -> Result<bool, MigrateError> {
    for migrations in [&PLATFORM_MIGRATIONS, service] {
        let applied = connection.list_applied_migrations(&migrations.table_name).await?;
        let newest = migrations.iter().map(|m| m.version).max();
        if newest.is_some_and(|version| !applied.iter().any(|a| a.version == version)) {
            return Ok(false);
        }
    }
    Ok(true)
}
