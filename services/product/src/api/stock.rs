use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::product::{AdjustmentReason, StockAdjustment, StockOfVariant, StockReason};
use http::StatusCode;
use platform::http::{Body, PageQuery, Path, Query};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::StockKeeper;
use platform::service::App;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::VariantId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::STOCK;
use crate::Products;
use crate::domain::stock::Move;
use crate::stock as keeping;
use crate::store::stock;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(get_stock)).routes(routes!(adjust_stock))
}

/// The stock of a variant at each location, and its ledger, the latest first.
#[utoipa::path(get, path = "/api/v1/stock/{variant}", tag = STOCK, params(("variant" = VariantId, Path), PageQuery),
    responses((status = 200, body = StockOfVariant), (status = 404, body = Problem)), security(("user_token" = [])))]
async fn get_stock(
    _: StockKeeper,
    State(app): State<Products>,
    Path(variant): Path<VariantId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<StockOfVariant>> {
    Ok(Json(of_variant(&mut *app.db.primary().await?, variant, &query).await?))
}

/// Records that pieces came or went. The ledger keeps who did it and why.
#[utoipa::path(post, path = "/api/v1/stock/adjustments", tag = STOCK, request_body = StockAdjustment,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = StockOfVariant, description = "The stock after it, and its entry in the ledger"),
        (status = 409, body = Problem, description = "`insufficient-stock`: fewer pieces are there that are not set aside"),
        (status = 422, body = Problem, description = "`invalid-fields`: there is no such variant or location"),
    ),
    security(("user_token" = [])))]
async fn adjust_stock(
    keeper: StockKeeper,
    State(app): State<Products>,
    key: IdempotencyKey,
    Body(adjustment): Body<StockAdjustment>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, keeper.actor.id, &adjustment).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let StockAdjustment { variant_id, location_id, change, reason, note } = adjustment;
    let change = Move { variant_id, location_id, on_hand: change, reserved: 0 };
    let (actor, now) = (keeper.actor.id, app.context().now());
    let levels =
        keeping::adjust(&mut tx, change, as_in_ledger(reason), actor, note.trim(), now).await.map_err(refused)?;
    keeping::tell(&mut tx, levels).await?;
    let latest = PageQuery { limit: Some(1), cursor: None };
    let after = of_variant(&mut tx, variant_id, &latest).await?;
    tx.answer(StatusCode::CREATED, &after).await
}

async fn of_variant(connection: &mut PgConnection, variant: VariantId, query: &PageQuery) -> Result<StockOfVariant> {
    let (sku, locations) = stock::levels(connection, variant).await?.ok_or_else(|| Problem::not_found("variant"))?;
    let entries = stock::ledger(connection, variant, query.after()?, query.rows()).await?;
    let page = query.page(entries, |entry| entry.id);
    Ok(StockOfVariant { variant_id: variant, sku, locations, ledger: page.items, next_cursor: page.next_cursor })
}

fn as_in_ledger(reason: AdjustmentReason) -> StockReason {
    match reason {
        AdjustmentReason::Opening => StockReason::Opening,
        AdjustmentReason::Receipt => StockReason::Receipt,
        AdjustmentReason::Correction => StockReason::Correction,
        AdjustmentReason::Damage => StockReason::Damage,
    }
}

#[track_caller]
fn refused(error: sqlx::Error) -> Problem {
    match error.as_database_error().and_then(|violation| violation.constraint()) {
        Some("stock_reserved_within_on_hand") => {
            Problem::conflict("insufficient-stock", "There are not so many pieces that are not set aside")
        }
        Some("stock_variant_id_fkey") => Problem::invalid("variant_id", "is not a variant"),
        Some("stock_location_id_fkey") => Problem::invalid("location_id", "is not a location"),
        _ => error.into(),
    }
}
