use axum::extract::State;
use axum::response::Response;
use contracts::product::{CategoryNode, NewCategory};
use http::StatusCode;
use platform::http::Body;
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{CatalogEditor, Visitor};
use platform::service::App;
use platform::{Problem, Result};
use types::CategoryId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CATALOGUE, refused};
use crate::domain::catalogue::tree;
use crate::store::catalogue;
use crate::{Products, categories_key};

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(list_categories, create_category))
}

/// All categories, as a tree.
#[utoipa::path(get, path = "/api/v1/categories", tag = CATALOGUE, responses((status = 200, body = Vec<CategoryNode>)))]
async fn list_categories(_: Visitor, State(app): State<Products>) -> Result<Response> {
    app.hot.json("categories", &(), async { Ok(tree(&app.categories().await?)) }).await
}

/// Adds a category. It keeps its place in the tree.
#[utoipa::path(post, path = "/api/v1/categories", tag = CATALOGUE, request_body = NewCategory,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = CategoryNode),
        (status = 409, body = Problem, description = "`slug-taken`"),
        (status = 422, body = Problem, description = "`invalid-fields`: the parent is not a category, for instance"),
    ),
    security(("user_token" = [])))]
async fn create_category(
    editor: CatalogEditor,
    State(app): State<Products>,
    key: IdempotencyKey,
    Body(new): Body<NewCategory>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, editor.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let id = CategoryId::new();
    catalogue::insert_category(&mut tx, id, &new).await.map_err(refused)?;
    let node = CategoryNode { id, slug: new.slug, name: new.name.trim().to_owned(), children: Vec::new() };
    let answer = tx.answer(StatusCode::CREATED, &node).await?;
    app.context().cache().invalidate(&[categories_key()]).await;
    Ok(answer)
}
