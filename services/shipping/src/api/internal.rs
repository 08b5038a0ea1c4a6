//! For other services.

use contracts::shipping::{BookPickup, BookedPickup, QuoteShipping, ShippingQuote};
use platform::{Problem, Result};
use types::{Money, ShipmentId};

use crate::domain::rate_card;
use crate::store::shipment::{self, NewParcel};
use crate::{Shipping, booking};

pub async fn quote_shipping(app: Shipping, call: QuoteShipping) -> Result<ShippingQuote> {
    let card = app.rate_card().await?;
    let quote = rate_card::quote(&card, &call.pin_code, call.weight_grams, call.value, app.context.now());
    Ok(ShippingQuote { options: quote.options, cash_on_delivery: quote.cash_on_delivery })
}

/// Waits for the carrier. If it does not answer now, the parcel is written down all the same, and a repeat finds it.
pub async fn book_pickup(app: Shipping, call: BookPickup) -> Result<BookedPickup> {
    let mut connection = app.db.primary().await?;
    let parcel = NewParcel {
        id: ShipmentId::new(),
        order_id: call.order_id,
        order_number: "",
        return_id: Some(call.return_id),
        attempt: call.attempt,
        customer_id: call.customer_id,
        address: &call.from,
        weight_grams: call.weight_grams,
        cash_to_collect: Money::ZERO,
        promised_to: None,
        carrier: app.carrier.name(),
    };
    shipment::insert(&mut connection, &parcel, app.context.now()).await?;
    let found = shipment::find_of_return(&mut connection, call.return_id, call.attempt).await?;
    drop(connection);
    let id = found.ok_or_else(|| Problem::internal("a pick-up that was just written is gone"))?.id;
    let parcel = booking::book(&app, id).await?;
    let tracking_number =
        parcel.tracking_number.ok_or_else(|| Problem::unavailable("the pick-up has no tracking number yet"))?;
    Ok(BookedPickup { shipment_id: id, carrier: parcel.carrier, tracking_number })
}
