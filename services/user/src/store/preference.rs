use contracts::user::{Channel, Locale, Preferences, QuietHours};
use sqlx::PgConnection;
use types::UserId;

/// The defaults if the customer never chose.
pub async fn find(connection: &mut PgConnection, user: UserId) -> Result<Preferences, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT locale AS "locale: Locale", muted_channels AS "muted_channels: Vec<Channel>", quiet_from, quiet_to
           FROM preference WHERE user_id = $1"#,
        user as UserId
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or_else(Preferences::default, |row| Preferences {
        locale: row.locale,
        muted_channels: row.muted_channels,
        quiet_hours: quiet_hours(row.quiet_from, row.quiet_to),
    }))
}

pub async fn write(connection: &mut PgConnection, user: UserId, preferences: &Preferences) -> Result<(), sqlx::Error> {
    let minutes = |time: u16| i16::try_from(time).unwrap_or(i16::MAX);
    sqlx::query!(
        "INSERT INTO preference (user_id, locale, muted_channels, quiet_from, quiet_to) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id) DO UPDATE
         SET locale = excluded.locale, muted_channels = excluded.muted_channels, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to",
        user as UserId,
        preferences.locale as Locale,
        &preferences.muted_channels as &[Channel],
        preferences.quiet_hours.map(|quiet| minutes(quiet.from)),
        preferences.quiet_hours.map(|quiet| minutes(quiet.to))
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The language that the account was made in, unless the customer has chosen already.
pub async fn start_with(connection: &mut PgConnection, user: UserId, locale: Locale) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO preference (user_id, locale, muted_channels) VALUES ($1, $2, '{}') ON CONFLICT (user_id) DO NOTHING",
        user as UserId,
        locale as Locale
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM preference WHERE user_id = $1", user as UserId).execute(connection).await?;
    Ok(())
}

pub(super) fn quiet_hours(from: Option<i16>, to: Option<i16>) -> Option<QuietHours> {
    let minutes = |time: i16| u16::try_from(time).ok();
    Some(QuietHours { from: minutes(from?)?, to: minutes(to?)? })
}
