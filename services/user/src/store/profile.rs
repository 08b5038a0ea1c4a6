use contracts::auth::UserRegistered;
use contracts::user::{Channel, Locale, Preferences, Profile};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use types::{Timestamp, UserId};

use super::preference::quiet_hours;

/// A customer with what others ask for most.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    pub version: i64,
    pub profile: Profile,
    pub preferences: Preferences,
    pub marketing_consent: bool,
    /// Then the profile is empty.
    pub erased: bool,
}

/// A profile's row, locked.
pub struct Locked {
    pub version: i64,
    pub profile: Profile,
    pub registered: bool,
    pub erased: bool,
}

/// `None` if the account is unknown or still being made.
pub async fn find(connection: &mut PgConnection, id: UserId) -> Result<Option<Person>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT p.version, p.name, p.email, p.email_verified, p.phone, p.updated_at, p.erased_at IS NOT NULL AS "erased!",
                  preference.locale AS "locale?: Locale", preference.muted_channels AS "muted_channels?: Vec<Channel>",
                  preference.quiet_from AS "quiet_from?", preference.quiet_to AS "quiet_to?",
                  coalesce((SELECT granted FROM consent_change
                            WHERE user_id = p.user_id AND consent = 'marketing' ORDER BY id DESC LIMIT 1), false) AS "marketing_consent!"
           FROM profile p LEFT JOIN preference USING (user_id)
           WHERE p.user_id = $1 AND (p.registered_at IS NOT NULL OR p.erased_at IS NOT NULL)"#,
        id as UserId
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Person {
        version: row.version,
        profile: Profile {
            user_id: id,
            name: row.name,
            email: row.email,
            email_verified: row.email_verified,
            phone: row.phone,
            updated_at: row.updated_at,
        },
        preferences: Preferences {
            locale: row.locale.unwrap_or(Locale::English),
            muted_channels: row.muted_channels.unwrap_or_default(),
            quiet_hours: quiet_hours(row.quiet_from, row.quiet_to),
        },
        marketing_consent: row.marketing_consent && !row.erased,
        erased: row.erased,
    }))
}

/// Locks everything that is kept under a user until the transaction ends, whether or not the account was heard of yet: two
/// requests of one customer come one after the other.
pub async fn lock(connection: &mut PgConnection, id: UserId, now: Timestamp) -> Result<Locked, sqlx::Error> {
    let row = sqlx::query!(
        r#"INSERT INTO profile (user_id, updated_at) VALUES ($1, $2)
           ON CONFLICT (user_id) DO UPDATE SET version = profile.version
           RETURNING version, name, email, email_verified, phone, updated_at,
                     registered_at IS NOT NULL AS "registered!", erased_at IS NOT NULL AS "erased!""#,
        id as UserId,
        now as Timestamp
    )
    .fetch_one(connection)
    .await?;
    Ok(Locked {
        version: row.version,
        profile: Profile {
            user_id: id,
            name: row.name,
            email: row.email,
            email_verified: row.email_verified,
            phone: row.phone,
            updated_at: row.updated_at,
        },
        registered: row.registered,
        erased: row.erased,
    })
}

/// Counts one more change of a locked user, and returns the version after it.
pub async fn next_version(connection: &mut PgConnection, id: UserId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("UPDATE profile SET version = version + 1 WHERE user_id = $1 RETURNING version", id as UserId)
        .fetch_one(connection)
        .await
}

/// Writes name and telephone number.
pub async fn update(connection: &mut PgConnection, profile: &Profile) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE profile SET name = $2, phone = $3, updated_at = $4 WHERE user_id = $1",
        profile.user_id as UserId,
        profile.name,
        profile.phone,
        profile.updated_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the profile of a new account; false if it was made or erased before.
pub async fn register(
    connection: &mut PgConnection,
    user: &UserRegistered,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let made = sqlx::query!(
        "INSERT INTO profile (user_id, version, name, email, phone, registered_at, updated_at) VALUES ($1, 1, $2, $3, $4, $5, $5)
         ON CONFLICT (user_id) DO UPDATE
         SET version = profile.version + 1, name = excluded.name, email = excluded.email, phone = excluded.phone,
             registered_at = excluded.registered_at, updated_at = excluded.updated_at
         WHERE profile.registered_at IS NULL AND profile.erased_at IS NULL",
        user.user_id as UserId,
        user.name,
        user.email,
        user.phone,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// May be heard before [`register`].
pub async fn verify_email(connection: &mut PgConnection, id: UserId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO profile (user_id, version, email_verified, updated_at) VALUES ($1, 1, true, $2)
         ON CONFLICT (user_id) DO UPDATE SET version = profile.version + 1, email_verified = true, updated_at = excluded.updated_at
         WHERE NOT profile.email_verified AND profile.erased_at IS NULL",
        id as UserId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Empties the profile for good. The row stays, so that an event that comes late does not bring the customer back.
pub async fn erase(connection: &mut PgConnection, id: UserId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE profile SET name = '', email = '', email_verified = false, phone = NULL, erased_at = $2, updated_at = $2
         WHERE user_id = $1",
        id as UserId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}
