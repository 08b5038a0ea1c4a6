use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::user::{AddressBook, SavedAddress, WriteAddress};
use http::StatusCode;
use platform::http::{Body, Path};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use types::AddressId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, full, lock};
use crate::Users;
use crate::domain::{MOST_ADDRESSES, read_address};
use crate::store::address as stored;

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new()
        .routes(routes!(list_addresses, add_address))
        .routes(routes!(get_address, replace_address, delete_address))
        .routes(routes!(make_default_address))
}

/// The customer's address book.
#[utoipa::path(get, path = "/api/v1/users/me/addresses", tag = TAG, responses((status = 200, body = AddressBook)),
    security(("user_token" = [])))]
async fn list_addresses(customer: Customer, State(app): State<Users>) -> Result<Json<AddressBook>> {
    let addresses = stored::all(&mut *app.db.primary().await?, customer.id).await?;
    Ok(Json(AddressBook { addresses }))
}

/// Adds an address; the first one becomes the default.
#[utoipa::path(post, path = "/api/v1/users/me/addresses", tag = TAG, request_body = WriteAddress,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new address")),
    responses(
        (status = 201, body = SavedAddress),
        (status = 409, body = Problem, description = "`too-many-addresses`: at most 20 can be kept"),
        (status = 410, body = Problem, description = "`account-erased`"),
        (status = 422, body = Problem, description = "A field breaks a rule, such as a PIN code that is not the state's"),
    ),
    security(("user_token" = [])))]
async fn add_address(
    customer: Customer,
    State(app): State<Users>,
    key: IdempotencyKey,
    Body(written): Body<WriteAddress>,
) -> Result<Response> {
    let (label, address) = read_address(&written)?;
    let mut tx = match key.begin(&app.db, customer.id, &written).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let now = app.context.now();
    lock(&mut tx, customer.id, now).await?;
    let count = stored::count(&mut tx, customer.id).await?;
    if count >= MOST_ADDRESSES {
        return Err(full("too-many-addresses", MOST_ADDRESSES));
    }
    let saved = SavedAddress { id: AddressId::new(), label, address, is_default: count == 0, updated_at: now };
    stored::insert(&mut tx, customer.id, &saved).await?;
    tx.answer(StatusCode::CREATED, &saved).await
}

/// One address.
#[utoipa::path(get, path = "/api/v1/users/me/addresses/{id}", tag = TAG, params(("id" = AddressId, Path)),
    responses((status = 200, body = SavedAddress), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn get_address(
    customer: Customer,
    State(app): State<Users>,
    Path(id): Path<AddressId>,
) -> Result<Json<SavedAddress>> {
    let found = stored::find(&mut *app.db.primary().await?, customer.id, id).await?;
    found.map(Json).ok_or_else(no_such_address)
}

/// Writes an address anew. Orders keep the address that they were sent to.
#[utoipa::path(put, path = "/api/v1/users/me/addresses/{id}", tag = TAG, params(("id" = AddressId, Path)), request_body = WriteAddress,
    responses(
        (status = 200, body = SavedAddress),
        (status = 404, body = Problem),
        (status = 410, body = Problem, description = "`account-erased`"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
    ),
    security(("user_token" = [])))]
async fn replace_address(
    customer: Customer,
    State(app): State<Users>,
    Path(id): Path<AddressId>,
    Body(written): Body<WriteAddress>,
) -> Result<Json<SavedAddress>> {
    let (label, address) = read_address(&written)?;
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, now).await?;
    let before = stored::find(&mut tx, customer.id, id).await?.ok_or_else(no_such_address)?;
    let saved = SavedAddress { label, address, updated_at: now, ..before };
    stored::update(&mut tx, customer.id, &saved).await?;
    let _committed = tx.commit().await?;
    Ok(Json(saved))
}

/// Takes an address out. If it was the default, the newest of the others becomes it.
#[utoipa::path(delete, path = "/api/v1/users/me/addresses/{id}", tag = TAG, params(("id" = AddressId, Path)),
    responses((status = 204, description = "It is gone"), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn delete_address(customer: Customer, State(app): State<Users>, Path(id): Path<AddressId>) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, app.context.now()).await?;
    if !stored::delete(&mut tx, customer.id, id).await? {
        return Err(no_such_address());
    }
    let _committed = tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an address the default in place of the present one.
#[utoipa::path(put, path = "/api/v1/users/me/addresses/{id}/default", tag = TAG, params(("id" = AddressId, Path)),
    responses((status = 200, body = AddressBook), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn make_default_address(
    customer: Customer,
    State(app): State<Users>,
    Path(id): Path<AddressId>,
) -> Result<Json<AddressBook>> {
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, app.context.now()).await?;
    if !stored::make_default(&mut tx, customer.id, id).await? {
        return Err(no_such_address());
    }
    let addresses = stored::all(&mut tx, customer.id).await?;
    let _committed = tx.commit().await?;
    Ok(Json(AddressBook { addresses }))
}

fn no_such_address() -> Problem {
    Problem::not_found("address")
}
