use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::product::{Location, LocationDetails};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, IfMatch, Path, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{CatalogEditor, StockKeeper};
use platform::{Problem, Result};
use types::LocationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{STOCK, refused};
use crate::Products;
use crate::store::locations;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new()
        .routes(routes!(list_locations, create_location))
        .routes(routes!(get_location, replace_location))
}

/// Where stock is kept, in the order in which it is taken.
#[utoipa::path(get, path = "/api/v1/stock/locations", tag = STOCK,
    responses((status = 200, body = Vec<Location>)), security(("user_token" = [])))]
async fn list_locations(_: StockKeeper, State(app): State<Products>) -> Result<Json<Vec<Location>>> {
    Ok(Json(locations::list(&mut *app.db.read().await?).await?))
}

/// A location; its version is the ETag.
#[utoipa::path(get, path = "/api/v1/stock/locations/{id}", tag = STOCK, params(("id" = LocationId, Path)),
    responses(
        (status = 200, body = Location),
        (status = 304, description = "The client has it as it is"),
        (status = 404, body = Problem),
    ),
    security(("user_token" = [])))]
async fn get_location(
    _: StockKeeper,
    State(app): State<Products>,
    Path(id): Path<LocationId>,
    headers: HeaderMap,
) -> Result<Response> {
    let (version, location) = locations::find(&mut *app.db.primary().await?, id).await?.ok_or_else(absent)?;
    Ok(Versioned(version, location).unless_known(&headers))
}

/// Adds a place where stock is kept.
#[utoipa::path(post, path = "/api/v1/stock/locations", tag = STOCK, request_body = LocationDetails,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = Location),
        (status = 409, body = Problem, description = "`name-taken`, `position-taken`"),
        (status = 422, body = Problem, description = "`invalid-fields`"),
    ),
    security(("user_token" = [])))]
async fn create_location(
    editor: CatalogEditor,
    State(app): State<Products>,
    key: IdempotencyKey,
    Body(new): Body<LocationDetails>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let id = LocationId::new();
    locations::insert(&mut tx, id, &new).await.map_err(refused)?;
    let location = Location { id, name: new.name.trim().to_owned(), position: new.position };
    tx.answer(StatusCode::CREATED, &location).await
}

/// Names a location otherwise, or has its stock taken earlier or later than others'.
#[utoipa::path(put, path = "/api/v1/stock/locations/{id}", tag = STOCK, request_body = LocationDetails,
    params(("id" = LocationId, Path), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = Location),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`name-taken`, `position-taken`"),
        (status = 412, body = Problem, description = "`stale-version`: somebody changed it in the meantime"),
        (status = 422, body = Problem, description = "`invalid-fields`"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn replace_location(
    _: CatalogEditor,
    State(app): State<Products>,
    Path(id): Path<LocationId>,
    expected: IfMatch,
    Body(details): Body<LocationDetails>,
) -> Result<Versioned<Location>> {
    let mut tx = app.db.begin().await?;
    expected.check(locations::lock(&mut tx, id).await?.ok_or_else(absent)?)?;
    let version = locations::update(&mut tx, id, &details).await.map_err(refused)?;
    let _committed = tx.commit().await?;
    Ok(Versioned(version, Location { id, name: details.name.trim().to_owned(), position: details.position }))
}

fn absent() -> Problem {
    Problem::not_found("location")
}
