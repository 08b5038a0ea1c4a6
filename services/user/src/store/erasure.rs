use contracts::user::{Erasure, ServiceErasure};
use sqlx::PgConnection;
use types::{ServiceName, Timestamp, UserId};

pub async fn find(connection: &mut PgConnection, user: UserId) -> Result<Option<Erasure>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT requested_at, erasure.completed_at, service AS "service: ServiceName", part.completed_at AS part_completed_at
           FROM erasure JOIN erasure_part part USING (user_id) WHERE user_id = $1 ORDER BY service"#,
        user as UserId
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.first().map(|first| Erasure {
        requested_at: first.requested_at,
        completed_at: first.completed_at,
        services: rows
            .iter()
            .map(|row| ServiceErasure { service: row.service, completed_at: row.part_completed_at })
            .collect(),
    }))
}

pub async fn insert(connection: &mut PgConnection, user: UserId, erasure: &Erasure) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO erasure (user_id, requested_at) VALUES ($1, $2)",
        user as UserId,
        erasure.requested_at as Timestamp
    )
    .execute(&mut *connection)
    .await?;
    let services: Vec<ServiceName> = erasure.services.iter().map(|part| part.service).collect();
    sqlx::query!(
        "INSERT INTO erasure_part (user_id, service) SELECT $1, unnest($2::text[])",
        user as UserId,
        &services as &[ServiceName]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that one service is done; with the last one the whole is. A service that was not asked is passed over.
pub async fn complete_part(
    connection: &mut PgConnection,
    user: UserId,
    service: ServiceName,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    // The row's lock makes two services that are done at once come one after the other, so that the later sees both.
    sqlx::query!("SELECT user_id FROM erasure WHERE user_id = $1 FOR UPDATE", user as UserId)
        .fetch_optional(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE erasure_part SET completed_at = $3 WHERE user_id = $1 AND service = $2 AND completed_at IS NULL",
        user as UserId,
        service as ServiceName,
        now as Timestamp
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE erasure SET completed_at = $2
         WHERE user_id = $1 AND completed_at IS NULL
           AND NOT EXISTS (SELECT FROM erasure_part WHERE user_id = $1 AND completed_at IS NULL)",
        user as UserId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}
