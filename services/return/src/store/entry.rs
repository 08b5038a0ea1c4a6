use contracts::returns::{ReturnEntry, ReturnEntryKind};
use sqlx::PgConnection;
use types::{ReturnId, UserId};

/// Adds to a return's timeline; `actor` is the member of staff whose doing it was.
pub async fn add(
    connection: &mut PgConnection,
    id: ReturnId,
    entry: &ReturnEntry,
    actor: Option<UserId>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO return_entry (return_id, at, kind, detail, actor_id) VALUES ($1, $2, $3, $4, $5)",
        id as ReturnId,
        entry.at as types::Timestamp,
        entry.kind as ReturnEntryKind,
        entry.detail,
        actor as Option<UserId>
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest first.
pub async fn of_case(connection: &mut PgConnection, id: ReturnId) -> Result<Vec<ReturnEntry>, sqlx::Error> {
    sqlx::query_as!(
        ReturnEntry,
        r#"SELECT at AS "at: types::Timestamp", kind AS "kind: ReturnEntryKind", detail FROM return_entry
           WHERE return_id = $1 ORDER BY at, id"#,
        id as ReturnId
    )
    .fetch_all(connection)
    .await
}
