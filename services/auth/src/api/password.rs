//! Passwords: forgotten, set anew, changed.

use axum::extract::State;
use contracts::auth::{CodePurpose, EmailOnly, EmailVerified, PasswordChange, PasswordChanged, PasswordReset};
use http::StatusCode;
use platform::db::Tx;
use platform::http::Body;
use platform::identity::Customer;
use platform::{Problem, Result};
use types::{SessionId, Timestamp, UserId};

use super::login::check_password;
use super::registration::by_email;
use super::throttle::Throttled;
use super::{new_password, own_account};
use crate::app::{Auth, publish};
use crate::domain::EndReason;
use crate::{attempts, codes, store};

/// Sends a code, if the address has an account; the answer does not tell.
#[utoipa::path(post, path = "/api/v1/auth/password/forgot", tag = "auth", request_body = EmailOnly,
    responses((status = 202, description = "If there is such an account, a code is on its way."),
        (status = 429, body = Problem)))]
pub async fn forgot_password(
    _: Throttled,
    State(app): State<Auth>,
    Body(EmailOnly { email }): Body<EmailOnly>,
) -> Result<StatusCode> {
    let email = super::email(&email)?;
    let mut tx = app.db().begin().await?;
    let account = store::account::by_email(&mut tx, &email).await?;
    let destination = by_email(CodePurpose::ResetPassword, &email);
    codes::send(&mut tx, &destination, account.map(|account| account.id), app.now()).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets a new password with the code that was sent. Ends every session and every lock; a second factor stays.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", tag = "auth", request_body = PasswordReset,
    responses((status = 204),
        (status = 422, body = Problem, description = "`code-refused`, or the password is too easy to guess."),
        (status = 429, body = Problem)))]
pub async fn reset_password(
    _: Throttled,
    State(app): State<Auth>,
    Body(reset): Body<PasswordReset>,
) -> Result<StatusCode> {
    let (email, now) = (super::email(&reset.email)?, app.now());
    let password = new_password("new_password", &reset.new_password, &email)?;
    // Before the code is tried: no transaction waits for the hash, and a wrong code takes as long as the right one.
    let hash = app.passwords().hash(password.expose()).await?;
    let mut tx = app.db().begin().await?;
    let user_id = codes::take_mailed(&app, &mut tx, CodePurpose::ResetPassword, &email, &reset.code, now).await?;
    // Whoever has the code has the mailbox.
    if store::account::verify_email(&mut tx, user_id, now).await? {
        publish(&mut tx, user_id, &EmailVerified { user_id }).await?;
    }
    store::attempt::forget(&mut tx, &[attempts::password(&email)]).await?;
    set(&app, tx, user_id, &hash, None, now).await
}

/// Changes the password. Ends all other sessions.
#[utoipa::path(post, path = "/api/v1/auth/password/change", tag = "auth", request_body = PasswordChange,
    responses((status = 204),
        (status = 422, body = Problem, description = "The current password is wrong, or the new one too easy to guess."),
        (status = 429, body = Problem, description = "`too-many-attempts`")),
    security(("user_token" = [])))]
pub async fn change_password(
    customer: Customer,
    _: Throttled,
    State(app): State<Auth>,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode> {
    let mut connection = app.db().primary().await?;
    let account = own_account(&mut connection, &customer, app.now()).await?;
    drop(connection);
    let password = new_password("new_password", &change.new_password, &account.email)?;
    let Some(account) = check_password(&app, &account.email, &change.current_password).await? else {
        return Err(Problem::invalid("current_password", "is not the account's password"));
    };
    let hash = app.passwords().hash(password.expose()).await?;
    let mut tx = app.db().begin().await?;
    if !store::account::hold(&mut tx, account.id, &account.password_hash).await? {
        return Err(Problem::invalid("current_password", "was changed in the meantime"));
    }
    set(&app, tx, account.id, &hash, Some(customer.session), app.now()).await
}

/// Sets the password; nobody who knew the old one stays logged in, but for the session `kept`.
async fn set(
    app: &Auth,
    mut tx: Tx,
    user_id: UserId,
    hash: &str,
    kept: Option<SessionId>,
    now: Timestamp,
) -> Result<StatusCode> {
    store::account::set_password(&mut tx, user_id, hash).await?;
    let ended = store::session::end_all(&mut tx, user_id, kept, EndReason::PasswordChanged, now).await?;
    store::challenge::delete_all(&mut tx, user_id).await?;
    publish(&mut tx, user_id, &PasswordChanged { user_id }).await?;
    app.revoke(&mut tx, ended);
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
