use axum::Json;
use axum::extract::State;
use contracts::user::{Preferences, UserUpdated};
use platform::http::Body;
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, lock};
use crate::store::{preference as stored, profile};
use crate::{Users, domain};

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new().routes(routes!(get_preferences, write_preferences))
}

/// In which language, on which channels and when the customer wants to hear from us.
#[utoipa::path(get, path = "/api/v1/users/me/preferences", tag = TAG, responses((status = 200, body = Preferences)),
    security(("user_token" = [])))]
async fn get_preferences(customer: Customer, State(app): State<Users>) -> Result<Json<Preferences>> {
    Ok(Json(stored::find(&mut *app.db.primary().await?, customer.id).await?))
}

/// Writes the preferences anew.
#[utoipa::path(put, path = "/api/v1/users/me/preferences", tag = TAG, request_body = Preferences,
    responses(
        (status = 200, body = Preferences),
        (status = 410, body = Problem, description = "`account-erased`"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
    ),
    security(("user_token" = [])))]
async fn write_preferences(
    customer: Customer,
    State(app): State<Users>,
    Body(written): Body<Preferences>,
) -> Result<Json<Preferences>> {
    let preferences = domain::read_preferences(written)?;
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, app.context.now()).await?;
    stored::write(&mut tx, customer.id, &preferences).await?;
    let version = profile::next_version(&mut tx, customer.id).await?;
    tx.publish(customer.id, version, &UserUpdated { user_id: customer.id })?;
    app.forget_cached(&mut tx, customer.id);
    let _committed = tx.commit().await?;
    Ok(Json(preferences))
}
