//! Every customer's orders, for staff.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::Page;
use contracts::order::{
    Actor, CancelOrder, CancelReason, DeskFilter, DeskOrder, DeskOrderSummary, NewOrderNote, Order, OrderNote,
};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, IfMatch, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{OrderDesk, OrderReader};
use platform::{Problem, Result};
use types::OrderId;

use super::{Canceller, cancel, no_order, view};
use crate::app::Orders;
use crate::lifecycle::{self, Cause, Outcome};
use crate::store;
use crate::store::list::{Place, Window};

/// All customers' orders, the newest first.
#[utoipa::path(
    get, path = "/api/v1/orders/desk", tag = "order desk", params(DeskFilter),
    responses((status = 200, body = Page<DeskOrderSummary>), (status = 403, body = Problem)),
    security(("user_token" = []))
)]
pub async fn list_desk_orders(
    _staff: OrderReader,
    State(app): State<Orders>,
    Query(filter): Query<DeskFilter>,
) -> Result<Json<Page<DeskOrderSummary>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let window = Window { from: filter.from, to: filter.to, after: page.after::<Place>()?, rows: page.rows() };
    let mut connection = app.db.read().await?;
    let mut rows = match &filter {
        DeskFilter { number: Some(number), .. } => {
            store::list::with_number(&mut connection, number.trim(), &window).await?
        }
        DeskFilter { customer_id: Some(id), status, .. } => {
            store::list::of_customer(&mut connection, *id, *status, &window).await?
        }
        DeskFilter { status: Some(status), .. } => store::list::in_status(&mut connection, *status, &window).await?,
        _ => store::list::all(&mut connection, &window).await?,
    };
    // A number names one order; it must be what the other filters say, too.
    rows.retain(|row| {
        filter.customer_id.is_none_or(|id| id == row.customer_id) && filter.status.is_none_or(|s| s == row.order.status)
    });
    Ok(Json(page.page(rows, |row: &DeskOrderSummary| Place { at: row.order.created_at, id: row.order.id })))
}

/// An order with its whole history and what was noted about it.
#[utoipa::path(
    get, path = "/api/v1/orders/desk/{id}", tag = "order desk", params(("id" = OrderId, Path)),
    responses(
        (status = 200, body = DeskOrder, headers(("ETag" = String, description = "For If-Match"))),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
    ),
    security(("user_token" = []))
)]
pub async fn get_desk_order(
    _staff: OrderReader,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
) -> Result<Response> {
    let mut connection = app.db.primary().await?;
    let order = store::order::find(&mut connection, id).await?.ok_or_else(no_order)?;
    let timeline = store::history::timeline(&mut connection, id).await?;
    let desk_notes = store::history::notes(&mut connection, id).await?;
    let body = DeskOrder { customer_id: order.customer_id, order: view::order(&order), timeline, desk_notes };
    // Notes and history change without the version: never answer 304.
    Ok(Versioned(order.version, body).unless_known(&HeaderMap::new()))
}

/// Notes something about an order, for staff only.
#[utoipa::path(
    post, path = "/api/v1/orders/desk/{id}/notes", tag = "order desk", request_body = NewOrderNote,
    params(
        ("id" = OrderId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new note"),
    ),
    responses(
        (status = 201, body = OrderNote),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request"),
    ),
    security(("user_token" = []))
)]
pub async fn write_desk_note(
    staff: OrderDesk,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Body(new): Body<NewOrderNote>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    store::order::find(&mut tx, id).await?.ok_or_else(no_order)?;
    let note = OrderNote { at: app.now(), author_id: staff.actor.id, text: new.text };
    store::history::write_note(&mut tx, id, &note).await?;
    tx.answer(StatusCode::CREATED, &note).await
}

/// Cancels an order for its customer, as long as the carrier does not have it.
#[utoipa::path(
    post, path = "/api/v1/orders/desk/{id}/cancel", tag = "order desk", request_body = CancelOrder,
    params(
        ("id" = OrderId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request"),
    ),
    responses(
        (status = 200, body = Order, description = "Cancelled"),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`order-status`: it is too late, or it is cancelled already"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request"),
    ),
    security(("user_token" = []))
)]
pub async fn cancel_desk_order(
    staff: OrderDesk,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Body(request): Body<CancelOrder>,
) -> Result<Response> {
    cancel_as_staff(&staff, &app, id, &key, &request, CancelReason::Staff).await
}

/// The carrier has lost the parcel, or nothing is heard of it any more: the order is cancelled, and what was paid goes back. Its
/// goods are not put back into the stock.
#[utoipa::path(
    post, path = "/api/v1/orders/desk/{id}/lost", tag = "order desk", request_body = CancelOrder,
    params(
        ("id" = OrderId, Path),
        ("Idempotency-Key" = String, Header, description = "A new random value for each new request"),
    ),
    responses(
        (status = 200, body = Order, description = "Cancelled"),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`order-status`: the carrier does not have it, or not any more"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request"),
    ),
    security(("user_token" = []))
)]
pub async fn lose_desk_order(
    staff: OrderDesk,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    key: IdempotencyKey,
    Body(request): Body<CancelOrder>,
) -> Result<Response> {
    cancel_as_staff(&staff, &app, id, &key, &request, CancelReason::Lost).await
}

/// Begins to pick and pack a confirmed order.
#[utoipa::path(
    post, path = "/api/v1/orders/desk/{id}/process", tag = "order desk",
    params(("id" = OrderId, Path), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = 200, body = Order, headers(("ETag" = String))),
        (status = 403, body = Problem),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`order-status`: it is not confirmed, or not any more"),
        (status = 412, body = Problem, description = "Somebody changed it in the meantime"),
        (status = 428, body = Problem, description = "If-Match is missing"),
    ),
    security(("user_token" = []))
)]
pub async fn process_desk_order(
    staff: OrderDesk,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    version: IfMatch,
) -> Result<Response> {
    let mut tx = app.db.begin().await?;
    let mut order = store::order::lock(&mut tx, id).await?.ok_or_else(no_order)?;
    version.check(order.version)?;
    let cause = Cause { at: app.now(), actor: Actor::Staff, actor_id: Some(staff.actor.id), detail: String::new() };
    if let Outcome::Refused(refused) = lifecycle::process(&mut tx, &mut order, cause).await? {
        return Err(lifecycle::refusal(refused));
    }
    let _committed = tx.commit().await?;
    Ok(Versioned(order.version, view::order(&order)).into_response())
}

async fn cancel_as_staff(
    staff: &OrderDesk,
    app: &Orders,
    id: OrderId,
    key: &IdempotencyKey,
    request: &CancelOrder,
    reason: CancelReason,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut order = store::order::lock(&mut tx, id).await?.ok_or_else(no_order)?;
    let comment = request.comment.as_deref();
    let by = Canceller { reason, actor: Actor::Staff, id: staff.actor.id, at: app.now(), comment };
    cancel(&mut tx, &mut order, by).await?;
    tx.answer(StatusCode::OK, &view::order(&order)).await
}
