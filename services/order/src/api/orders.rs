//! A customer's own orders.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::order::{Actor, CancelOrder, CancelReason, Order, OrderSummary, TimelineEntry};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::Customer;
use platform::{Problem, Result};
use types::OrderId;

use super::{Canceller, cancel, no_order, own_order, view};
use crate::app::Orders;
use crate::domain::status::is_for_customer;
use crate::store::list::{Place, Window};
use crate::{settlement, store};

/// The customer's orders, the newest first.
#[utoipa::path(
    get, path = "/api/v1/orders", tag = "orders", params(PageQuery),
    responses((status = 200, body = Page<OrderSummary>)),
    security(("user_token" = []))
)]
pub async fn list_orders(
    customer: Customer,
    State(app): State<Orders>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<OrderSummary>>> {
    let window = Window { from: None, to: None, after: page.after::<Place>()?, rows: page.rows() };
    let mut connection = app.db.read().await?;
    let rows = store::list::of_customer(&mut connection, customer.id, None, &window).await?;
    let orders = rows.into_iter().map(|row| row.order).collect();
    Ok(Json(page.page(orders, |order: &OrderSummary| Place { at: order.created_at, id: order.id })))
}

/// One of the customer's orders.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}", tag = "orders", params(("id" = OrderId, Path)),
    responses(
        (status = 200, body = Order, headers(("ETag" = String))),
        (status = 304, description = "Unchanged since the ETag in If-None-Match"),
        (status = 404, body = Problem),
    ),
    security(("user_token" = []))
)]
pub async fn get_order(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Response> {
    let order = own_order(&app, customer.id, id).await?;
    Ok(Versioned(order.version, view::order(&order)).unless_known(&headers))
}

/// What happened to the order, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/timeline", tag = "orders", params(("id" = OrderId, Path)),
    responses((status = 200, body = [TimelineEntry]), (status = 404, body = Problem)),
    security(("user_token" = []))
)]
pub async fn get_timeline(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
) -> Result<Json<Vec<TimelineEntry>>> {
    own_order(&app, customer.id, id).await?;
    let mut connection = app.db.primary().await?;
    let mut timeline = store::history::timeline(&mut connection, id).await?;
    timeline.retain(|entry| is_for_customer(entry.kind));
    Ok(Json(timeline))
}

/// Cancels the order, as long as the carrier does not have it. What was paid goes back by itself.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/cancel", tag = "orders", request_body = CancelOrder,
    params(
        ("id" = OrderId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request"),
    ),
    responses(
        (status = 200, body = Order, description = "Cancelled"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`order-status`: it is too late, or it is cancelled already"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request"),
    ),
    security(("user_token" = []))
)]
pub async fn cancel_order(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Body(request): Body<CancelOrder>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, customer.id, &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let order = store::order::lock(&mut tx, id).await?;
    let mut order = order.filter(|order| order.customer_id == customer.id).ok_or_else(no_order)?;
    let comment = request.comment.as_deref();
    let reason = CancelReason::Customer;
    let by = Canceller { reason, actor: Actor::Customer, id: customer.id, at: app.now(), comment };
    cancel(&mut tx, &mut order, by).await?;
    tx.answer(StatusCode::OK, &view::order(&order)).await
}

/// Asks for the payment's outcome now: for the customer who comes back from paying before the news of it does.
#[utoipa::path(
    post, path = "/api/v1/orders/{id}/payment/refresh", tag = "orders", params(("id" = OrderId, Path)),
    responses(
        (status = 200, body = Order, description = "The order as it is now: confirmed if it is paid"),
        (status = 404, body = Problem),
        (status = 503, body = Problem, description = "The payment's outcome cannot be learnt now"),
    ),
    security(("user_token" = []))
)]
pub async fn refresh_payment(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
) -> Result<Json<Order>> {
    let order = own_order(&app, customer.id, id).await?;
    let order = settlement::settle(&app, order).await?;
    Ok(Json(view::order(&order)))
}
