use axum::extract::State;
use axum::response::Response;
use contracts::product::{
    NewVariant, PriceChanged, ProductChange, ProductDetail, ProductStatus, ProductUpdated, VariantChange,
};
use http::StatusCode;
use platform::http::{Body, IfMatch, Path, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::CatalogEditor;
use platform::service::App;
use platform::{Problem, Result};
use types::{ProductId, VariantId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::products::{lock, reread};
use super::{CATALOGUE, refused};
use crate::Products;
use crate::domain::catalogue::check_variants;
use crate::store::catalogue;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(add_variant)).routes(routes!(edit_variant))
}

/// Adds a variant to a product.
#[utoipa::path(post, path = "/api/v1/products/{product}/variants", tag = CATALOGUE, request_body = NewVariant,
    params(
        ("product" = ProductId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request"),
    ),
    responses(
        (status = 201, body = ProductDetail),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`sku-taken`, `variant-exists`"),
        (status = 422, body = Problem, description = "`invalid-fields`: a price above the MRP, for instance"),
    ),
    security(("user_token" = [])))]
async fn add_variant(
    editor: CatalogEditor,
    State(app): State<Products>,
    Path(id): Path<ProductId>,
    key: IdempotencyKey,
    Body(new): Body<NewVariant>,
) -> Result<Response> {
    let (categories, now) = (app.categories().await?, app.context().now());
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let product = catalogue::lock(&mut tx, id).await?.ok_or_else(|| Problem::not_found("product"))?;
    check_variants(&product.options, std::slice::from_ref(&new), ProductStatus::Draft).map_err(unlisted)?;
    let variant = VariantId::new();
    catalogue::insert_variant(&mut tx, id, variant, &new).await.map_err(refused)?;
    let version = catalogue::update(&mut tx, id, &ProductChange::default(), now).await?;
    catalogue::refresh_cards(&mut tx, &[id]).await?;
    let Versioned(_, detail) = reread(&mut tx, id, &categories, now).await?;
    let variant_ids = product.variant_ids.into_iter().chain([variant]).collect();
    tx.publish(id, version, &ProductUpdated { product_id: id, variant_ids })?;
    let answer = tx.answer(StatusCode::CREATED, &detail).await?;
    app.forget(id, &product.slug).await;
    Ok(answer)
}

/// Changes a variant: its price, for instance. `If-Match` takes the product's ETag.
#[utoipa::path(patch, path = "/api/v1/products/{product}/variants/{variant}", tag = CATALOGUE, request_body = VariantChange,
    params(
        ("product" = ProductId, Path),
        ("variant" = VariantId, Path),
        ("If-Match" = String, Header, description = "The product's ETag that was read"),
    ),
    responses(
        (status = 200, body = ProductDetail),
        (status = 404, body = Problem),
        (status = 412, body = Problem, description = "`stale-version`: somebody changed it in the meantime"),
        (status = 422, body = Problem, description = "`invalid-fields`: a price above the MRP, for instance"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn edit_variant(
    _: CatalogEditor,
    State(app): State<Products>,
    Path((id, variant)): Path<(ProductId, VariantId)>,
    expected: IfMatch,
    Body(change): Body<VariantChange>,
) -> Result<Versioned<ProductDetail>> {
    let (categories, now) = (app.categories().await?, app.context().now());
    let mut tx = app.db.begin().await?;
    let product = lock(&mut tx, id, expected).await?;
    let prices = catalogue::update_variant(&mut tx, id, variant, &change).await.map_err(refused)?;
    let (old_price, new_price) = prices.ok_or_else(|| Problem::not_found("variant"))?;
    let version = catalogue::update(&mut tx, id, &ProductChange::default(), now).await?;
    catalogue::refresh_cards(&mut tx, &[id]).await?;
    let detail = reread(&mut tx, id, &categories, now).await?;
    if old_price != new_price {
        tx.publish(id, version, &PriceChanged { product_id: id, variant_id: variant, old_price, new_price })?;
    }
    tx.publish(id, version, &ProductUpdated { product_id: id, variant_ids: product.variant_ids })?;
    let _committed = tx.commit().await?;
    app.forget(id, &product.slug).await;
    Ok(detail)
}

/// The field of a variant that stands alone in its request.
fn unlisted(mut broken: crate::domain::catalogue::Broken) -> Problem {
    broken.field = broken.field.rsplit('.').next().unwrap_or_default().to_owned();
    broken.into()
}
