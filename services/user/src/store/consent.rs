use contracts::user::{Consent, ConsentKind};
use sqlx::PgConnection;
use types::{Timestamp, UserId};

/// Every change, the oldest first.
pub async fn history(connection: &mut PgConnection, user: UserId) -> Result<Vec<Consent>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT consent AS "consent: ConsentKind", granted, changed_at FROM consent_change WHERE user_id = $1 ORDER BY id"#,
        user as UserId
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Consent { consent: row.consent, granted: row.granted, changed_at: Some(row.changed_at) })
        .collect())
}

/// Records a change; false if the consent stands so already. `user` must be locked.
pub async fn change(
    connection: &mut PgConnection,
    user: UserId,
    consent: ConsentKind,
    granted: bool,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let changed = sqlx::query!(
        "INSERT INTO consent_change (user_id, consent, granted, changed_at)
         SELECT $1, $2, $3, $4
         WHERE (SELECT granted FROM consent_change WHERE user_id = $1 AND consent = $2 ORDER BY id DESC LIMIT 1) IS DISTINCT FROM $3",
        user as UserId,
        consent as ConsentKind,
        granted,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}
