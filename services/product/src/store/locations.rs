//! Where stock is kept.

use contracts::product::{Location, LocationDetails};
use sqlx::PgConnection;
use types::LocationId;

/// All of them, in the order in which stock is taken.
pub async fn list(connection: &mut PgConnection) -> sqlx::Result<Vec<Location>> {
    sqlx::query_as!(Location, r#"SELECT id AS "id: LocationId", name, position FROM location ORDER BY position"#)
        .fetch_all(connection)
        .await
}

/// A location with its version.
pub async fn find(connection: &mut PgConnection, id: LocationId) -> sqlx::Result<Option<(i64, Location)>> {
    let row = sqlx::query!("SELECT name, position, version FROM location WHERE id = $1", id as LocationId)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.version, Location { id, name: row.name, position: row.position })))
}

/// The version of a location, which nobody else changes until the transaction ends.
pub async fn lock(connection: &mut PgConnection, id: LocationId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT version FROM location WHERE id = $1 FOR NO KEY UPDATE", id as LocationId)
        .fetch_optional(connection)
        .await
}

/// # Errors
/// `location_name_key` or `location_position_key` is violated.
pub async fn insert(connection: &mut PgConnection, id: LocationId, details: &LocationDetails) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO location (id, name, position) VALUES ($1, $2, $3)",
        id as LocationId,
        details.name.trim(),
        details.position
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the new version.
///
/// # Errors
/// `location_name_key` or `location_position_key` is violated.
pub async fn update(connection: &mut PgConnection, id: LocationId, details: &LocationDetails) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "UPDATE location SET name = $2, position = $3, version = version + 1 WHERE id = $1 RETURNING version",
        id as LocationId,
        details.name.trim(),
        details.position
    )
    .fetch_one(connection)
    .await
}
