//! The second factor: an authenticator's codes, and backup codes for when it is lost.

use axum::extract::State;
use axum::response::Response;
use contracts::auth::{BackupCodes, MfaChanged, TotpConfirmation, TotpEnrolment};
use http::StatusCode;
use platform::db::Tx;
use platform::http::Body;
use platform::identity::Customer;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::{Timestamp, UserId};

use super::throttle::Throttled;
use super::{confidential, own_account, own_account_after_login, require_verified_email};
use crate::app::{Auth, publish};
use crate::attempts;
use crate::domain::totp::{self, SECRET_BYTES};
use crate::domain::{BackupCode, EndReason, Hash, backup_code};
use crate::store;
use crate::store::account::Account;
use crate::store::second_factor::{self, Totp};

/// Begins with an authenticator: nothing is asked for at log-in before a first code was confirmed. Shortly after a log-in
/// only; asking again replaces a secret that was not confirmed.
#[utoipa::path(post, path = "/api/v1/auth/mfa/totp", tag = "auth",
    responses((status = 200, body = TotpEnrolment), (status = 403, body = Problem, description = "`login-too-old`"),
        (status = 409, body = Problem, description = "`mfa-enabled` or `email-not-verified`")),
    security(("user_token" = [])))]
pub async fn enrol_totp(customer: Customer, State(app): State<Auth>) -> Result<Response> {
    let mut tx = app.db().begin().await?;
    let account = own_account_after_login(&mut tx, &customer, app.now()).await?;
    require_verified_email(&account)?;
    let secret: [u8; SECRET_BYTES] = rand::random();
    let sealed = app.keys().seal(account.id, &secret).map_err(Problem::internal)?;
    if !second_factor::enrol(&mut tx, account.id, &sealed).await? {
        return Err(Problem::conflict("mfa-enabled", "There is a second factor already"));
    }
    let _committed = tx.commit().await?;
    let (secret, uri) = totp::shown(&secret, &account.email);
    Ok(confidential(StatusCode::OK, &TotpEnrolment { secret, uri }))
}

/// Confirms the authenticator with its first code. The backup codes are shown this once. Ends all other sessions: none of them was
/// asked for the second factor, and one of them could do without it again.
#[utoipa::path(post, path = "/api/v1/auth/mfa/totp/confirm", tag = "auth", request_body = TotpConfirmation,
    responses((status = 200, body = BackupCodes), (status = 409, body = Problem, description = "`mfa-enabled`"),
        (status = 404, body = Problem, description = "No authenticator waits to be confirmed."),
        (status = 422, body = Problem, description = "`code-refused`"), (status = 429, body = Problem)),
    security(("user_token" = [])))]
pub async fn confirm_totp(
    customer: Customer,
    _: Throttled,
    State(app): State<Auth>,
    Body(TotpConfirmation { code }): Body<TotpConfirmation>,
) -> Result<Response> {
    let now = app.now();
    let mut tx = app.db().begin().await?;
    let account = own_account(&mut tx, &customer, now).await?;
    match second_factor::find(&mut tx, account.id).await? {
        None => return Err(Problem::not_found("authenticator")),
        Some(Totp { confirmed: true, .. }) => {
            return Err(Problem::conflict("mfa-enabled", "There is a second factor already"));
        }
        Some(Totp { confirmed: false, .. }) => {}
    }
    let mut tx = pass(&app, tx, &account, &code, now).await?;
    second_factor::confirm(&mut tx, account.id, now).await?;
    let codes = renew_backup_codes(&mut tx, account.id).await?;
    let (kept, reason) = (Some(customer.session), EndReason::MfaEnabled);
    let ended = store::session::end_all(&mut tx, account.id, kept, reason, now).await?;
    store::challenge::delete_all(&mut tx, account.id).await?;
    publish(&mut tx, account.id, &MfaChanged { user_id: account.id, enabled: true }).await?;
    app.revoke(&mut tx, ended);
    let _committed = tx.commit().await?;
    Ok(confidential(StatusCode::OK, &codes))
}

/// Does without a second factor from now on. Shortly after a log-in only, which asked for it.
#[utoipa::path(delete, path = "/api/v1/auth/mfa/totp", tag = "auth",
    responses((status = 204), (status = 403, body = Problem, description = "`login-too-old`"),
        (status = 404, body = Problem, description = "There is none.")),
    security(("user_token" = [])))]
pub async fn remove_totp(customer: Customer, State(app): State<Auth>) -> Result<StatusCode> {
    let mut tx = app.db().begin().await?;
    let account = own_account_after_login(&mut tx, &customer, app.now()).await?;
    if !second_factor::remove(&mut tx, account.id).await? {
        return Err(Problem::not_found("authenticator"));
    }
    publish(&mut tx, account.id, &MfaChanged { user_id: account.id, enabled: false }).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// New backup codes in the place of all earlier ones. Shortly after a log-in only.
#[utoipa::path(post, path = "/api/v1/auth/mfa/backup-codes", tag = "auth",
    responses((status = 200, body = BackupCodes), (status = 403, body = Problem, description = "`login-too-old`"),
        (status = 409, body = Problem, description = "`mfa-disabled`")),
    security(("user_token" = [])))]
pub async fn new_backup_codes(customer: Customer, State(app): State<Auth>) -> Result<Response> {
    let mut tx = app.db().begin().await?;
    let account = own_account_after_login(&mut tx, &customer, app.now()).await?;
    if !account.mfa {
        return Err(Problem::conflict("mfa-disabled", "There is no second factor"));
    }
    let codes = renew_backup_codes(&mut tx, account.id).await?;
    store::account::next_version(&mut tx, account.id).await?;
    let _committed = tx.commit().await?;
    Ok(confidential(StatusCode::OK, &codes))
}

/// Takes a code of the authenticator, or a backup code.
///
/// # Errors
/// 422 if it is not good, 429 after too many of these; the attempt is recorded then.
pub(super) async fn pass(app: &Auth, mut tx: Tx, account: &Account, code: &str, now: Timestamp) -> Result<Tx> {
    let subject = attempts::second_factor(account.id);
    let attempts = attempts::count(&mut tx, &subject, now).await?;
    if is_good(app, &mut tx, account.id, code, now).await? {
        store::attempt::forget(&mut tx, &[subject]).await?;
        return Ok(tx);
    }
    attempts::failed(&mut tx, Some(account.id), attempts).await?;
    let _recorded = tx.commit().await?;
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "code-refused", "The code is not good")
        .detail("It is wrong, or was used. An authenticator's code is good for half a minute, and once.")
        .field("code", "is not good"))
}

async fn is_good(
    app: &Auth,
    connection: &mut PgConnection,
    account: UserId,
    code: &str,
    now: Timestamp,
) -> Result<bool> {
    if let Ok(backup) = code.parse::<BackupCode>() {
        let taken = second_factor::take_backup_code(connection, account, backup.hash(), now).await?;
        if taken {
            store::account::next_version(connection, account).await?;
        }
        return Ok(taken);
    }
    let Some(totp) = second_factor::find(connection, account).await? else { return Ok(false) };
    let secret = app.keys().open(account, &totp.sealed).map_err(Problem::internal)?;
    match totp::step_of(&secret, code, now).map_err(Problem::internal)? {
        Some(step) => Ok(second_factor::take_step(connection, account, step).await?),
        None => Ok(false),
    }
}

async fn renew_backup_codes(connection: &mut PgConnection, account: UserId) -> Result<BackupCodes> {
    let codes: Vec<BackupCode> = (0..backup_code::COUNT).map(|_| BackupCode::new(rand::random())).collect();
    let hashes: Vec<Hash> = codes.iter().map(BackupCode::hash).collect();
    second_factor::replace_backup_codes(connection, account, &hashes).await?;
    Ok(BackupCodes { codes: codes.iter().map(BackupCode::expose).collect() })
}
