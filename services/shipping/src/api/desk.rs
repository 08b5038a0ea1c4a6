//! What the order desk sees of parcels, and does with them.

use axum::Json;
use axum::extract::State;
use contracts::Page;
use contracts::shipping::{CancelShipment, DeskShipment, ShipmentFilter, ShipmentStatus};
use platform::http::{Body, PageQuery, Path, Query};
use platform::identity::OrderDesk;
use platform::{Problem, Result};
use types::ShipmentId;

use super::with_histories;
use crate::domain::status;
use crate::store::shipment::{self, Parcel};
use crate::{Shipping, news};

/// All parcels, the newest first.
#[utoipa::path(get, path = "/api/v1/shipments/desk", tag = "shipments", params(ShipmentFilter),
    responses(
        (status = 200, body = Page<DeskShipment>, description = "A page of them."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the order desk."),
    ),
    security(("user_token" = [])))]
pub async fn list_desk_shipments(
    _staff: OrderDesk,
    State(app): State<Shipping>,
    Query(filter): Query<ShipmentFilter>,
) -> Result<Json<Page<DeskShipment>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let before: Option<ShipmentId> = page.after()?;
    let mut connection = app.db.read().await?;
    let parcels = shipment::list(&mut connection, &filter, before, page.rows()).await?;
    let Page { items, next_cursor } = page.page(parcels, |parcel| parcel.id);
    let shown = with_histories(&mut connection, &items).await?;
    let items = items.into_iter().zip(shown).map(|(parcel, shipment)| desk_shipment(parcel, shipment)).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// The parcel is packed and waits for the carrier. Repeating it changes nothing.
#[utoipa::path(post, path = "/api/v1/shipments/{id}/pack", tag = "shipments",
    params(("id" = ShipmentId, Path, description = "The shipment's id")),
    responses(
        (status = 200, body = DeskShipment, description = "It is packed, now or before."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the order desk."),
        (status = 404, body = Problem, description = "There is no such shipment."),
        (status = 409, body = Problem, description = "The carrier has not taken it on yet, or it has left, or is cancelled."),
    ),
    security(("user_token" = [])))]
pub async fn pack_shipment(
    _staff: OrderDesk,
    State(app): State<Shipping>,
    Path(id): Path<ShipmentId>,
) -> Result<Json<DeskShipment>> {
    let mut tx = app.db.begin().await?;
    let mut parcel = shipment::lock(&mut tx, id).await?.ok_or_else(|| Problem::not_found("shipment"))?;
    match parcel.status {
        ShipmentStatus::Packed => {}
        ShipmentStatus::Created if parcel.tracking_number.is_none() => {
            return Err(Problem::conflict("not-booked", "The carrier has not taken it on yet").retry_after(1));
        }
        ShipmentStatus::Created => {
            news::follow_own(&mut tx, &mut parcel, ShipmentStatus::Packed, "Packed", app.context.now()).await?;
        }
        other => return Err(wrong_status(other, "It can only be packed before it leaves.")),
    }
    let shown = with_histories(&mut tx, std::slice::from_ref(&parcel)).await?.pop();
    let _committed = tx.commit().await?;
    Ok(Json(desk_shipment(parcel, shown.ok_or_else(|| Problem::not_found("shipment"))?)))
}

/// Keeps the parcel here; the carrier is told. The order is not cancelled by it. Repeating it changes nothing.
#[utoipa::path(post, path = "/api/v1/shipments/{id}/cancel", tag = "shipments", request_body = CancelShipment,
    params(("id" = ShipmentId, Path, description = "The shipment's id")),
    responses(
        (status = 200, body = DeskShipment, description = "It is cancelled, now or before."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the order desk."),
        (status = 404, body = Problem, description = "There is no such shipment."),
        (status = 409, body = Problem, description = "The carrier has it already."),
        (status = 422, body = Problem, description = "No reason."),
    ),
    security(("user_token" = [])))]
pub async fn cancel_shipment(
    _staff: OrderDesk,
    State(app): State<Shipping>,
    Path(id): Path<ShipmentId>,
    Body(request): Body<CancelShipment>,
) -> Result<Json<DeskShipment>> {
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    let mut parcel = shipment::lock(&mut tx, id).await?.ok_or_else(|| Problem::not_found("shipment"))?;
    if status::is_in_our_hands(parcel.status) {
        news::follow_own(&mut tx, &mut parcel, ShipmentStatus::Cancelled, &request.reason, now).await?;
        news::withdraw(&mut tx, &parcel, now).await?;
    } else if parcel.status != ShipmentStatus::Cancelled {
        return Err(wrong_status(parcel.status, "The carrier has it already."));
    }
    let shown = with_histories(&mut tx, std::slice::from_ref(&parcel)).await?.pop();
    let _committed = tx.commit().await?;
    Ok(Json(desk_shipment(parcel, shown.ok_or_else(|| Problem::not_found("shipment"))?)))
}

fn wrong_status(status: ShipmentStatus, detail: &str) -> Problem {
    Problem::conflict("wrong-shipment-status", "The shipment's status does not allow it")
        .detail(detail)
        .with("shipment_status", status)
}

fn desk_shipment(parcel: Parcel, shipment: contracts::shipping::Shipment) -> DeskShipment {
    let count = |number| u32::try_from(number).unwrap_or(0);
    DeskShipment {
        shipment,
        order_number: parcel.order_number,
        customer_id: parcel.customer_id,
        address: parcel.address.map(|address| address.0),
        weight_grams: count(parcel.weight_grams),
        cash_to_collect: parcel.cash_to_collect,
        booking_attempts: count(parcel.booking_attempts),
        booking_error: parcel.booking_error,
    }
}
