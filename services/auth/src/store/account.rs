use contracts::demo::DemoAccount;
use platform::db::OnConstraint;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::{Role, Timestamp, UserId};

use crate::domain::{Email, Phone};

/// An account that was not erased.
pub struct Account {
    pub id: UserId,
    pub email: Email,
    pub email_verified: bool,
    pub phone: Option<Phone>,
    pub phone_verified: bool,
    pub password_hash: String,
    pub roles: Vec<Role>,
    pub version: i64,
    pub created_at: Timestamp,
    /// A second factor was confirmed.
    pub mfa: bool,
}

pub struct NewAccount<'a> {
    pub id: UserId,
    pub email: &'a Email,
    pub phone: Option<&'a Phone>,
    pub password_hash: &'a str,
    pub created_at: Timestamp,
}

macro_rules! select_account {
    ($condition:literal, $($argument:tt)*) => {
        sqlx::query_as!(
            Account,
            r#"SELECT a.id AS "id: UserId", a.email AS "email: Email", a.email_verified_at IS NOT NULL AS "email_verified!",
                      a.phone AS "phone: Phone", a.phone_verified_at IS NOT NULL AS "phone_verified!",
                      a.password_hash AS "password_hash!", a.roles AS "roles: Vec<Role>", a.version, a.created_at,
                      EXISTS (SELECT FROM totp t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL) AS "mfa!"
               FROM account a WHERE a.status = 'active' AND "# + $condition,
            $($argument)*
        )
    };
}

/// The account's version is 1.
///
/// # Errors
/// 409 if the address has an account.
pub async fn insert(connection: &mut PgConnection, new: &NewAccount<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO account (id, email, phone, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
        new.id as UserId,
        new.email as &Email,
        new.phone as Option<&Phone>,
        new.password_hash,
        new.created_at as Timestamp
    )
    .execute(connection)
    .await
    .on_constraint("account_email_key", || {
        Problem::conflict("email-taken", "This e-mail address has an account")
            .detail("Log in, or ask for a new password if it was forgotten.")
    })?;
    Ok(())
}

/// Makes or restores a demonstration account, with everything confirmed.
pub async fn upsert_demo(
    connection: &mut PgConnection,
    account: &DemoAccount,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO account (id, email, email_verified_at, phone, phone_verified_at, password_hash, roles, created_at)
         VALUES ($1, $2, $6, $3, $6, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_verified_at = excluded.email_verified_at,
             phone = excluded.phone, phone_verified_at = excluded.phone_verified_at,
             password_hash = excluded.password_hash, roles = excluded.roles, status = 'active'",
        account.user_id as UserId,
        account.email,
        account.phone,
        password_hash,
        account.roles as &[Role],
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find(connection: &mut PgConnection, id: UserId) -> Result<Option<Account>, sqlx::Error> {
    select_account!("a.id = $1", id as UserId).fetch_optional(connection).await
}

pub async fn by_email(connection: &mut PgConnection, email: &Email) -> Result<Option<Account>, sqlx::Error> {
    select_account!("a.email = $1", email as &Email).fetch_optional(connection).await
}

/// By a number whose owner has shown to have it.
pub async fn by_phone(connection: &mut PgConnection, phone: &Phone) -> Result<Option<Account>, sqlx::Error> {
    select_account!("a.phone = $1 AND a.phone_verified_at IS NOT NULL", phone as &Phone)
        .fetch_optional(connection)
        .await
}

/// The number that an account's owner has shown to have.
pub async fn confirmed_phone(connection: &mut PgConnection, id: UserId) -> Result<Option<Phone>, sqlx::Error> {
    let phone = sqlx::query_scalar!(
        r#"SELECT phone AS "phone: Phone" FROM account WHERE id = $1 AND phone_verified_at IS NOT NULL"#,
        id as UserId
    )
    .fetch_optional(connection)
    .await?;
    Ok(phone.flatten())
}

/// Makes role changes come one after another until the transaction's end: two administrators who take the role from each other at once
/// would leave none.
pub async fn hold_roles(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('auth:roles', 0))").execute(connection).await?;
    Ok(())
}

/// Holds the account until the transaction's end. False if it no longer has this password: whoever has just passed the check
/// with it comes too late.
pub async fn hold(connection: &mut PgConnection, id: UserId, password_hash: &str) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        r#"SELECT true AS "held!" FROM account WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE"#,
        id as UserId,
        password_hash
    )
    .fetch_optional(connection)
    .await?;
    Ok(held.is_some())
}

/// The next version, for an event of the account or a change of what its owner sees; holds the account until the transaction's
/// end. `None` if it was erased.
pub async fn next_version(connection: &mut PgConnection, id: UserId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE account SET version = version + 1 WHERE id = $1 AND status = 'active' RETURNING version",
        id as UserId
    )
    .fetch_optional(connection)
    .await
}

/// False if it was verified before.
pub async fn verify_email(connection: &mut PgConnection, id: UserId, now: Timestamp) -> Result<bool, sqlx::Error> {
    let verified = sqlx::query!(
        "UPDATE account SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL",
        id as UserId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(verified.rows_affected() == 1)
}

/// # Errors
/// 409 if the number is another account's.
pub async fn set_phone(connection: &mut PgConnection, id: UserId, phone: &Phone, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE account SET phone = $2, phone_verified_at = $3, version = version + 1
         WHERE id = $1 AND status = 'active'",
        id as UserId,
        phone as &Phone,
        now as Timestamp
    )
    .execute(connection)
    .await
    .on_constraint("account_phone_key", || {
        Problem::conflict("phone-taken", "This number belongs to another account").detail("Log in to that one with it.")
    })?;
    Ok(())
}

pub async fn set_password(connection: &mut PgConnection, id: UserId, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE account SET password_hash = $2 WHERE id = $1 AND status = 'active'", id as UserId, hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// The same password, hashed with today's costs, unless another was set in the meantime.
pub async fn rehash(connection: &mut PgConnection, id: UserId, old: &str, new: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2", id as UserId, old, new)
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets the roles of an account that has this version, and remembers who did it; the version after it, or `None` if the
/// account has another version.
pub async fn set_roles(
    connection: &mut PgConnection,
    account: &Account,
    roles: &[Role],
    by: UserId,
    now: Timestamp,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "WITH changed AS (
             UPDATE account SET roles = $3, version = version + 1
             WHERE id = $1 AND version = $2 AND status = 'active' RETURNING version
         ), noted AS (
             INSERT INTO role_change (account_id, before, after, changed_by, changed_at)
             SELECT $1, $4, $3, $5, $6 FROM changed
         )
         SELECT version FROM changed",
        account.id as UserId,
        account.version,
        roles as &[Role],
        &account.roles as &[Role],
        by as UserId,
        now as Timestamp
    )
    .fetch_optional(connection)
    .await
}

/// An account that is no longer anybody's.
pub struct Erased {
    /// What it was.
    pub email: Email,
    pub version: i64,
}

/// Leaves of an account its id, its version and who changed its roles. `None` if there is none, or it was erased before.
pub async fn erase(connection: &mut PgConnection, id: UserId) -> Result<Option<Erased>, sqlx::Error> {
    let erased = sqlx::query_as!(
        Erased,
        r#"WITH before AS (
               SELECT email, phone FROM account WHERE id = $1 AND status = 'active' FOR UPDATE
           ), codes AS (
               DELETE FROM code USING before WHERE account_id = $1 OR destination IN (before.email, before.phone)
           )
           UPDATE account SET email = $1::uuid || '@erased.invalid', email_verified_at = NULL, phone = NULL,
                              phone_verified_at = NULL, password_hash = NULL, roles = '{customer}', status = 'erased',
                              version = version + 1
           FROM before WHERE id = $1 RETURNING before.email AS "email: Email", version"#,
        id as UserId
    )
    .fetch_optional(&mut *connection)
    .await?;
    sqlx::query!("DELETE FROM session WHERE account_id = $1", id as UserId).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM challenge WHERE account_id = $1", id as UserId).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM totp WHERE account_id = $1", id as UserId).execute(connection).await?;
    Ok(erased)
}
