use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use contracts::product::{
    NewProduct, ProductChange, ProductCreated, ProductDeleted, ProductDetail, ProductStatus, ProductUpdated,
};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, StatusCode};
use platform::http::{Body, IfMatch, Path, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{CatalogEditor, Permission, Visitor};
use platform::service::App;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::{ProductId, Timestamp, VariantId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CATALOGUE, refused};
use crate::domain::catalogue::{Category, Revision, check_variants, fingerprint, slug};
use crate::store::catalogue::{self, Edited, Live, Locked};
use crate::{Products, product_key};

const PRODUCT_LIFE: Duration = Duration::from_secs(60 * 60);
/// How long it is believed that there is no such product.
const ABSENCE_LIFE: Duration = Duration::from_secs(5);
/// Stock changes at any moment; the gateway may spare us the next requests of the same second.
const MAY_BE_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=1");
/// What an editor sees is not for everybody.
const MUST_NOT_BE_KEPT: HeaderValue = HeaderValue::from_static("private, no-store");

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(create_product)).routes(routes!(get_product, edit_product, archive_product))
}

/// A product, by its identifier or its slug, with its variants and what of them can be bought now. Drafts, archived products and
/// inactive variants are shown to editors only.
#[utoipa::path(get, path = "/api/v1/products/{product}", tag = CATALOGUE,
    params(
        ("product" = String, Path, description = "Identifier or slug", example = "cotton-straight-kurta"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of what the client has"),
    ),
    responses(
        (status = 200, body = ProductDetail, headers(("ETag" = String, description = "Changes with anything in the product"))),
        (status = 304, description = "The client has it as it is"),
        (status = 404, body = Problem, description = "There is no such product on sale"),
    ))]
async fn get_product(
    visitor: Visitor,
    State(app): State<Products>,
    Path(product): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let edits =
        visitor.0.is_some_and(|customer| customer.roles.iter().any(|role| CatalogEditor::roles().contains(role)));
    // An identifier can be written in several ways; `forget` knows of one.
    let key = product_key(product.parse::<ProductId>().map_or_else(|_| product.clone(), |id| id.to_string()));
    let load = || async {
        let categories = app.categories().await?;
        let mut connection = app.db.primary().await?;
        let now = app.context().now();
        Ok::<_, Problem>(catalogue::edited(&mut connection, &product, &categories, now).await?)
    };
    let cache = app.context().cache();
    let mut edited: Arc<Option<Edited>> = cache.get_or_load_optional(&key, PRODUCT_LIFE, ABSENCE_LIFE, load).await?;
    let Some(kept) = edited.as_ref() else { return Err(Problem::not_found("product")) };
    let live = catalogue::live(&mut *app.db.read().await?, kept.detail.id).await?;
    if live.version > kept.version {
        // Whoever edited it was gone between the commit and `forget`.
        cache.invalidate(std::slice::from_ref(&key)).await;
        edited = cache.get_or_load_optional(&key, PRODUCT_LIFE, ABSENCE_LIFE, load).await?;
    }
    let shown = edited.as_ref().as_ref().filter(|edited| edits || edited.detail.status == ProductStatus::Active);
    let Some(edited) = shown else { return Err(Problem::not_found("product")) };
    let mut page = merged(edited.clone(), live);
    if !edits {
        page.1.variants.retain(|variant| variant.active);
    }
    let mut response = page.unless_known(&headers);
    response.headers_mut().insert(CACHE_CONTROL, if edits { MUST_NOT_BE_KEPT } else { MAY_BE_KEPT });
    Ok(response)
}

/// Adds a product, with its variants.
#[utoipa::path(post, path = "/api/v1/products", tag = CATALOGUE, request_body = NewProduct,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = ProductDetail),
        (status = 409, body = Problem, description = "`slug-taken`, `sku-taken`, `variant-exists`"),
        (status = 422, body = Problem, description = "`invalid-fields`: a price above the MRP, for instance"),
    ),
    security(("user_token" = [])))]
async fn create_product(
    editor: CatalogEditor,
    State(app): State<Products>,
    key: IdempotencyKey,
    Body(new): Body<NewProduct>,
) -> Result<Response> {
    check_variants(&new.options, &new.variants, new.status)?;
    let categories = app.categories().await?;
    let (id, slug, now) = (ProductId::new(), slug(new.slug.clone(), &new.title)?, app.context().now());
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    catalogue::insert(&mut tx, id, &slug, &new, now).await.map_err(refused)?;
    catalogue::set_media(&mut tx, id, &new.media).await?;
    for variant in &new.variants {
        catalogue::insert_variant(&mut tx, id, VariantId::new(), variant).await.map_err(refused)?;
    }
    catalogue::refresh_cards(&mut tx, &[id]).await?;
    catalogue::note_words(&mut tx, &[id]).await?;
    let Versioned(_, detail) = reread(&mut tx, id, &categories, now).await?;
    tx.publish(id, 1, &ProductCreated { product_id: id })?;
    let answer = tx.answer(StatusCode::CREATED, &detail).await?;
    app.forget(id, &slug).await;
    Ok(answer)
}

/// Changes a product. `If-Match` takes the ETag that was read; changes of stock and rating do not stand in the way.
#[utoipa::path(patch, path = "/api/v1/products/{product}", tag = CATALOGUE, request_body = ProductChange,
    params(("product" = ProductId, Path), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = ProductDetail),
        (status = 404, body = Problem),
        (status = 412, body = Problem, description = "`stale-version`: somebody changed it in the meantime"),
        (status = 422, body = Problem, description = "`invalid-fields`"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn edit_product(
    _: CatalogEditor,
    State(app): State<Products>,
    Path(id): Path<ProductId>,
    expected: IfMatch,
    Body(change): Body<ProductChange>,
) -> Result<Versioned<ProductDetail>> {
    let (categories, now) = (app.categories().await?, app.context().now());
    let mut tx = app.db.begin().await?;
    let product = lock(&mut tx, id, expected).await?;
    if change.status == Some(ProductStatus::Active) && product.variant_ids.is_empty() {
        return Err(Problem::invalid("status", "must not be active: the product has no variant"));
    }
    let version = catalogue::update(&mut tx, id, &change, now).await.map_err(refused)?;
    if let Some(media) = &change.media {
        catalogue::set_media(&mut tx, id, media).await?;
    }
    catalogue::refresh_cards(&mut tx, &[id]).await?;
    catalogue::note_words(&mut tx, &[id]).await?;
    let detail = reread(&mut tx, id, &categories, now).await?;
    tx.publish(id, version, &ProductUpdated { product_id: id, variant_ids: product.variant_ids })?;
    let _committed = tx.commit().await?;
    app.forget(id, &product.slug).await;
    Ok(detail)
}

/// Takes a product off sale for good. Orders still refer to it.
#[utoipa::path(delete, path = "/api/v1/products/{product}", tag = CATALOGUE,
    params(("product" = ProductId, Path), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 204, description = "It is archived"),
        (status = 404, body = Problem),
        (status = 412, body = Problem, description = "`stale-version`"),
        (status = 428, body = Problem, description = "`version-required`"),
    ),
    security(("user_token" = [])))]
async fn archive_product(
    _: CatalogEditor,
    State(app): State<Products>,
    Path(id): Path<ProductId>,
    expected: IfMatch,
) -> Result<StatusCode> {
    let mut tx = app.db.begin().await?;
    let product = lock(&mut tx, id, expected).await?;
    if product.status != ProductStatus::Archived {
        let change = ProductChange { status: Some(ProductStatus::Archived), ..ProductChange::default() };
        let version = catalogue::update(&mut tx, id, &change, app.context().now()).await?;
        tx.publish(id, version, &ProductDeleted { product_id: id, variant_ids: product.variant_ids })?;
    }
    let _committed = tx.commit().await?;
    app.forget(id, &product.slug).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Locks a product for an edit of the version that the editor has read.
pub(super) async fn lock(connection: &mut PgConnection, id: ProductId, expected: IfMatch) -> Result<Locked> {
    let product = catalogue::lock(connection, id).await?.ok_or_else(|| Problem::not_found("product"))?;
    IfMatch(Revision::version_in(expected.0)).check(product.version)?;
    Ok(product)
}

/// The product as an editor sees it, after a change in this transaction.
pub(super) async fn reread(
    connection: &mut PgConnection,
    id: ProductId,
    categories: &[Category],
    now: Timestamp,
) -> Result<Versioned<ProductDetail>> {
    let edited = catalogue::edited(connection, &id.to_string(), categories, now).await?;
    let edited = edited.ok_or_else(|| Problem::not_found("product"))?;
    Ok(merged(edited, catalogue::live(connection, id).await?))
}

fn merged(edited: Edited, live: Live) -> Versioned<ProductDetail> {
    let Edited { version, mut detail } = edited;
    detail.rating = live.rating;
    for variant in &mut detail.variants {
        let available = live.available.iter().find(|(id, _)| *id == variant.id);
        variant.available = available.map_or(0, |(_, pieces)| *pieces);
    }
    let rating = [u32::from(live.rating.average_hundredths), live.rating.count];
    let fingerprint = fingerprint(detail.variants.iter().map(|variant| variant.available).chain(rating));
    Versioned(Revision { version, fingerprint }.tag(), detail)
}

impl Products {
    /// To be called after a product's change has been committed.
    pub(super) async fn forget(&self, id: ProductId, slug: &str) {
        self.context.cache().invalidate(&[product_key(id), product_key(slug)]).await;
    }
}
