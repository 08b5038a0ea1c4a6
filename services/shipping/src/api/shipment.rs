use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::shipping::{Shipment, Shipments, ShipmentsQuery};
use http::HeaderMap;
use platform::http::{Path, Query, Versioned};
use platform::identity::Customer;
use platform::{Problem, Result};
use types::ShipmentId;

use super::with_histories;
use crate::Shipping;
use crate::store::shipment;

/// The customer's parcels of an order: the one to them, and those that they send back. None of an order that is not theirs.
#[utoipa::path(get, path = "/api/v1/shipments", tag = "shipments", params(ShipmentsQuery),
    responses(
        (status = 200, body = Shipments, description = "The oldest first."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
    ),
    security(("user_token" = [])))]
pub async fn list_shipments(
    customer: Customer,
    State(app): State<Shipping>,
    Query(query): Query<ShipmentsQuery>,
) -> Result<Json<Shipments>> {
    let mut connection = app.db.read().await?;
    let parcels = shipment::of_order(&mut connection, query.order_id, customer.id).await?;
    Ok(Json(Shipments { shipments: with_histories(&mut connection, &parcels).await? }))
}

/// One of the customer's parcels with everything that is known of its way.
#[utoipa::path(get, path = "/api/v1/shipments/{id}", tag = "shipments",
    params(("id" = ShipmentId, Path, description = "The shipment's id")),
    responses(
        (status = 200, body = Shipment, description = "The parcel; its ETag changes with every news of it."),
        (status = 304, description = "The client has it as it is (If-None-Match)."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 404, body = Problem, description = "Not there, or another customer's."),
    ),
    security(("user_token" = [])))]
pub async fn get_shipment(
    customer: Customer,
    State(app): State<Shipping>,
    Path(id): Path<ShipmentId>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut connection = app.db.read().await?;
    let found = shipment::find(&mut connection, id).await?;
    let parcel =
        found.filter(|parcel| parcel.customer_id == customer.id).ok_or_else(|| Problem::not_found("shipment"))?;
    let version = parcel.version;
    let shown =
        with_histories(&mut connection, &[parcel]).await?.pop().ok_or_else(|| Problem::not_found("shipment"))?;
    Ok(Versioned(tag(version, shown.history.len()), shown).unless_known(&headers))
}

/// The number in a parcel's ETag. Most news moves no parcel, and so does not count in its version, but adds to its history.
fn tag(version: i64, entries: usize) -> i64 {
    version << 32 | i64::from(u32::try_from(entries).unwrap_or(u32::MAX))
}
