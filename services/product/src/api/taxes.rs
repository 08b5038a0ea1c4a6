use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::product::{NewTaxCode, TaxCode, TaxCodeChange};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, IfMatch, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::CatalogEditor;
use platform::service::App;
use platform::{Problem, Result};
use sqlx::PgConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CATALOGUE, refused};
use crate::Products;
use crate::domain::taxes::check_rates;
use crate::store::taxes;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new()
        .routes(routes!(list_tax_codes, create_tax_code))
        .routes(routes!(get_tax_code, replace_tax_code))
}

/// The HSN codes that are sold here, with their GST rates, by code.
#[utoipa::path(get, path = "/api/v1/products/gst-rates", tag = CATALOGUE, params(PageQuery),
    responses((status = 200, body = Page<TaxCode>)), security(("user_token" = [])))]
async fn list_tax_codes(
    _: CatalogEditor,
    State(app): State<Products>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TaxCode>>> {
    let after: Option<String> = query.after()?;
    let codes = taxes::list(&mut *app.db.read().await?, after.as_deref(), query.rows()).await?;
    Ok(Json(query.page(codes, |code| code.code.clone())))
}

/// An HSN code with its GST rates; its version is the ETag.
#[utoipa::path(get, path = "/api/v1/products/gst-rates/{code}", tag = CATALOGUE,
    params(("code" = String, Path, example = "6109")),
    responses(
        (status = 200, body = TaxCode),
        (status = 304, description = "The client has it as it is"),
        (status = 404, body = Problem),
    ),
    security(("user_token" = [])))]
async fn get_tax_code(
    _: CatalogEditor,
    State(app): State<Products>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    Ok(kept(&mut *app.db.primary().await?, &code).await?.unless_known(&headers))
}

/// Adds an HSN code with its GST rates.
#[utoipa::path(post, path = "/api/v1/products/gst-rates", tag = CATALOGUE, request_body = NewTaxCode,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = TaxCode),
        (status = 409, body = Problem, description = "`tax-code-exists`"),
        (status = 422, body = Problem, description = "`invalid-fields`: a day has no rate for all prices, for instance"),
    ),
    security(("user_token" = [])))]
async fn create_tax_code(
    editor: CatalogEditor,
    State(app): State<Products>,
    key: IdempotencyKey,
    Body(new): Body<NewTaxCode>,
) -> Result<Response> {
    check_rates(&new.rates, app.context().now().date_in_india())?;
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    taxes::insert(&mut tx, &new.code, new.description.trim()).await.map_err(refused)?;
    taxes::set_rates(&mut tx, &new.code, &new.rates).await?;
    let Versioned(_, code) = kept(&mut tx, &new.code).await?;
    tx.answer(StatusCode::CREATED, &code).await
}

/// Gives an HSN code another description and other rates. What was ordered keeps the rates that it was ordered with.
#[utoipa::path(put, path = "/api/v1/products/gst-rates/{code}", tag = CATALOGUE, request_body = TaxCodeChange,
    params(("code" = String, Path, example = "6109"), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = TaxCode),
        (status = 404, body = Problem),
        (status = 412, body = Problem, description = "`stale-version`: somebody changed it in the meantime"),
        (status = 422, body = Problem, description = "`invalid-fields`: a day has no rate for all prices, for instance"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn replace_tax_code(
    _: CatalogEditor,
    State(app): State<Products>,
    Path(code): Path<String>,
    expected: IfMatch,
    Body(change): Body<TaxCodeChange>,
) -> Result<Versioned<TaxCode>> {
    check_rates(&change.rates, app.context().now().date_in_india())?;
    let mut tx = app.db.begin().await?;
    expected.check(taxes::lock(&mut tx, &code).await?.ok_or_else(absent)?)?;
    taxes::describe(&mut tx, &code, change.description.trim()).await?;
    taxes::set_rates(&mut tx, &code, &change.rates).await?;
    let after = kept(&mut tx, &code).await?;
    let _committed = tx.commit().await?;
    Ok(after)
}

async fn kept(connection: &mut PgConnection, code: &str) -> Result<Versioned<TaxCode>> {
    let kept = taxes::find(connection, code).await?.ok_or_else(absent)?;
    Ok(Versioned(kept.version, kept.code))
}

fn absent() -> Problem {
    Problem::not_found("HSN code")
}
