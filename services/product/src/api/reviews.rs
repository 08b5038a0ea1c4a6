use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::Page;
use contracts::product::{NewReview, NewStockAlert, Review, ReviewSubmitted};
use http::StatusCode;
use platform::db::OnConstraint;
use platform::http::{Body, PageQuery, Path, Query};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{Customer, Visitor};
use platform::service::App;
use platform::{Problem, Result};
use types::{ProductId, ReviewId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::REVIEWS;
use crate::Products;
use crate::store::{alerts, reviews};

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(list_reviews, submit_review)).routes(routes!(ask_for_alert))
}

/// What customers think of a product, the latest first.
#[utoipa::path(get, path = "/api/v1/products/{product}/reviews", tag = REVIEWS,
    params(("product" = ProductId, Path), PageQuery), responses((status = 200, body = Page<Review>)))]
async fn list_reviews(
    _: Visitor,
    State(app): State<Products>,
    Path(product): Path<ProductId>,
    Query(query): Query<PageQuery>,
) -> Result<Response> {
    let question = (product, query.limit, query.cursor.clone());
    let find = async {
        let rows = reviews::list(&mut *app.db.read().await?, product, query.after()?, query.rows()).await?;
        Ok(query.page(rows, |review| reviews::Place(review.created_at, review.id)))
    };
    app.hot.json("reviews", &question, find).await
}

/// Says what one thinks of a product, once.
#[utoipa::path(post, path = "/api/v1/products/{product}/reviews", tag = REVIEWS, request_body = NewReview,
    params(
        ("product" = ProductId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request"),
    ),
    responses(
        (status = 201, body = Review),
        (status = 404, body = Problem, description = "There is no such product on sale"),
        (status = 409, body = Problem, description = "`already-reviewed`"),
    ),
    security(("user_token" = [])))]
async fn submit_review(
    customer: Customer,
    State(app): State<Products>,
    Path(product): Path<ProductId>,
    key: IdempotencyKey,
    Body(new): Body<NewReview>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, customer.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let (id, now) = (ReviewId::new(), app.context().now());
    let inserted = reviews::insert(&mut tx, id, product, customer.id, &new, now)
        .await
        .on_constraint("review_by_customer_key", || {
            Problem::conflict("already-reviewed", "You have reviewed this product before")
        })?;
    if !inserted {
        return Err(Problem::not_found("product"));
    }
    let NewReview { rating, title, text } = new;
    tx.publish(id, 1, &ReviewSubmitted { review_id: id, product_id: product, user_id: customer.id, rating })?;
    let review = Review { id, rating, title: title.trim().to_owned(), text: text.trim().to_owned(), created_at: now };
    tx.answer(StatusCode::CREATED, &review).await
}

/// Asks to be told when a variant can be bought again. Asking twice is asking once.
#[utoipa::path(post, path = "/api/v1/products/{product}/stock-alerts", tag = REVIEWS, request_body = NewStockAlert,
    params(("product" = ProductId, Path)),
    responses(
        (status = 204, description = "You will be told, once"),
        (status = 404, body = Problem, description = "The product has no such variant"),
    ),
    security(("user_token" = [])))]
async fn ask_for_alert(
    customer: Customer,
    State(app): State<Products>,
    Path(product): Path<ProductId>,
    Body(new): Body<NewStockAlert>,
) -> Result<Response> {
    let mut connection = app.db.primary().await?;
    let now = app.context().now();
    if alerts::subscribe(&mut connection, product, new.variant_id, customer.id, now).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::not_found("variant"))
    }
}
