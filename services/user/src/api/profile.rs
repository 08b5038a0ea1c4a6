use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::user::{ChangeProfile, Profile, UserUpdated};
use http::HeaderMap;
use platform::http::{Body, IfMatch, Versioned};
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TAG;
use crate::people::{erased, not_ready};
use crate::store::profile as stored;
use crate::{Users, domain};

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new().routes(routes!(get_profile, change_profile))
}

/// The customer's own profile.
#[utoipa::path(get, path = "/api/v1/users/me", tag = TAG,
    responses(
        (status = 200, body = Profile, headers(("ETag" = String, description = "The version, for `If-Match`"))),
        (status = 304, description = "`If-None-Match` names the current version"),
        (status = 404, body = Problem, description = "`profile-not-ready`: the account is new; ask again after `Retry-After`"),
        (status = 410, body = Problem, description = "`account-erased`"),
    ),
    security(("user_token" = [])))]
async fn get_profile(customer: Customer, State(app): State<Users>, headers: HeaderMap) -> Result<Response> {
    let person = app.person(customer.id).await?.ok_or_else(not_ready)?;
    if person.erased {
        return Err(erased());
    }
    Ok(Versioned(person.version, person.profile).unless_known(&headers))
}

/// Changes the customer's own name or telephone number.
#[utoipa::path(patch, path = "/api/v1/users/me", tag = TAG, request_body = ChangeProfile,
    params(("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = Profile),
        (status = 404, body = Problem, description = "`profile-not-ready`: the account is new; ask again after `Retry-After`"),
        (status = 410, body = Problem, description = "`account-erased`"),
        (status = 412, body = Problem, description = "`stale-version`: it was changed in the meantime"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
        (status = 428, body = Problem, description = "`If-Match` is missing"),
    ),
    security(("user_token" = [])))]
async fn change_profile(
    customer: Customer,
    State(app): State<Users>,
    expected: IfMatch,
    Body(change): Body<ChangeProfile>,
) -> Result<Response> {
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    let mut locked = super::lock(&mut tx, customer.id, now).await?;
    if !locked.registered {
        return Err(not_ready());
    }
    expected.check(locked.version)?;
    if domain::change_profile(&mut locked.profile, &change) {
        locked.profile.updated_at = now;
        stored::update(&mut tx, &locked.profile).await?;
        locked.version = stored::next_version(&mut tx, customer.id).await?;
        tx.publish(customer.id, locked.version, &UserUpdated { user_id: customer.id })?;
        app.forget_cached(&mut tx, customer.id);
        let _committed = tx.commit().await?;
    }
    Ok(Versioned(locked.version, locked.profile).into_response())
}
