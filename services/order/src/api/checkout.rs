//! From a cart to an order.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::order::{NewOrder, NewOrderQuote, Order, OrderQuote};
use http::{HeaderValue, StatusCode, header};
use platform::http::Body;
use platform::idempotency::{IdempotencyKey, REPLAYED};
use platform::identity::Customer;
use platform::{Problem, Result};

use crate::app::Orders;
use crate::checkout;

/// Orders what is in the customer's cart.
#[utoipa::path(
    post, path = "/api/v1/orders", tag = "orders", request_body = NewOrder,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new order")),
    responses(
        (status = 201, body = Order, description = "Ordered. `payment.next` says how to pay; cash on delivery is confirmed at once"),
        (status = 409, body = Problem, description = "`cart-empty`, `items-unavailable` (with `variant_ids`), `quantity-limit`, \
            `insufficient-stock` (with `shortages`), `coupon-refused`, `price-changed` (with the new `quote`), `not-deliverable`, \
            `shipping-method-unavailable`, `cash-on-delivery-unavailable`, or `request-in-progress`"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another order"),
        (status = 503, body = Problem, description = "Try again with the same key: nothing is ordered twice"),
    ),
    security(("user_token" = []))
)]
pub async fn check_out(
    customer: Customer,
    State(app): State<Orders>,
    key: IdempotencyKey,
    Body(new): Body<NewOrder>,
) -> Result<Response> {
    let answer = checkout::check_out(&app, customer.id, key.as_str(), &new).await?;
    let mut response = (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response();
    if answer.repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// What the customer's cart would cost, with the ways to send it and the tax within.
#[utoipa::path(
    post, path = "/api/v1/orders/quote", tag = "orders", request_body = NewOrderQuote,
    responses(
        (status = 200, body = OrderQuote),
        (status = 409, body = Problem, description = "`cart-empty`, `items-unavailable`, `quantity-limit`, `not-deliverable` or \
            `shipping-method-unavailable`"),
        (status = 422, body = Problem, description = "A field breaks a rule"),
    ),
    security(("user_token" = []))
)]
pub async fn quote(
    customer: Customer,
    State(app): State<Orders>,
    Body(new): Body<NewOrderQuote>,
) -> Result<Json<OrderQuote>> {
    checkout::quote(&app, customer.id, new).await.map(Json)
}
