//! Log-in with a password, and the second factor after whatever came first.

use axum::extract::State;
use axum::response::Response;
use contracts::auth::{Login, LoginOutcome, LoginSuspicious, MfaLogin, Suspicion, Tokens};
use http::{HeaderMap, StatusCode, header};
use platform::db::Tx;
use platform::http::Body;
use platform::{Problem, Result};
use types::{SessionId, Timestamp};

use super::throttle::Throttled;
use super::{confidential, second_factor};
use crate::app::{Auth, publish};
use crate::domain::session::{self, CHALLENGE_LIFE, LIFE, MOST, NEW_DEVICE_REST};
use crate::domain::{ChallengeToken, Email, RefreshToken};
use crate::passwords::Matched;
use crate::store::account::Account;
use crate::store::challenge::Challenge;
use crate::store::session::NewSession;
use crate::{attempts, store};

/// Logs in. A customer whose e-mail address is not verified may: the answer says so, and what needs it can ask for it.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, body = LoginOutcome),
        (status = 401, body = Problem, description = "`login-refused`: which of the two was wrong is not told."),
        (status = 429, body = Problem, description = "`too-many-attempts`: `Retry-After` says how long to wait.")))]
pub async fn login(
    _: Throttled,
    State(app): State<Auth>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<Response> {
    let Some(account) = check_password(&app, &super::email(&login.email)?, &login.password).await? else {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "login-refused", "E-mail address or password is wrong"));
    };
    let mut tx = app.db().begin().await?;
    if !store::account::hold(&mut tx, account.id, &account.password_hash).await? {
        return Err(too_late());
    }
    let outcome = after_first_factor(&app, tx, &account, device(login.device.as_deref(), &headers)).await?;
    Ok(confidential(StatusCode::OK, &outcome))
}

/// Goes on with a log-in that asked for the second factor.
#[utoipa::path(post, path = "/api/v1/auth/login/mfa", tag = "auth", request_body = MfaLogin,
    responses((status = 200, body = LoginOutcome),
        (status = 401, body = Problem, description = "`login-expired`: begin again with the first factor."),
        (status = 422, body = Problem, description = "`code-refused`"),
        (status = 429, body = Problem, description = "`too-many-attempts`")))]
pub async fn login_mfa(_: Throttled, State(app): State<Auth>, Body(login): Body<MfaLogin>) -> Result<Response> {
    let token: ChallengeToken = login.mfa_token.parse().map_err(|_| too_late())?;
    let now = app.now();
    let mut tx = app.db().begin().await?;
    let challenge = store::challenge::find(&mut tx, token.hash(), now).await?.ok_or_else(too_late)?;
    let account = store::account::find(&mut tx, challenge.account_id).await?.ok_or_else(too_late)?;
    let mut tx = second_factor::pass(&app, tx, &account, &login.code, now).await?;
    // Whoever ends all sessions deletes the challenges as well: this one must still be there.
    if !store::challenge::delete(&mut tx, token.hash()).await? {
        return Err(too_late());
    }
    let tokens = start_session(&app, tx, &account, &challenge.device, now).await?;
    Ok(confidential(StatusCode::OK, &LoginOutcome::LoggedIn(tokens)))
}

/// The account if this is its password. Every wrong password counts, also for an address without an account, and takes the
/// same time.
///
/// # Errors
/// 429 while there were too many.
pub(super) async fn check_password(app: &Auth, email: &Email, password: &str) -> Result<Option<Account>> {
    let subject = attempts::password(email);
    let mut tx = app.db().begin().await?;
    let attempts = attempts::count(&mut tx, &subject, app.now()).await?;
    let account = store::account::by_email(&mut tx, email).await?;
    let _counted = tx.commit().await?;

    let matched = app.passwords().verify(password, account.as_ref().map(|a| a.password_hash.clone())).await?;
    let rehashed = match matched {
        Some(Matched::Outdated) => Some(app.passwords().hash(password).await?),
        Some(Matched::Current) | None => None,
    };

    let mut tx = app.db().begin().await?;
    let owner = account.as_ref().map(|account| account.id);
    let Some(mut account) = account.filter(|_| matched.is_some()) else {
        attempts::failed(&mut tx, owner, attempts).await?;
        let _told = tx.commit().await?;
        return Ok(None);
    };
    store::attempt::forget(&mut tx, &[subject]).await?;
    if let Some(hash) = rehashed {
        store::account::rehash(&mut tx, account.id, &account.password_hash, &hash).await?;
        account.password_hash = hash;
    }
    let _forgotten = tx.commit().await?;
    Ok(Some(account))
}

/// The first factor was right: the tokens, or the question for the second.
pub(super) async fn after_first_factor(
    app: &Auth,
    mut tx: Tx,
    account: &Account,
    device: String,
) -> Result<LoginOutcome> {
    let now = app.now();
    if !account.mfa {
        return Ok(LoginOutcome::LoggedIn(start_session(app, tx, account, &device, now).await?));
    }
    let (token, expires_at) = (ChallengeToken::new(rand::random()), now.plus(CHALLENGE_LIFE));
    let challenge = Challenge { account_id: account.id, device };
    store::challenge::insert(&mut tx, token.hash(), &challenge, expires_at).await?;
    let _committed = tx.commit().await?;
    Ok(LoginOutcome::MfaRequired { mfa_token: token.expose(), expires_at })
}

async fn start_session(app: &Auth, mut tx: Tx, account: &Account, device: &str, now: Timestamp) -> Result<Tokens> {
    let user_id = account.id;
    let new_device = store::session::is_new_device(&mut tx, user_id, device, now.minus(NEW_DEVICE_REST)).await?;
    let (token, expires_at) = (RefreshToken::new(SessionId::new(), rand::random()), now.plus(LIFE));
    let session = NewSession { account_id: user_id, device, token: &token, expires_at };
    store::session::insert(&mut tx, &session, now).await?;
    let surplus = store::session::end_surplus(&mut tx, user_id, MOST, now).await?;
    if new_device {
        publish(&mut tx, user_id, &LoginSuspicious { user_id, reason: Suspicion::NewDevice }).await?;
    }
    app.revoke(&mut tx, surplus);
    let _committed = tx.commit().await?;
    tokens(app, account, &token, expires_at)
}

pub(super) fn tokens(
    app: &Auth,
    account: &Account,
    refresh: &RefreshToken,
    refresh_expires_at: Timestamp,
) -> Result<Tokens> {
    let access = app.tokens().issue(account.id, refresh.session, &account.roles)?;
    Ok(Tokens {
        access_token: access.token.into_exposed(),
        expires_at: access.expires,
        refresh_token: refresh.expose(),
        refresh_expires_at,
        session_id: refresh.session,
        user_id: account.id,
        roles: account.roles.clone(),
        email_verified: account.email_verified,
    })
}

pub(super) fn device(named: Option<&str>, headers: &HeaderMap) -> String {
    session::device(named, headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()))
}

/// The log-in took too long, or the password was changed in the meantime.
pub(super) fn too_late() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "login-expired", "Begin the log-in again")
}
