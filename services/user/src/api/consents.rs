use axum::Json;
use axum::extract::State;
use contracts::user::{ConsentChanged, ConsentKind, Consents, WriteConsent};
use platform::http::{Body, Path};
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, lock};
use crate::store::{consent as stored, profile};
use crate::{Users, domain};

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new().routes(routes!(get_consents)).routes(routes!(write_consent))
}

/// What the customer has agreed to, and every change of it.
#[utoipa::path(get, path = "/api/v1/users/me/consents", tag = TAG, responses((status = 200, body = Consents)),
    security(("user_token" = [])))]
async fn get_consents(customer: Customer, State(app): State<Users>) -> Result<Json<Consents>> {
    let history = stored::history(&mut *app.db.primary().await?, customer.id).await?;
    Ok(Json(domain::consents(history)))
}

/// Gives a consent, or takes it back.
#[utoipa::path(put, path = "/api/v1/users/me/consents/{consent}", tag = TAG, params(("consent" = ConsentKind, Path)),
    request_body = WriteConsent,
    responses(
        (status = 200, body = Consents),
        (status = 400, body = Problem, description = "There is no such consent"),
        (status = 410, body = Problem, description = "`account-erased`"),
    ),
    security(("user_token" = [])))]
async fn write_consent(
    customer: Customer,
    State(app): State<Users>,
    Path(consent): Path<ConsentKind>,
    Body(WriteConsent { granted }): Body<WriteConsent>,
) -> Result<Json<Consents>> {
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, now).await?;
    if stored::change(&mut tx, customer.id, consent, granted, now).await? {
        let version = profile::next_version(&mut tx, customer.id).await?;
        let changed = ConsentChanged { user_id: customer.id, consent: consent.to_string(), granted };
        tx.publish(customer.id, version, &changed)?;
    }
    let history = stored::history(&mut tx, customer.id).await?;
    app.forget_cached(&mut tx, customer.id);
    let _committed = tx.commit().await?;
    Ok(Json(domain::consents(history)))
}
