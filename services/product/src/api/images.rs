use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use platform::http::Path;
use platform::identity::Visitor;
use platform::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::CATALOGUE;
use crate::Products;
use crate::domain::picture;

const LONGEST_SKU: usize = 40;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(product_image))
}

/// A picture drawn for a SKU, for products that have no photograph.
#[utoipa::path(get, path = "/api/v1/products/images/{file}", tag = CATALOGUE,
    params(("file" = String, Path, description = "The SKU and `.svg`", example = "KURTA-001-BLU-M.svg")),
    responses(
        (status = 200, body = String, content_type = "image/svg+xml"),
        (status = 404, body = Problem, description = "Not the name of a picture"),
    ))]
async fn product_image(_: Visitor, Path(file): Path<String>) -> Result<Response> {
    let is_sku = |sku: &&str| {
        (1..=LONGEST_SKU).contains(&sku.len())
            && sku.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
    };
    let sku = file.strip_suffix(".svg").filter(is_sku).ok_or_else(|| Problem::not_found("picture"))?;
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400, immutable")];
    Ok((headers, picture::svg(sku)).into_response())
}
