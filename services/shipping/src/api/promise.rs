use axum::Json;
use axum::extract::State;
use contracts::shipping::{DeliveryPromise, PromiseQuery, Serviceability, ServiceabilityQuery};
use platform::http::Query;
use platform::identity::Visitor;
use platform::{Problem, Result};
use types::Money;

use crate::Shipping;
use crate::domain::{postal, rate_card};

/// What a parcel weighs if nobody says.
const DEFAULT_WEIGHT_GRAMS: u32 = 500;

/// What sending something to a PIN code costs, and when it arrives. Nothing is reserved by asking.
#[utoipa::path(get, path = "/api/v1/shipping/promise", tag = "shipping", params(PromiseQuery),
    responses(
        (status = 200, body = DeliveryPromise, description = "The ways to send it; none if nothing can be sent there."),
        (status = 400, body = Problem, description = "No PIN code, or something else breaks a rule."),
    ))]
pub async fn get_delivery_promise(
    _anybody: Visitor,
    State(app): State<Shipping>,
    Query(query): Query<PromiseQuery>,
) -> Result<Json<DeliveryPromise>> {
    let card = app.rate_card().await?;
    let weight = query.weight_grams.unwrap_or(DEFAULT_WEIGHT_GRAMS);
    let value = query.value.unwrap_or(Money::ZERO);
    let quote = rate_card::quote(&card, &query.pin_code, weight, value, app.context.now());
    Ok(Json(DeliveryPromise {
        pin_code: query.pin_code,
        serviceable: !quote.options.is_empty(),
        reason: quote.refusal,
        options: quote.options,
        cash_on_delivery: quote.cash_on_delivery,
    }))
}

/// Can anything be sent to a PIN code at all?
#[utoipa::path(get, path = "/api/v1/shipping/serviceability", tag = "shipping", params(ServiceabilityQuery),
    responses(
        (status = 200, body = Serviceability, description = "Whether it can, and why not."),
        (status = 400, body = Problem, description = "No PIN code."),
    ))]
pub async fn get_serviceability(
    _anybody: Visitor,
    State(app): State<Shipping>,
    Query(query): Query<ServiceabilityQuery>,
) -> Result<Json<Serviceability>> {
    let card = app.rate_card().await?;
    // The lightest and cheapest parcel: if that cannot be sent, nothing can.
    let quote = rate_card::quote(&card, &query.pin_code, 1, Money::ZERO, app.context.now());
    Ok(Json(Serviceability {
        serviceable: !quote.options.is_empty(),
        reason: quote.refusal,
        zone: rate_card::zone_of(&card, &query.pin_code).map(|zone| zone.zone.name.clone()),
        state: postal::state_of(&query.pin_code),
        cash_on_delivery: quote.cash_on_delivery,
        pin_code: query.pin_code,
    }))
}
