//! Sessions: kept alive, listed, ended.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::auth::{LoginSuspicious, Refresh, SessionDetails, Suspicion, Tokens};
use http::StatusCode;
use platform::db::Tx;
use platform::http::{Body, Path};
use platform::identity::Customer;
use platform::{Problem, Result};
use types::{SessionId, Timestamp, UserId};

use super::login::tokens;
use super::{confidential, live_session};
use crate::app::{Auth, publish};
use crate::domain::session::{LIFE, Verdict};
use crate::domain::{EndReason, RefreshToken};
use crate::store;

/// Exchanges a refresh token for the next one and a new access token.
///
/// A refresh token that comes a second time ends the session, as it shows that there is a copy of it. So send each once, one
/// request at a time; if the answer is lost, log in again.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, body = Tokens), (status = 401, body = Problem, description = "`session-over`")))]
pub async fn refresh(State(app): State<Auth>, Body(refresh): Body<Refresh>) -> Result<Response> {
    let token: RefreshToken = refresh.refresh_token.parse().map_err(|_| over())?;
    let now = app.now();
    let mut tx = app.db().begin().await?;
    let session = store::session::hold(&mut tx, token.session).await?.ok_or_else(over)?;
    let account_id = session.account_id;
    match session.standing().verdict(&token, now) {
        Verdict::Refused => Err(over()),
        Verdict::Reused => {
            end_stolen(&app, tx, account_id, token.session, now).await?;
            Err(over())
        }
        Verdict::Good => {
            let account = store::account::find(&mut tx, account_id).await?.ok_or_else(over)?;
            let (next, expires_at) = (token.next(rand::random()), now.plus(LIFE));
            store::session::rotate(&mut tx, &next, now, expires_at).await?;
            let _committed = tx.commit().await?;
            Ok(confidential(StatusCode::OK, &tokens(&app, &account, &next, expires_at)?))
        }
    }
}

/// Ends the session that asks.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth",
    responses((status = 204)), security(("user_token" = [])))]
pub async fn logout(customer: Customer, State(app): State<Auth>) -> Result<StatusCode> {
    end(&app, &customer, customer.session, EndReason::LoggedOut).await
}

/// The sessions that are alive, the last used first.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "auth",
    responses((status = 200, body = Vec<SessionDetails>)), security(("user_token" = [])))]
pub async fn list_sessions(customer: Customer, State(app): State<Auth>) -> Result<Json<Vec<SessionDetails>>> {
    let now = app.now();
    let mut connection = app.db().primary().await?;
    live_session(&mut connection, (customer.session, customer.id), now).await?;
    let sessions = store::session::live(&mut connection, customer.id, now).await?;
    let details = sessions.into_iter().map(|session| SessionDetails {
        current: session.id == customer.session,
        id: session.id,
        device: session.device,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    });
    Ok(Json(details.collect()))
}

/// Ends a session: what is still logged in there is logged out.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", tag = "auth",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = 204), (status = 404, body = Problem)), security(("user_token" = [])))]
pub async fn end_session(customer: Customer, State(app): State<Auth>, Path(id): Path<SessionId>) -> Result<StatusCode> {
    let mut connection = app.db().primary().await?;
    live_session(&mut connection, (customer.session, customer.id), app.now()).await?;
    drop(connection);
    end(&app, &customer, id, EndReason::Revoked).await
}

async fn end(app: &Auth, customer: &Customer, id: SessionId, reason: EndReason) -> Result<StatusCode> {
    let mut tx = app.db().begin().await?;
    if !store::session::end(&mut tx, id, customer.id, reason, app.now()).await? {
        return Err(Problem::not_found("session"));
    }
    app.revoke(&mut tx, vec![id]);
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// There is a copy of one of the session's tokens: nobody keeps it.
async fn end_stolen(app: &Auth, mut tx: Tx, user_id: UserId, id: SessionId, now: Timestamp) -> Result<()> {
    store::session::end(&mut tx, id, user_id, EndReason::TokenReused, now).await?;
    publish(&mut tx, user_id, &LoginSuspicious { user_id, reason: Suspicion::RefreshTokenReused }).await?;
    app.revoke(&mut tx, vec![id]);
    let _committed = tx.commit().await?;
    Ok(())
}

/// The same whether it never was, has ended or has run out.
fn over() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "session-over", "Log in again")
}
