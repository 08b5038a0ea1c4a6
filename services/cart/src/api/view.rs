use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::cart::{CartSummary, CartTotals, CartView};
use garde::Validate;
use http::{HeaderMap, HeaderValue, header};
use platform::http::{Query, Versioned};
use platform::identity::Visitor;
use platform::problem::{Problem, Result};
use serde::Deserialize;
use types::PinCode;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{TAG, TOKEN_WORDS, begin, finish};
use crate::owner::{GuestToken, Owner};
use crate::{Carts, pricing, store};

pub(super) fn routes() -> OpenApiRouter<Carts> {
    OpenApiRouter::new().routes(routes!(get_cart, empty_cart))
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct ViewQuery {
    /// Where it is to be sent: adds the shipping charge.
    #[garde(skip)]
    #[param(value_type = Option<String>, pattern = "^[1-9][0-9]{5}$")]
    pin_code: Option<PinCode>,
}

/// The cart with today's prices, offers and stock, and what has changed since it was last looked at.
#[utoipa::path(get, path = "/api/v1/cart", tag = TAG,
    params(ViewQuery, ("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses(
        (status = 200, body = CartView, headers(("ETag" = String, description = "Changes with whatever is shown"))),
        (status = 304, description = "If-None-Match names what is shown"),
        (status = 503, body = Problem, description = "The catalogue does not answer"),
    ))]
async fn get_cart(
    visitor: Visitor,
    token: GuestToken,
    State(app): State<Carts>,
    Query(query): Query<ViewQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let owner = Owner::of(visitor, token);
    let found = store::find(&mut *app.db.primary().await?, &owner).await?;
    let view = match found {
        None => nothing(query.pin_code),
        Some(cart) => {
            let seen = pricing::view(&app, &cart, owner.customer(), query.pin_code).await?;
            if !seen.prices.is_empty() || seen.coupon_applied != cart.coupon_applied {
                let mut connection = app.db.primary().await?;
                store::remember_view(&mut connection, cart.id, &seen.prices, seen.coupon_applied).await?;
            }
            seen.view
        }
    };
    let mut response = Versioned(fingerprint(&view)?, view).unless_known(&headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// Takes everything out but what is saved for later.
#[utoipa::path(delete, path = "/api/v1/cart", tag = TAG,
    params(("X-Cart-Token" = Option<String>, Header, description = TOKEN_WORDS)),
    responses((status = 200, body = CartSummary), (status = 404, body = Problem)))]
async fn empty_cart(visitor: Visitor, token: GuestToken, State(app): State<Carts>) -> Result<Json<CartSummary>> {
    let owner = Owner::of(visitor, token);
    let (mut tx, cart) = begin(&app, &owner).await?;
    store::empty(&mut tx, cart).await?;
    finish(tx, &owner).await.map(Json)
}

/// The view's own version: the cart's does not change with prices and stock.
fn fingerprint(view: &CartView) -> Result<i64> {
    let json = serde_json::to_vec(view).map_err(Problem::internal)?;
    let mut first = [0; 8];
    first.copy_from_slice(&digest(&SHA256, &json).as_ref()[..8]);
    Ok(i64::from_be_bytes(first) & i64::MAX)
}

fn nothing(pin_code: Option<PinCode>) -> CartView {
    CartView {
        cart_id: None,
        version: 0,
        lines: Vec::new(),
        saved_for_later: Vec::new(),
        coupon_code: None,
        coupon: None,
        offers: Vec::new(),
        totals: CartTotals::default(),
        shipping: None,
        pin_code,
        notices: Vec::new(),
        can_check_out: false,
    }
}
