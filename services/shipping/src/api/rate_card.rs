//! Editing the rate card. All edits name the version of the whole card that they begin with.

use axum::extract::State;
use axum::response::Response;
use contracts::shipping::{
    RateCard, ShippingBlock, ShippingRate, ShippingZone, WriteShippingBlock, WriteShippingRate, WriteShippingZone,
};
use http::HeaderMap;
use platform::db::{OnConstraint, Tx};
use platform::http::{Body, IfMatch, Path, Versioned};
use platform::identity::StockKeeper;
use platform::{Problem, Result};
use serde::Serialize;

use crate::Shipping;
use crate::domain;
use crate::store::rate_card;

/// The whole rate card.
#[utoipa::path(get, path = "/api/v1/shipping/rate-card", tag = "rate card",
    responses(
        (status = 200, body = RateCard, description = "The card; its version is the ETag."),
        (status = 304, description = "The client has this version (If-None-Match)."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not a stock keeper."),
    ),
    security(("user_token" = [])))]
pub async fn get_rate_card(_staff: StockKeeper, State(app): State<Shipping>, headers: HeaderMap) -> Result<Response> {
    // What is about to be edited must be what is there, not what was.
    let card = rate_card::load(&mut *app.db.primary().await?).await?;
    Ok(Versioned(card.version, card).unless_known(&headers))
}

/// Makes a zone, or replaces it.
#[utoipa::path(put, path = "/api/v1/shipping/zones/{code}", tag = "rate card", request_body = WriteShippingZone,
    params(("code" = String, Path, description = "The zone's short name, such as south"),
           ("If-Match" = String, Header, description = "The rate card's ETag")),
    responses(
        (status = 200, body = ShippingZone, description = "The zone; the ETag is the card's new version."),
        (status = 400, body = Problem, description = "The code is not a short name."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not a stock keeper."),
        (status = 409, body = Problem, description = "A prefix or state is another zone's, or there is a zone of everywhere else."),
        (status = 412, body = Problem, description = "Somebody changed the card in the meantime."),
        (status = 422, body = Problem, description = "A field breaks a rule."),
        (status = 428, body = Problem, description = "No If-Match."),
    ),
    security(("user_token" = [])))]
pub async fn put_shipping_zone(
    _staff: StockKeeper,
    State(app): State<Shipping>,
    Path(code): Path<String>,
    version: IfMatch,
    Body(zone): Body<WriteShippingZone>,
) -> Result<Versioned<ShippingZone>> {
    if !is_short_name(&code) {
        return Err(malformed("code", "must be lower-case letters, digits and hyphens, 40 at most"));
    }
    let taken = |kind, title| move || Problem::conflict(kind, title);
    let (mut tx, version) = edit(&app, version).await?;
    rate_card::write_zone(&mut tx, &code, &zone).await.on_constraint(
        "zone_everywhere_else_key",
        taken("everywhere-else-taken", "Another zone is that of everywhere else"),
    )?;
    rate_card::write_prefixes(&mut tx, &code, &zone.prefixes)
        .await
        .on_constraint("zone_prefix_pkey", taken("prefix-taken", "A prefix stands twice, or is another zone's"))?;
    rate_card::write_states(&mut tx, &code, &zone.states)
        .await
        .on_constraint("zone_state_pkey", taken("state-taken", "A state stands twice, or is another zone's"))?;
    finish(&app, tx, version, ShippingZone { code, zone }).await
}

/// Makes the rate of a method in a zone, or replaces it.
#[utoipa::path(put, path = "/api/v1/shipping/rates/{zone}/{method}", tag = "rate card", request_body = WriteShippingRate,
    params(("zone" = String, Path, description = "The zone's code"),
           ("method" = String, Path, description = "The method's code"),
           ("If-Match" = String, Header, description = "The rate card's ETag")),
    responses(
        (status = 200, body = ShippingRate, description = "The rate; the ETag is the card's new version."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not a stock keeper."),
        (status = 404, body = Problem, description = "There is no such zone or method."),
        (status = 412, body = Problem, description = "Somebody changed the card in the meantime."),
        (status = 422, body = Problem, description = "A field breaks a rule, such as that a heavier parcel never costs less."),
        (status = 428, body = Problem, description = "No If-Match."),
    ),
    security(("user_token" = [])))]
pub async fn put_shipping_rate(
    _staff: StockKeeper,
    State(app): State<Shipping>,
    Path((zone, method)): Path<(String, String)>,
    version: IfMatch,
    Body(rate): Body<WriteShippingRate>,
) -> Result<Versioned<ShippingRate>> {
    if let Some((field, rule)) = domain::rate_card::fault(&rate) {
        return Err(Problem::invalid(field, rule));
    }
    let (mut tx, version) = edit(&app, version).await?;
    let card = rate_card::load(&mut tx).await?;
    if !card.zones.iter().any(|known| known.code == zone) {
        return Err(Problem::not_found("zone"));
    }
    rate_card::write_rate(&mut tx, &zone, &method, &rate)
        .await
        .on_constraint("rate_method_fkey", || Problem::not_found("shipping method"))?;
    finish(&app, tx, version, ShippingRate { zone, method, rate }).await
}

/// Blocks PIN codes, or changes why.
#[utoipa::path(put, path = "/api/v1/shipping/blocks/{prefix}", tag = "rate card", request_body = WriteShippingBlock,
    params(("prefix" = String, Path, description = "First digits of the PIN codes"),
           ("If-Match" = String, Header, description = "The rate card's ETag")),
    responses(
        (status = 200, body = ShippingBlock, description = "The block; the ETag is the card's new version."),
        (status = 400, body = Problem, description = "PIN codes do not begin so."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not a stock keeper."),
        (status = 412, body = Problem, description = "Somebody changed the card in the meantime."),
        (status = 422, body = Problem, description = "A field breaks a rule."),
        (status = 428, body = Problem, description = "No If-Match."),
    ),
    security(("user_token" = [])))]
pub async fn put_shipping_block(
    _staff: StockKeeper,
    State(app): State<Shipping>,
    Path(prefix): Path<String>,
    version: IfMatch,
    Body(block): Body<WriteShippingBlock>,
) -> Result<Versioned<ShippingBlock>> {
    let digits = (1..=6).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit());
    if !digits || prefix.starts_with('0') {
        return Err(malformed("prefix", "must be one to six digits, of which the first is not 0"));
    }
    let (mut tx, version) = edit(&app, version).await?;
    rate_card::write_block(&mut tx, &prefix, &block).await?;
    finish(&app, tx, version, ShippingBlock { prefix, block }).await
}

/// Ends a block.
#[utoipa::path(delete, path = "/api/v1/shipping/blocks/{prefix}", tag = "rate card",
    params(("prefix" = String, Path, description = "As it was blocked"),
           ("If-Match" = String, Header, description = "The rate card's ETag")),
    responses(
        (status = 200, body = RateCard, description = "The card without it; the ETag is its new version."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not a stock keeper."),
        (status = 404, body = Problem, description = "There is no such block."),
        (status = 412, body = Problem, description = "Somebody changed the card in the meantime."),
        (status = 428, body = Problem, description = "No If-Match."),
    ),
    security(("user_token" = [])))]
pub async fn delete_shipping_block(
    _staff: StockKeeper,
    State(app): State<Shipping>,
    Path(prefix): Path<String>,
    version: IfMatch,
) -> Result<Versioned<RateCard>> {
    let (mut tx, version) = edit(&app, version).await?;
    if !rate_card::remove_block(&mut tx, &prefix).await? {
        return Err(Problem::not_found("block"));
    }
    let card = rate_card::load(&mut tx).await?;
    finish(&app, tx, version, card).await
}

/// Begins an edit, and says the card's version after it.
async fn edit(app: &Shipping, IfMatch(expected): IfMatch) -> Result<(Tx, i64)> {
    let mut tx = app.db.begin().await?;
    let version = rate_card::next_version(&mut tx, expected).await?.ok_or_else(Problem::stale)?;
    Ok((tx, version))
}

async fn finish<T: Serialize>(app: &Shipping, tx: Tx, version: i64, written: T) -> Result<Versioned<T>> {
    let _committed = tx.commit().await?;
    app.forget_rate_card().await;
    Ok(Versioned(version, written))
}

fn is_short_name(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    code.len() <= 40 && code.bytes().all(plain) && code.starts_with(|c: char| c.is_ascii_lowercase())
}

fn malformed(parameter: &str, rule: &str) -> Problem {
    Problem::malformed("The path cannot be read.").field(parameter, rule)
}
