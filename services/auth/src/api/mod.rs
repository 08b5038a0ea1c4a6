//! The public endpoints under `/api/v1/auth`, the key set, and the calls that auth answers.

mod account;
mod accounts;
mod key_set;
mod login;
mod password;
mod phone;
mod registration;
mod reveal;
mod second_factor;
mod session;
mod throttle;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use platform::identity::Customer;
use platform::{Problem, Result};
use serde::Serialize;
use sqlx::PgConnection;
use types::{SessionId, Timestamp, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use reveal::{get_confirmed_phone, reveal_code};

use crate::app::Auth;
use crate::domain::session::FRESH;
use crate::domain::{Email, Password, Phone};
use crate::store;
use crate::store::account::Account;

pub fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(registration::register))
        .routes(routes!(registration::verify_email))
        .routes(routes!(registration::resend_email_code))
        .routes(routes!(login::login))
        .routes(routes!(login::login_mfa))
        .routes(routes!(phone::request_login_code))
        .routes(routes!(phone::login_by_phone))
        .routes(routes!(phone::request_phone_code))
        .routes(routes!(phone::verify_phone))
        .routes(routes!(session::refresh))
        .routes(routes!(session::logout))
        .routes(routes!(session::list_sessions))
        .routes(routes!(session::end_session))
        .routes(routes!(password::forgot_password))
        .routes(routes!(password::reset_password))
        .routes(routes!(password::change_password))
        .routes(routes!(account::get_account))
        .routes(routes!(second_factor::enrol_totp, second_factor::remove_totp))
        .routes(routes!(second_factor::confirm_totp))
        .routes(routes!(second_factor::new_backup_codes))
        .routes(routes!(accounts::find_account))
        .routes(routes!(accounts::set_roles))
        .routes(routes!(accounts::unlock))
        .routes(routes!(key_set::get_key_set))
}

fn email(text: &str) -> Result<Email> {
    text.parse().map_err(|error| Problem::invalid("email", format!("{error}")))
}

fn phone_number(text: &str) -> Result<Phone> {
    text.parse().map_err(|error| Problem::invalid("phone", format!("{error}")))
}

fn new_password(field: &str, text: &str, email: &Email) -> Result<Password> {
    Password::choose(text, email).map_err(|error| Problem::invalid(field, error.to_string()))
}

/// An answer with a token or a secret, which no cache may keep.
fn confidential(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// When the session of a token began. The database is asked, not Redis: here an ended session is over at once.
///
/// # Errors
/// 401 if it has ended.
async fn live_session(
    connection: &mut PgConnection,
    (id, account): (SessionId, UserId),
    now: Timestamp,
) -> Result<Timestamp> {
    let began = store::session::began(connection, id, account, now).await?;
    began.ok_or_else(|| Problem::unauthenticated("The session has ended."))
}

/// The account of whoever asks.
async fn own_account(connection: &mut PgConnection, customer: &Customer, now: Timestamp) -> Result<Account> {
    live_session(connection, (customer.session, customer.id), now).await?;
    let account = store::account::find(connection, customer.id).await?;
    account.ok_or_else(|| Problem::unauthenticated("The account is closed."))
}

/// The account of whoever asks and has logged in a short while ago: for what protects the account, so that an unlocked
/// computer is not enough.
///
/// # Errors
/// 403 if the log-in was longer ago.
async fn own_account_after_login(
    connection: &mut PgConnection,
    customer: &Customer,
    now: Timestamp,
) -> Result<Account> {
    let began = live_session(connection, (customer.session, customer.id), now).await?;
    if now.since(began) > FRESH {
        return Err(Problem::new(StatusCode::FORBIDDEN, "login-too-old", "Log in again first")
            .detail("This is possible within ten minutes after a log-in."));
    }
    own_account(connection, customer, now).await
}

/// Whoever does not answer for the address must not protect the account against its owner with a factor of their own.
///
/// # Errors
/// 409 if the e-mail address is not verified.
fn require_verified_email(account: &Account) -> Result<()> {
    if account.email_verified {
        Ok(())
    } else {
        Err(Problem::conflict("email-not-verified", "Verify the e-mail address first"))
    }
}
