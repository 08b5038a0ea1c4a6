//! An account as its owner sees it.

use axum::extract::State;
use axum::response::Response;
use contracts::auth;
use http::HeaderMap;
use platform::Result;
use platform::http::Versioned;
use platform::identity::Customer;
use sqlx::PgConnection;

use super::own_account;
use crate::app::Auth;
use crate::store;
use crate::store::account::Account;

/// The account of whoever asks. Their name and addresses are the user service's.
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "auth",
    responses((status = 200, body = auth::Account), (status = 304, description = "Not changed")),
    security(("user_token" = [])))]
pub async fn get_account(customer: Customer, State(app): State<Auth>, headers: HeaderMap) -> Result<Response> {
    let mut connection = app.db().primary().await?;
    let account = own_account(&mut connection, &customer, app.now()).await?;
    let version = account.version;
    Ok(Versioned(version, shown(&mut connection, account).await?).unless_known(&headers))
}

pub(super) async fn shown(connection: &mut PgConnection, account: Account) -> Result<auth::Account> {
    let backup_codes_left = match account.mfa {
        true => store::second_factor::backup_codes_left(connection, account.id).await?,
        false => 0,
    };
    Ok(auth::Account {
        user_id: account.id,
        email: account.email.as_str().to_owned(),
        email_verified: account.email_verified,
        phone: account.phone.map(|phone| phone.as_str().to_owned()),
        phone_verified: account.phone_verified,
        roles: account.roles,
        mfa_enabled: account.mfa,
        backup_codes_left: u32::try_from(backup_codes_left).unwrap_or(0),
        created_at: account.created_at,
    })
}
