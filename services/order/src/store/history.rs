//! What happened to an order, and what people wrote about it.

use contracts::order::{Actor, OrderNote, OrderStatus, TimelineEntry, TimelineKind};
use sqlx::PgConnection;
use types::{OrderId, Timestamp, UserId};

/// A line of the history. `detail` never has personal data.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Timestamp,
    pub kind: TimelineKind,
    pub actor: Actor,
    pub actor_id: Option<UserId>,
    pub detail: String,
}

impl Entry {
    /// Something that no person did.
    pub fn of_system(at: Timestamp, kind: TimelineKind, detail: impl Into<String>) -> Self {
        Entry { at, kind, actor: Actor::System, actor_id: None, detail: detail.into() }
    }
}

/// Writes it with the order's status as it is. False if there is no such order.
pub async fn note(connection: &mut PgConnection, order_id: OrderId, entry: &Entry) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query!(
        "INSERT INTO order_history (order_id, at, kind, status, actor, actor_id, detail)
         SELECT id, $2, $3, status, $4, $5, $6 FROM customer_order WHERE id = $1",
        order_id as OrderId,
        entry.at as Timestamp,
        entry.kind as TimelineKind,
        entry.actor as Actor,
        entry.actor_id as Option<UserId>,
        entry.detail
    )
    .execute(connection)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// The oldest first.
pub async fn timeline(connection: &mut PgConnection, order_id: OrderId) -> Result<Vec<TimelineEntry>, sqlx::Error> {
    sqlx::query_as!(
        TimelineEntry,
        r#"SELECT at, kind AS "kind: TimelineKind", status AS "status: OrderStatus", actor AS "actor: Actor", detail
           FROM order_history WHERE order_id = $1 ORDER BY position"#,
        order_id as OrderId
    )
    .fetch_all(connection)
    .await
}

pub async fn write_note(connection: &mut PgConnection, order_id: OrderId, note: &OrderNote) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO order_note (order_id, at, author_id, text) VALUES ($1, $2, $3, $4)",
        order_id as OrderId,
        note.at as Timestamp,
        note.author_id as UserId,
        note.text
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest first.
pub async fn notes(connection: &mut PgConnection, order_id: OrderId) -> Result<Vec<OrderNote>, sqlx::Error> {
    sqlx::query_as!(
        OrderNote,
        r#"SELECT at, author_id AS "author_id: UserId", text FROM order_note WHERE order_id = $1 ORDER BY position"#,
        order_id as OrderId
    )
    .fetch_all(connection)
    .await
}
