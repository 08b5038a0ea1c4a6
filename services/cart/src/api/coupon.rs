use axum::Json;
use axum::extract::State;
use contracts::cart::{CartSummary, SetCoupon};
use http::StatusCode;
use platform::http::Body;
use platform::identity::Visitor;
use platform::problem::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, TOKEN_WORDS, begin, finish, no_such_cart};
use crate::owner::{GuestToken, Owner};
use crate::{Carts, pricing, store};

pub(super) fn routes() -> OpenApiRouter<Carts> {
    OpenApiRouter::new().routes(routes!(set_coupon, remove_coupon))
}

/// Uses a coupon, in place of the one before. Its use is taken at checkout, not before.
#[utoipa::path(put, path = "/api/v1/cart/coupon", tag = TAG, request_body = SetCoupon,
    params(("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses(
        (status = 200, body = CartSummary),
        (status = 404, body = Problem, description = "There is no cart"),
        (status = 422, body = Problem, description = "`coupon-not-applicable`, with the reason"),
        (status = 503, body = Problem, description = "The catalogue or the offers do not answer"),
    ))]
async fn set_coupon(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Body(SetCoupon { code }): Body<SetCoupon>,
) -> Result<Json<CartSummary>> {
    let owner = Owner::of(visitor, token);
    let cart = store::find(&mut *app.db.primary().await?, &owner).await?.ok_or_else(no_such_cart)?;
    let verdict = pricing::try_coupon(&app, &cart, owner.customer(), &code).await?;
    if !verdict.applies {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "coupon-not-applicable",
            "The coupon does not apply",
        )
        .detail(verdict.reason.clone())
        .field("code", verdict.reason));
    }
    let (mut tx, id) = begin(&app, &owner).await?;
    store::set_coupon(&mut tx, id, Some(&verdict.code)).await?;
    finish(tx, &owner).await.map(Json)
}

/// Uses no coupon.
#[utoipa::path(delete, path = "/api/v1/cart/coupon", tag = TAG,
    params(("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses((status = 200, body = CartSummary), (status = 404, body = Problem, description = "There is no cart")))]
async fn remove_coupon(visitor: Visitor, token: GuestToken, State(app): State<Carts>) -> Result<Json<CartSummary>> {
    let owner = Owner::of(visitor, token);
    let (mut tx, cart) = begin(&app, &owner).await?;
    store::set_coupon(&mut tx, cart, None).await?;
    finish(tx, &owner).await.map(Json)
}
