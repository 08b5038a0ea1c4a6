//! From a new account to a verified e-mail address.

use axum::extract::State;
use axum::response::Response;
use contracts::auth::{
    CodeChannel, CodePurpose, EmailConfirmation, EmailOnly, EmailVerified, Registered, Registration, UserRegistered,
};
use http::StatusCode;
use platform::http::Body;
use platform::idempotency::{Begun, IdempotencyKey};
use platform::{Problem, Result};
use types::UserId;

use super::throttle::Throttled;
use crate::app::{Auth, publish};
use crate::attempts;
use crate::codes::{self, Destination};
use crate::domain::Email;
use crate::store;
use crate::store::account::NewAccount;

const DEFAULT_LOCALE: &str = "en-IN";

/// Makes an account and sends a code to its e-mail address.
///
/// That an address has an account already is told, as every large shop does: who forgot that they have one would otherwise
/// wait for a code that never comes. How often one can ask is limited.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "auth", request_body = Registration,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = Registered),
        (status = 409, body = Problem, description = "`email-taken`"),
        (status = 422, body = Problem, description = "A field breaks a rule: the password is too easy to guess, say."),
        (status = 429, body = Problem)))]
pub async fn register(
    _: Throttled,
    State(app): State<Auth>,
    key: IdempotencyKey,
    Body(new): Body<Registration>,
) -> Result<Response> {
    let email = super::email(&new.email)?;
    let phone = new.phone.as_deref().map(super::phone_number).transpose()?;
    let name = new.name.trim();
    if name.is_empty() || name.contains(char::is_control) {
        return Err(Problem::invalid("name", "must not be blank and have no control characters"));
    }
    let password = super::new_password("password", &new.password, &email)?;
    let password_hash = app.passwords().hash(password.expose()).await?;
    let locale = new.locale.as_deref().unwrap_or(DEFAULT_LOCALE);

    // What a repeat is recognised by leaves out the password: a quick hash of it would lie in the database for a day.
    let request = (name, email.as_str(), phone.as_ref().map(|p| p.as_str()), locale);
    let mut tx = match key.begin(app.db(), attempts::fingerprint(&email), &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let (user_id, now) = (UserId::new(), app.now());
    let account = NewAccount {
        id: user_id,
        email: &email,
        phone: phone.as_ref(),
        password_hash: &password_hash,
        created_at: now,
    };
    store::account::insert(&mut tx, &account).await?;
    let registered = UserRegistered {
        user_id,
        name: name.to_owned(),
        email: email.as_str().to_owned(),
        phone: phone.as_ref().map(|p| p.as_str().to_owned()),
        locale: locale.to_owned(),
    };
    tx.publish(user_id, 1, &registered)?;
    codes::announce(&mut tx, &by_email(CodePurpose::VerifyEmail, &email), Some(user_id), now).await?;
    let answer = Registered { user_id, email: email.as_str().to_owned(), email_verified: false };
    tx.answer(StatusCode::CREATED, &answer).await
}

/// Confirms the e-mail address with the code that was sent there.
#[utoipa::path(post, path = "/api/v1/auth/verify-email", tag = "auth", request_body = EmailConfirmation,
    responses((status = 204), (status = 422, body = Problem, description = "`code-refused`"), (status = 429, body = Problem)))]
pub async fn verify_email(
    _: Throttled,
    State(app): State<Auth>,
    Body(confirmation): Body<EmailConfirmation>,
) -> Result<StatusCode> {
    let (email, now) = (super::email(&confirmation.email)?, app.now());
    let mut tx = app.db().begin().await?;
    let purpose = CodePurpose::VerifyEmail;
    let user_id = codes::take_mailed(&app, &mut tx, purpose, &email, &confirmation.code, now).await?;
    if store::account::verify_email(&mut tx, user_id, now).await? {
        publish(&mut tx, user_id, &EmailVerified { user_id }).await?;
    }
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a new code, if the address has an account and is not verified; the answer does not tell.
#[utoipa::path(post, path = "/api/v1/auth/verify-email/resend", tag = "auth", request_body = EmailOnly,
    responses((status = 202, description = "If there is something to verify, a code is on its way."),
        (status = 429, body = Problem)))]
pub async fn resend_email_code(
    _: Throttled,
    State(app): State<Auth>,
    Body(EmailOnly { email }): Body<EmailOnly>,
) -> Result<StatusCode> {
    let email = super::email(&email)?;
    let mut tx = app.db().begin().await?;
    let account = store::account::by_email(&mut tx, &email).await?.filter(|account| !account.email_verified);
    let destination = by_email(CodePurpose::VerifyEmail, &email);
    codes::send(&mut tx, &destination, account.map(|account| account.id), app.now()).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) fn by_email(purpose: CodePurpose, email: &Email) -> Destination<'_> {
    Destination { purpose, channel: CodeChannel::Email, address: email.as_str() }
}
