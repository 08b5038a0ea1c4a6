//! Accounts as administrators see and change them.

use axum::extract::State;
use contracts::auth::{ManagedAccount, NewRoles};
use garde::Validate;
use http::StatusCode;
use platform::http::{Body, IfMatch, Path, Query, Versioned};
use platform::identity::Administrator;
use platform::{Problem, Result};
use serde::Deserialize;
use sqlx::PgConnection;
use types::{Timestamp, UserId};
use utoipa::IntoParams;

use super::account::shown;
use super::live_session;
use crate::app::Auth;
use crate::domain::email::MalformedEmail;
use crate::domain::{EndReason, role};
use crate::store::account::Account;
use crate::{attempts, store};

#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindAccount {
    /// The whole address.
    #[garde(length(chars, min = 3, max = 254))]
    #[param(min_length = 3, max_length = 254)]
    email: String,
}

/// Finds an account by its e-mail address.
#[utoipa::path(get, path = "/api/v1/auth/accounts", tag = "auth", params(FindAccount),
    responses((status = 200, body = ManagedAccount), (status = 404, body = Problem)), security(("user_token" = [])))]
pub async fn find_account(
    administrator: Administrator,
    State(app): State<Auth>,
    Query(FindAccount { email }): Query<FindAccount>,
) -> Result<Versioned<ManagedAccount>> {
    let email = email.parse().map_err(|error: MalformedEmail| {
        Problem::malformed("A query parameter breaks a rule.").field("email", error.to_string())
    })?;
    let now = app.now();
    let mut connection = app.db().primary().await?;
    require_live(&mut connection, &administrator, now).await?;
    let account = store::account::by_email(&mut connection, &email).await?;
    managed(&mut connection, account.ok_or_else(|| Problem::not_found("account"))?, now).await
}

/// Sets what an account may do. Ends its sessions, as their tokens still say what it could do before. Nobody changes their
/// own roles, so there is always an administrator left.
#[utoipa::path(put, path = "/api/v1/auth/accounts/{id}/roles", tag = "auth", request_body = NewRoles,
    params(("id" = UserId, Path, description = "The account"), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses((status = 200, body = ManagedAccount), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`own-roles`"),
        (status = 412, body = Problem, description = "`stale-version`"), (status = 428, body = Problem)),
    security(("user_token" = [])))]
pub async fn set_roles(
    administrator: Administrator,
    State(app): State<Auth>,
    Path(id): Path<UserId>,
    expected: IfMatch,
    Body(NewRoles { roles }): Body<NewRoles>,
) -> Result<Versioned<ManagedAccount>> {
    let now = app.now();
    let mut tx = app.db().begin().await?;
    // Before the look whether the session is alive: the change before may have ended it.
    store::account::hold_roles(&mut tx).await?;
    require_live(&mut tx, &administrator, now).await?;
    if id == administrator.actor.id {
        return Err(Problem::conflict("own-roles", "Nobody changes their own roles"));
    }
    let mut account = store::account::find(&mut tx, id).await?.ok_or_else(|| Problem::not_found("account"))?;
    expected.check(account.version)?;
    let roles = role::complete(&roles);
    let version = store::account::set_roles(&mut tx, &account, &roles, administrator.actor.id, now).await?;
    account.version = version.ok_or_else(Problem::stale)?;
    account.roles = roles;
    let ended = store::session::end_all(&mut tx, id, None, EndReason::RolesChanged, now).await?;
    let answer = managed(&mut tx, account, now).await?;
    app.revoke(&mut tx, ended);
    let _committed = tx.commit().await?;
    Ok(answer)
}

/// Lifts the locks that failed log-ins have set.
#[utoipa::path(post, path = "/api/v1/auth/accounts/{id}/unlock", tag = "auth",
    params(("id" = UserId, Path, description = "The account")),
    responses((status = 204), (status = 404, body = Problem)), security(("user_token" = [])))]
pub async fn unlock(
    administrator: Administrator,
    State(app): State<Auth>,
    Path(id): Path<UserId>,
) -> Result<StatusCode> {
    let mut tx = app.db().begin().await?;
    require_live(&mut tx, &administrator, app.now()).await?;
    let account = store::account::find(&mut tx, id).await?.ok_or_else(|| Problem::not_found("account"))?;
    store::attempt::forget(&mut tx, &subjects(&account)).await?;
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_live(connection: &mut PgConnection, administrator: &Administrator, now: Timestamp) -> Result<()> {
    let actor = &administrator.actor;
    live_session(connection, (actor.session, actor.id), now).await.map(drop)
}

async fn managed(connection: &mut PgConnection, account: Account, now: Timestamp) -> Result<Versioned<ManagedAccount>> {
    let locked_until = store::attempt::locked_until(connection, &subjects(&account), now).await?;
    let version = account.version;
    Ok(Versioned(version, ManagedAccount { account: shown(connection, account).await?, locked_until }))
}

fn subjects(account: &Account) -> [String; 2] {
    [attempts::password(&account.email), attempts::second_factor(account.id)]
}
