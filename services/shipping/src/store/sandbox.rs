//! The sandbox carrier's own books.

use contracts::shipping::{CarrierUpdate, ShipmentStatus};
use sqlx::PgConnection;
use types::{ShipmentId, Timestamp};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Parcel {
    pub tracking_number: String,
    pub status: ShipmentStatus,
}

/// A webhook that has not been accepted yet.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: i64,
    pub body: String,
    pub attempts: i32,
}

/// Writes a parcel down under this number, unless it is known by its reference already. Says its number, and whether it is
/// new.
pub async fn book(
    connection: &mut PgConnection,
    reference: ShipmentId,
    number: &str,
    next_step_at: Option<Timestamp>,
) -> Result<(String, bool), sqlx::Error> {
    let inserted = sqlx::query_scalar!(
        "INSERT INTO sandbox_parcel (tracking_number, reference, status, next_step_at) VALUES ($1, $2, 'created', $3)
         ON CONFLICT (reference) DO NOTHING RETURNING tracking_number",
        number,
        reference as ShipmentId,
        next_step_at as Option<Timestamp>
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(number) = inserted {
        return Ok((number, true));
    }
    let number =
        sqlx::query_scalar!("SELECT tracking_number FROM sandbox_parcel WHERE reference = $1", reference as ShipmentId)
            .fetch_one(connection)
            .await?;
    Ok((number, false))
}

pub async fn lock(connection: &mut PgConnection, number: &str) -> Result<Option<Parcel>, sqlx::Error> {
    sqlx::query_as!(
        Parcel,
        r#"SELECT tracking_number, status AS "status: ShipmentStatus" FROM sandbox_parcel WHERE tracking_number = $1 FOR UPDATE"#,
        number
    )
    .fetch_optional(connection)
    .await
}

/// A parcel whose time to move by itself has come, kept from others until the transaction ends.
pub async fn lock_due(connection: &mut PgConnection, now: Timestamp) -> Result<Option<Parcel>, sqlx::Error> {
    sqlx::query_as!(
        Parcel,
        r#"SELECT tracking_number, status AS "status: ShipmentStatus" FROM sandbox_parcel WHERE next_step_at <= $1
           ORDER BY next_step_at LIMIT 1 FOR UPDATE SKIP LOCKED"#,
        now as Timestamp
    )
    .fetch_optional(connection)
    .await
}

pub async fn write_status(
    connection: &mut PgConnection,
    parcel: &Parcel,
    next_step_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE sandbox_parcel SET status = $2, next_step_at = $3 WHERE tracking_number = $1",
        parcel.tracking_number,
        parcel.status as ShipmentStatus,
        next_step_at as Option<Timestamp>
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn last_event_at(connection: &mut PgConnection, number: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    sqlx::query_scalar!("SELECT max(at) FROM sandbox_event WHERE tracking_number = $1", number)
        .fetch_one(connection)
        .await
}

pub async fn add_event(connection: &mut PgConnection, id: Uuid, event: &CarrierUpdate) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO sandbox_event (id, tracking_number, status, at, description, location) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        event.tracking_number,
        event.status as ShipmentStatus,
        event.occurred_at as Timestamp,
        event.description,
        event.location
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest first.
pub async fn events(connection: &mut PgConnection, number: &str) -> Result<Vec<CarrierUpdate>, sqlx::Error> {
    sqlx::query_as!(
        CarrierUpdate,
        r#"SELECT id::text AS "event_id!", tracking_number, status AS "status: ShipmentStatus", at AS "occurred_at: Timestamp",
                  description, location
           FROM sandbox_event WHERE tracking_number = $1 ORDER BY at"#,
        number
    )
    .fetch_all(connection)
    .await
}

pub async fn add_webhook(connection: &mut PgConnection, body: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!("INSERT INTO sandbox_webhook (body, due_at) VALUES ($1, $2)", body, now as Timestamp)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes up to `limit` webhooks, in their order; they come again at `again_at` unless they are accepted.
pub async fn claim_webhooks(
    connection: &mut PgConnection,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<Webhook>, sqlx::Error> {
    let mut webhooks = sqlx::query_as!(
        Webhook,
        "UPDATE sandbox_webhook SET due_at = $2, attempts = attempts + 1
         WHERE id IN (SELECT id FROM sandbox_webhook WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id, body, attempts",
        now as Timestamp,
        again_at as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await?;
    webhooks.sort_by_key(|webhook| webhook.id);
    Ok(webhooks)
}

pub async fn webhook_accepted(connection: &mut PgConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM sandbox_webhook WHERE id = $1", id).execute(connection).await?;
    Ok(())
}

pub async fn webhook_failed(connection: &mut PgConnection, id: i64, again_at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE sandbox_webhook SET due_at = $2 WHERE id = $1", id, again_at as Timestamp)
        .execute(connection)
        .await?;
    Ok(())
}
