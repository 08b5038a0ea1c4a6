//! Phone numbers: log-in with a code, and showing that a number is one's own.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::auth::{CodeChannel, CodePurpose, CodeSent, LoginOutcome, PhoneConfirmation, PhoneLogin, PhoneOnly};
use http::{HeaderMap, StatusCode};
use platform::http::Body;
use platform::identity::Customer;
use platform::limits::{Rule, Who};
use platform::service::App;
use platform::{Problem, Result};

use super::login::{after_first_factor, device, too_late};
use super::throttle::Throttled;
use super::{confidential, own_account, own_account_after_login, require_verified_email};
use crate::app::Auth;
use crate::codes::{self, Destination};
use crate::domain::Phone;
use crate::store;

/// Numbers that one account may have a code sent to: messages cost money, and some numbers earn it.
const CODES_PER_ACCOUNT: Rule = Rule { name: "phone-code", limit: 5, window: Duration::from_secs(60 * 60) };

/// Sends a code to a number that was confirmed by its owner; whether it was is not told.
#[utoipa::path(post, path = "/api/v1/auth/login/phone", tag = "auth", request_body = PhoneOnly,
    responses((status = 202, body = CodeSent), (status = 429, body = Problem)))]
pub async fn request_login_code(
    _: Throttled,
    State(app): State<Auth>,
    Body(PhoneOnly { phone }): Body<PhoneOnly>,
) -> Result<(StatusCode, Json<CodeSent>)> {
    let phone = super::phone_number(&phone)?;
    let mut tx = app.db().begin().await?;
    let account = store::account::by_phone(&mut tx, &phone).await?;
    let destination = by_sms(CodePurpose::LogIn, &phone);
    let sent = codes::send(&mut tx, &destination, account.map(|account| account.id), app.now()).await?;
    let _committed = tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Logs in with the code that was sent to the phone.
#[utoipa::path(post, path = "/api/v1/auth/login/phone/verify", tag = "auth", request_body = PhoneLogin,
    responses((status = 200, body = LoginOutcome), (status = 422, body = Problem, description = "`code-refused`"),
        (status = 429, body = Problem)))]
pub async fn login_by_phone(
    _: Throttled,
    State(app): State<Auth>,
    headers: HeaderMap,
    Body(login): Body<PhoneLogin>,
) -> Result<Response> {
    let mut tx = app.db().begin().await?;
    let code = store::code::hold(&mut tx, login.reference).await?.filter(|code| code.purpose == CodePurpose::LogIn);
    let (mut tx, user_id, code) = codes::take(&app, tx, code, &login.code, app.now()).await?;
    let account = store::account::find(&mut tx, user_id).await?.ok_or_else(too_late)?;
    // The number may have been given up since the code was sent.
    if !account.phone_verified || account.phone.as_ref().is_none_or(|phone| phone.as_str() != code.destination) {
        return Err(too_late());
    }
    let outcome = after_first_factor(&app, tx, &account, device(login.device.as_deref(), &headers)).await?;
    Ok(confidential(StatusCode::OK, &outcome))
}

/// Sends a code to a number that is to become the account's. Shortly after a log-in only.
#[utoipa::path(post, path = "/api/v1/auth/phone", tag = "auth", request_body = PhoneOnly,
    responses((status = 202, body = CodeSent), (status = 403, body = Problem, description = "`login-too-old`"),
        (status = 409, body = Problem, description = "`email-not-verified`"), (status = 429, body = Problem)),
    security(("user_token" = [])))]
pub async fn request_phone_code(
    customer: Customer,
    _: Throttled,
    State(app): State<Auth>,
    Body(PhoneOnly { phone }): Body<PhoneOnly>,
) -> Result<(StatusCode, Json<CodeSent>)> {
    let (phone, now) = (super::phone_number(&phone)?, app.now());
    app.context().limits().check(&Who::User(customer.id), &CODES_PER_ACCOUNT).await?;
    let mut tx = app.db().begin().await?;
    let account = own_account_after_login(&mut tx, &customer, now).await?;
    require_verified_email(&account)?;
    let sent = codes::send(&mut tx, &by_sms(CodePurpose::VerifyPhone, &phone), Some(account.id), now).await?;
    let _committed = tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(sent)))
}

/// Makes the number that the code was sent to the account's: it is good for log-in from then on.
#[utoipa::path(post, path = "/api/v1/auth/phone/verify", tag = "auth", request_body = PhoneConfirmation,
    responses((status = 204), (status = 409, body = Problem, description = "`phone-taken`"),
        (status = 422, body = Problem, description = "`code-refused`"), (status = 429, body = Problem)),
    security(("user_token" = [])))]
pub async fn verify_phone(
    customer: Customer,
    _: Throttled,
    State(app): State<Auth>,
    Body(confirmation): Body<PhoneConfirmation>,
) -> Result<StatusCode> {
    let now = app.now();
    let mut tx = app.db().begin().await?;
    let account = own_account(&mut tx, &customer, now).await?;
    let code = store::code::hold(&mut tx, confirmation.reference).await?;
    let own = code.filter(|code| code.purpose == CodePurpose::VerifyPhone && code.account_id == Some(account.id));
    let (mut tx, user_id, code) = codes::take(&app, tx, own, &confirmation.code, now).await?;
    let phone: Phone = code.destination.parse().map_err(Problem::internal)?;
    store::account::set_phone(&mut tx, user_id, &phone, now).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn by_sms(purpose: CodePurpose, phone: &Phone) -> Destination<'_> {
    Destination { purpose, channel: CodeChannel::Sms, address: phone.as_str() }
}
