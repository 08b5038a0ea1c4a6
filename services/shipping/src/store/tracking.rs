use contracts::shipping::{CarrierUpdate, ShipmentStatus, TrackingEntry};
use sqlx::PgConnection;
use types::{ShipmentId, Timestamp};

/// News of a parcel.
#[derive(Clone, Debug)]
pub struct News {
    pub status: ShipmentStatus,
    pub at: Timestamp,
    pub description: String,
}

/// Keeps what a carrier said, whether or not the parcel is known yet. False if it was kept before.
pub async fn record(
    connection: &mut PgConnection,
    carrier: &str,
    update: &CarrierUpdate,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let recorded = sqlx::query!(
        "INSERT INTO tracking_event (carrier, carrier_event_id, tracking_number, status, at, description, location, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        carrier,
        update.event_id,
        update.tracking_number,
        update.status as ShipmentStatus,
        update.occurred_at as Timestamp,
        update.description,
        update.location,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(recorded.rows_affected() == 1)
}

/// Takes all news that waits for this parcel, the oldest first.
pub async fn take_waiting(
    connection: &mut PgConnection,
    shipment: ShipmentId,
    carrier: &str,
    number: &str,
) -> Result<Vec<News>, sqlx::Error> {
    let mut news = sqlx::query_as!(
        News,
        r#"UPDATE tracking_event SET shipment_id = $1
           WHERE carrier = $2 AND tracking_number = $3 AND shipment_id IS NULL
           RETURNING status AS "status: ShipmentStatus", at, description"#,
        shipment as ShipmentId,
        carrier,
        number
    )
    .fetch_all(connection)
    .await?;
    news.sort_by_key(|news| news.at);
    Ok(news)
}

/// Up to `limit` parcels that news waits for although they are known: it came in the moment in which they became so.
pub async fn waited_for(connection: &mut PgConnection, limit: i64) -> Result<Vec<ShipmentId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT DISTINCT s.id AS "id: ShipmentId" FROM tracking_event e JOIN shipment s USING (carrier, tracking_number)
           WHERE e.shipment_id IS NULL LIMIT $1"#,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Notes what our own side did.
pub async fn note(
    connection: &mut PgConnection,
    shipment: ShipmentId,
    id: &str,
    news: &News,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO tracking_event (carrier, carrier_event_id, tracking_number, shipment_id, status, at, description, location,
                                     received_at)
         VALUES ('haat', $2, '', $1, $3, $4, $5, '', $4) ON CONFLICT DO NOTHING",
        shipment as ShipmentId,
        id,
        news.status as ShipmentStatus,
        news.at as Timestamp,
        news.description
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Everything known of these parcels, the newest first.
pub async fn history(
    connection: &mut PgConnection,
    shipments: &[ShipmentId],
) -> Result<Vec<(ShipmentId, TrackingEntry)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT shipment_id AS "shipment_id!: ShipmentId", status AS "status: ShipmentStatus", at, description, location
           FROM tracking_event WHERE shipment_id = ANY($1) ORDER BY at DESC, id DESC"#,
        shipments as &[ShipmentId]
    )
    .fetch_all(connection)
    .await?;
    let entries = rows.into_iter().map(|row| {
        let entry =
            TrackingEntry { at: row.at, status: row.status, description: row.description, location: row.location };
        (row.shipment_id, entry)
    });
    Ok(entries.collect())
}
