//! What the service answers.

mod desk;
pub mod internal;
mod promise;
mod rate_card;
mod sandbox;
mod shipment;
mod webhook;

use contracts::shipping::{Shipment, TrackingEntry};
use platform::Result;
use sqlx::PgConnection;
use types::ShipmentId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Shipping;
use crate::store::shipment::Parcel;
use crate::store::tracking;

pub fn routes() -> OpenApiRouter<Shipping> {
    OpenApiRouter::new()
        .routes(routes!(promise::get_delivery_promise))
        .routes(routes!(promise::get_serviceability))
        .routes(routes!(shipment::list_shipments))
        .routes(routes!(shipment::get_shipment))
        .routes(routes!(desk::list_desk_shipments))
        .routes(routes!(desk::pack_shipment))
        .routes(routes!(desk::cancel_shipment))
        .routes(routes!(webhook::receive_carrier_webhook))
        .routes(routes!(sandbox::advance_sandbox_parcel))
        .routes(routes!(rate_card::get_rate_card))
        .routes(routes!(rate_card::put_shipping_zone))
        .routes(routes!(rate_card::put_shipping_rate))
        .routes(routes!(rate_card::put_shipping_block, rate_card::delete_shipping_block))
}

/// The parcels with their histories, as customers see them.
async fn with_histories(connection: &mut PgConnection, parcels: &[Parcel]) -> Result<Vec<Shipment>> {
    let ids: Vec<ShipmentId> = parcels.iter().map(|parcel| parcel.id).collect();
    let entries = tracking::history(connection, &ids).await?;
    let history = |id| entries.iter().filter(|(of, _)| *of == id).map(|(_, entry)| entry.clone()).collect();
    Ok(parcels.iter().map(|parcel| shipment(parcel, history(parcel.id))).collect())
}

fn shipment(parcel: &Parcel, history: Vec<TrackingEntry>) -> Shipment {
    Shipment {
        id: parcel.id,
        order_id: parcel.order_id,
        return_id: parcel.return_id,
        direction: parcel.direction,
        status: parcel.status,
        carrier: parcel.carrier.clone(),
        tracking_number: parcel.tracking_number.clone(),
        promised_to: parcel.promised_to(),
        status_at: parcel.status_at,
        history,
    }
}
