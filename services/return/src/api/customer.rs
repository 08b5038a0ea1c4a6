//! What customers do with their returns.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::order::{FoundReturnableOrder, GetReturnableOrder};
use contracts::returns::{
    NewReturn, Return, ReturnEntry, ReturnEntryKind, ReturnFilter, ReturnRequested, ReturnSummary,
};
use http::{HeaderMap, StatusCode};
use platform::http::{Body, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::Customer;
use platform::{Problem, Result};
use types::ReturnId;

use super::view;
use crate::Returns;
use crate::domain::eligibility::{self, Refusal};
use crate::lifecycle;
use crate::store::case::{self, Case};
use crate::store::{entry, line};

/// Asks to send something back, for a refund the way it was paid. Staff approve or reject it.
#[utoipa::path(post, path = "/api/v1/returns", tag = "returns", request_body = NewReturn,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 201, body = Return, description = "It was asked for."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 404, body = Problem, description = "There is no such order, or it is another customer's."),
        (status = 409, body = Problem, description = "The order is not delivered, or that many pieces are not left to return."),
        (status = 422, body = Problem, description = "A line cannot be returned, or no longer, or a field breaks a rule."),
    ),
    security(("user_token" = [])))]
pub async fn request_return(
    customer: Customer,
    State(app): State<Returns>,
    key: IdempotencyKey,
    Body(new): Body<NewReturn>,
) -> Result<Response> {
    let question = GetReturnableOrder { order_id: new.order_id, customer_id: customer.id };
    let found = app.context.client().call(&question).await?;
    let mut tx = match key.begin(&app.db, customer.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let FoundReturnableOrder::Found(order) = found else { return Err(Problem::not_found("order")) };
    let now = app.context.now();
    let lines = eligibility::check(&order, &new, now).map_err(refused)?;
    let mut asked: Vec<_> = new.lines.iter().zip(lines).enumerate().collect();
    // In one order for everybody, so that two requests for the same lines do not wait for each other.
    asked.sort_by_key(|(_, (_, line))| line.order_line_id);
    for (i, (asked, line)) in &asked {
        if !line::claim(&mut tx, order.order_id, line, asked.quantity).await? {
            let left = line::left(&mut tx, line.order_line_id).await?;
            return Err(Problem::conflict("already-returned", "That many pieces are not left to return").field(
                format!("lines[{i}].quantity"),
                format!("must be at most {left}: the others are being returned"),
            ));
        }
    }
    let id = ReturnId::new();
    let weight = asked.iter().map(|(_, (asked, line))| line.weight_grams.saturating_mul(asked.quantity));
    case::insert(&mut tx, id, customer.id, &order, weight.fold(0, u32::saturating_add), now).await?;
    for (i, (asked, line)) in &asked {
        line::insert(&mut tx, id, *i, asked, line).await?;
    }
    let requested = ReturnEntry { at: now, kind: ReturnEntryKind::Requested, detail: String::new() };
    entry::add(&mut tx, id, &requested, None).await?;
    let case = own(case::find(&mut tx, id).await?, &customer)?;
    let facts = lifecycle::facts(&case, &line::of_case(&mut tx, id).await?);
    tx.publish(id, case.version, &ReturnRequested { facts })?;
    let shown = view::of_customer(&mut tx, case).await?;
    tx.answer(StatusCode::CREATED, &shown).await
}

/// The customer's returns, the newest first.
#[utoipa::path(get, path = "/api/v1/returns", tag = "returns", params(PageQuery),
    responses(
        (status = 200, body = Page<ReturnSummary>, description = "A page of them."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
    ),
    security(("user_token" = [])))]
pub async fn list_returns(
    customer: Customer,
    State(app): State<Returns>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ReturnSummary>>> {
    let before: Option<ReturnId> = page.after()?;
    let mut connection = app.db.read().await?;
    let all = ReturnFilter::default();
    let found = case::list(&mut connection, Some(customer.id), &all, before, page.rows()).await?;
    Ok(Json(page.page(found, |found| found.summary.id).map(|found| found.summary)))
}

/// One of the customer's returns with everything that happened to it.
#[utoipa::path(get, path = "/api/v1/returns/{id}", tag = "returns",
    params(("id" = ReturnId, Path, description = "The return's id")),
    responses(
        (status = 200, body = Return, description = "The return; its version is the ETag."),
        (status = 304, description = "The client has this version (If-None-Match)."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 404, body = Problem, description = "Not there, or another customer's."),
    ),
    security(("user_token" = [])))]
pub async fn get_return(
    customer: Customer,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut connection = app.db.read().await?;
    let case = own(case::find(&mut connection, id).await?, &customer)?;
    let version = case.version;
    Ok(Versioned(version, view::of_customer(&mut connection, case).await?).unless_known(&headers))
}

/// The customer keeps it after all: possible until the carrier has fetched it.
#[utoipa::path(post, path = "/api/v1/returns/{id}/cancel", tag = "returns",
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = Return, description = "It is cancelled."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 404, body = Problem, description = "Not there, or another customer's."),
        (status = 409, body = Problem, description = "`goods-on-their-way`, or `wrong-return-status`: it was rejected, received or cancelled."),
    ),
    security(("user_token" = [])))]
pub async fn cancel_return(
    customer: Customer,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, customer.id, &()).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = own(case::lock(&mut tx, id).await?, &customer)?;
    lifecycle::cancel(&mut tx, &mut case, app.context.now(), "", None).await?;
    let shown = view::of_customer(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

fn own(found: Option<Case>, customer: &Customer) -> Result<Case> {
    found.filter(|case| case.customer_id == customer.id).ok_or_else(|| Problem::not_found("return"))
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NotDelivered => Problem::conflict("order-not-delivered", "The order is not delivered yet"),
        Refusal::Line { field, rule } => Problem::invalid(field, rule),
    }
}
