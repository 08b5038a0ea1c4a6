//! The customer's data as a whole: to be shown, handed over, erased.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::Event;
use contracts::user::{Erasure, ErasureRequested, ServiceErasure, UserData};
use http::{HeaderValue, StatusCode, header};
use platform::http::Path;
use platform::idempotency::{self, Begun, IdempotencyKey};
use platform::identity::{Customer, OrderReader};
use platform::problem::{Problem, Result};
use platform::topology::Topology;
use sqlx::PgConnection;
use types::{Timestamp, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::TAG;
use crate::store::{address, consent, erasure, preference, profile, wish};
use crate::{Users, domain};

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new()
        .routes(routes!(export_data))
        .routes(routes!(get_erasure, request_erasure))
        .routes(routes!(show_customer))
}

/// Everything that is kept of the customer here, as a file to keep.
#[utoipa::path(get, path = "/api/v1/users/me/export", tag = TAG, responses((status = 200, body = UserData)),
    security(("user_token" = [])))]
async fn export_data(customer: Customer, State(app): State<Users>) -> Result<Response> {
    let data = collect(&mut *app.db.primary().await?, customer.id, app.context.now()).await?;
    let as_file = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    Ok(([(header::CONTENT_DISPOSITION, as_file)], Json(data)).into_response())
}

/// What staff see of a customer who asks for help.
#[utoipa::path(get, path = "/api/v1/users/desk/{user_id}", tag = TAG, params(("user_id" = UserId, Path)),
    responses((status = 200, body = UserData), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn show_customer(
    _staff: OrderReader,
    State(app): State<Users>,
    Path(user_id): Path<UserId>,
) -> Result<Json<UserData>> {
    let data = collect(&mut *app.db.primary().await?, user_id, app.context.now()).await?;
    if data.profile.is_none() && data.erasure.is_none() && data.addresses.is_empty() {
        return Err(Problem::not_found("customer"));
    }
    Ok(Json(data))
}

/// Where the request to be forgotten stands.
#[utoipa::path(get, path = "/api/v1/users/me/erasure", tag = TAG,
    responses((status = 200, body = Erasure), (status = 404, body = Problem, description = "It was not asked for")),
    security(("user_token" = [])))]
async fn get_erasure(customer: Customer, State(app): State<Users>) -> Result<Json<Erasure>> {
    let found = erasure::find(&mut *app.db.primary().await?, customer.id).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("erasure"))
}

/// Forgets the customer: here at once, elsewhere soon. It cannot be undone. What the law makes a shop keep (invoices,
/// payments) stays, without more of the person than that needs.
#[utoipa::path(post, path = "/api/v1/users/me/erasure", tag = TAG,
    params(("Idempotency-Key" = String, Header, description = "A new random value")),
    responses((status = 202, body = Erasure, description = "It has begun, now or before")), security(("user_token" = [])))]
async fn request_erasure(customer: Customer, State(app): State<Users>, key: IdempotencyKey) -> Result<Response> {
    let mut tx = match key.begin(&app.db, customer.id, &()).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let now = app.context.now();
    profile::lock(&mut tx, customer.id, now).await?;
    if let Some(begun) = erasure::find(&mut tx, customer.id).await? {
        return tx.answer(StatusCode::ACCEPTED, &begun).await;
    }
    let begun = Erasure { requested_at: now, completed_at: None, services: who_must_forget(app.context.topology()) };
    erasure::insert(&mut tx, customer.id, &begun).await?;
    address::delete_all(&mut tx, customer.id).await?;
    wish::delete_all(&mut tx, customer.id).await?;
    preference::delete(&mut tx, customer.id).await?;
    profile::erase(&mut tx, customer.id, now).await?;
    idempotency::forget(&mut tx, customer.id, Some(&key)).await?;
    let version = profile::next_version(&mut tx, customer.id).await?;
    tx.publish(customer.id, version, &ErasureRequested { user_id: customer.id })?;
    app.forget_cached(&mut tx, customer.id);
    tx.answer(StatusCode::ACCEPTED, &begun).await
}

/// The services that keep something of a customer, by name: those that the topology lets hear of an erasure.
fn who_must_forget(topology: &Topology) -> Vec<ServiceErasure> {
    let consumers = topology.event(ErasureRequested::TYPE).map(|event| event.consumers.iter().copied());
    let mut parts: Vec<ServiceErasure> =
        consumers.into_iter().flatten().map(|service| ServiceErasure { service, completed_at: None }).collect();
    parts.sort_by_key(|part| part.service.as_str());
    parts
}

async fn collect(connection: &mut PgConnection, user: UserId, now: Timestamp) -> Result<UserData, sqlx::Error> {
    let person = profile::find(connection, user).await?;
    Ok(UserData {
        exported_at: now,
        profile: person.filter(|person| !person.erased).map(|person| person.profile),
        addresses: address::all(connection, user).await?,
        preferences: preference::find(connection, user).await?,
        wishes: wish::page(connection, user, None, domain::MOST_WISHES).await?,
        consents: domain::consents(consent::history(connection, user).await?),
        erasure: erasure::find(connection, user).await?,
    })
}
