use axum::Json;
use axum::extract::State;
use contracts::Page;
use contracts::user::{Wish, WriteWish};
use http::StatusCode;
use platform::http::{Body, PageQuery, Path, Query};
use platform::identity::Customer;
use platform::problem::{Problem, Result};
use types::ProductId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, full, lock};
use crate::Users;
use crate::domain::MOST_WISHES;
use crate::store::wish as stored;

pub(super) fn routes() -> OpenApiRouter<Users> {
    OpenApiRouter::new().routes(routes!(list_wishes)).routes(routes!(put_wish, delete_wish))
}

/// The customer's wish-list, the newest first.
#[utoipa::path(get, path = "/api/v1/users/me/wishlist", tag = TAG, params(PageQuery), responses((status = 200, body = Page<Wish>)),
    security(("user_token" = [])))]
async fn list_wishes(
    customer: Customer,
    State(app): State<Users>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Wish>>> {
    let after = query.after()?;
    let wishes = stored::page(&mut *app.db.primary().await?, customer.id, after, query.rows()).await?;
    Ok(Json(query.page(wishes, |wish| (wish.added_at, wish.product_id))))
}

/// Puts a product on the wish-list, or changes which choice of it is wished for.
#[utoipa::path(put, path = "/api/v1/users/me/wishlist/{product_id}", tag = TAG, params(("product_id" = ProductId, Path)),
    request_body = WriteWish,
    responses(
        (status = 200, body = Wish),
        (status = 409, body = Problem, description = "`too-many-wishes`: at most 200 can be kept"),
        (status = 410, body = Problem, description = "`account-erased`"),
    ),
    security(("user_token" = [])))]
async fn put_wish(
    customer: Customer,
    State(app): State<Users>,
    Path(product_id): Path<ProductId>,
    Body(written): Body<WriteWish>,
) -> Result<Json<Wish>> {
    let now = app.context.now();
    let mut tx = app.db.begin().await?;
    lock(&mut tx, customer.id, now).await?;
    let wish = Wish { product_id, variant_id: written.variant_id, added_at: now };
    let wish = stored::put(&mut tx, customer.id, &wish).await?;
    if stored::count(&mut tx, customer.id).await? > MOST_WISHES {
        return Err(full("too-many-wishes", MOST_WISHES));
    }
    let _committed = tx.commit().await?;
    Ok(Json(wish))
}

/// Takes a product off the wish-list.
#[utoipa::path(delete, path = "/api/v1/users/me/wishlist/{product_id}", tag = TAG, params(("product_id" = ProductId, Path)),
    responses((status = 204, description = "It is not on the list, now or before")), security(("user_token" = [])))]
async fn delete_wish(
    customer: Customer,
    State(app): State<Users>,
    Path(product_id): Path<ProductId>,
) -> Result<StatusCode> {
    stored::delete(&mut *app.db.primary().await?, customer.id, product_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
