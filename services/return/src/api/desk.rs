//! What the returns desk sees and does.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::returns::{
    CancelReturn, DeskReturn, DeskReturnSummary, Inspection, ReceiveReturn, RejectReturn, ReturnApproved, ReturnClosed,
    ReturnFilter, ReturnLine, ReturnReceived, ReturnRefundDue, ReturnRejected, ReturnStatus,
};
use http::StatusCode;
use platform::http::{Body, PageQuery, Path, Query, Versioned};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::ReturnsDesk;
use platform::{Problem, Result};
use sqlx::PgConnection;
use types::ReturnId;

use super::view;
use crate::domain::refund;
use crate::lifecycle::{self, Change};
use crate::store::case;
use crate::store::line;
use crate::{Returns, jobs};

/// All returns, the newest first.
#[utoipa::path(get, path = "/api/v1/returns/desk", tag = "returns desk", params(ReturnFilter),
    responses(
        (status = 200, body = Page<DeskReturnSummary>, description = "A page of them."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
    ),
    security(("user_token" = [])))]
pub async fn list_desk_returns(
    _staff: ReturnsDesk,
    State(app): State<Returns>,
    Query(filter): Query<ReturnFilter>,
) -> Result<Json<Page<DeskReturnSummary>>> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor.clone() };
    let before: Option<ReturnId> = page.after()?;
    let mut connection = app.db.read().await?;
    let found = case::list(&mut connection, None, &filter, before, page.rows()).await?;
    Ok(Json(page.page(found, |found| found.summary.id)))
}

/// A return with its customer and where it is fetched.
#[utoipa::path(get, path = "/api/v1/returns/desk/{id}", tag = "returns desk",
    params(("id" = ReturnId, Path, description = "The return's id")),
    responses(
        (status = 200, body = DeskReturn, description = "The return; its version is the ETag."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
    ),
    security(("user_token" = [])))]
pub async fn get_desk_return(
    _staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
) -> Result<Versioned<DeskReturn>> {
    let mut connection = app.db.primary().await?;
    let case = case::find(&mut connection, id).await?.ok_or_else(absent)?;
    Ok(Versioned(case.version, view::of_desk(&mut connection, case).await?))
}

/// The goods may come. A pick-up is booked; others hear of it when that is done.
#[utoipa::path(post, path = "/api/v1/returns/{id}/approve", tag = "returns desk",
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = DeskReturn, description = "It is approved."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
        (status = 409, body = Problem, description = "It has been decided, or cancelled."),
    ),
    security(("user_token" = [])))]
pub async fn approve_return(
    staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &()).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = case::lock(&mut tx, id).await?.ok_or_else(absent)?;
    let actor = Some(staff.actor.id);
    let change = Change { to: ReturnStatus::Approved, at: app.context.now(), detail: "", actor };
    lifecycle::change(&mut tx, &mut case, change).await?;
    tx.wake_job(jobs::BOOK_PICKUPS);
    let shown = view::of_desk(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

/// The goods stay with the customer, who is told why. What was asked back can be asked for again.
#[utoipa::path(post, path = "/api/v1/returns/{id}/reject", tag = "returns desk", request_body = RejectReturn,
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = DeskReturn, description = "It is rejected."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
        (status = 409, body = Problem, description = "It has been decided, or cancelled."),
        (status = 422, body = Problem, description = "No reason."),
    ),
    security(("user_token" = [])))]
pub async fn reject_return(
    staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
    Body(request): Body<RejectReturn>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = case::lock(&mut tx, id).await?.ok_or_else(absent)?;
    let actor = Some(staff.actor.id);
    let change = Change { to: ReturnStatus::Rejected, at: app.context.now(), detail: &request.reason, actor };
    lifecycle::change(&mut tx, &mut case, change).await?;
    lifecycle::release(&mut tx, id).await?;
    let facts = lifecycle::facts(&case, &line::of_case(&mut tx, id).await?);
    tx.publish(id, case.version, &ReturnRejected { facts, reason: request.reason })?;
    let shown = view::of_desk(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

/// The goods cannot be fetched, or the customer keeps them: possible until the carrier has them. The customer is told why; what
/// was asked back can be asked for again.
#[utoipa::path(post, path = "/api/v1/returns/desk/{id}/cancel", tag = "returns desk", request_body = CancelReturn,
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = DeskReturn, description = "It is cancelled."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
        (status = 409, body = Problem, description = "`goods-on-their-way`, or `wrong-return-status`: it was rejected, received or cancelled."),
        (status = 422, body = Problem, description = "No reason."),
    ),
    security(("user_token" = [])))]
pub async fn cancel_desk_return(
    staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
    Body(request): Body<CancelReturn>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = case::lock(&mut tx, id).await?.ok_or_else(absent)?;
    lifecycle::cancel(&mut tx, &mut case, app.context.now(), &request.reason, Some(staff.actor.id)).await?;
    let shown = view::of_desk(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

/// The goods are here and were looked at: what of them is refunded, and what can be sold again. Nothing is paid by it.
#[utoipa::path(post, path = "/api/v1/returns/{id}/receive", tag = "returns desk", request_body = ReceiveReturn,
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = DeskReturn, description = "It is received."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
        (status = 409, body = Problem, description = "It is not approved, or was received before."),
        (status = 422, body = Problem, description = "A line is missing, stands twice, or has more pieces than were asked back."),
    ),
    security(("user_token" = [])))]
pub async fn receive_return(
    staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
    Body(request): Body<ReceiveReturn>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &request).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = case::lock(&mut tx, id).await?.ok_or_else(absent)?;
    let lines = line::of_case(&mut tx, id).await?;
    // The goods may be here before anybody was asked to fetch them: others still hear of each step.
    if case.status == ReturnStatus::Approved && case.tracking_number.is_none() && case.failed_pickups.is_empty() {
        let facts = lifecycle::facts(&case, &lines);
        tx.publish(id, case.version, &ReturnApproved { facts, tracking_number: String::new() })?;
    }
    let actor = Some(staff.actor.id);
    let change = Change { to: ReturnStatus::Received, at: app.context.now(), detail: "", actor };
    lifecycle::change(&mut tx, &mut case, change).await?;
    inspect(&mut tx, &lines, &request).await?;
    let facts = lifecycle::facts(&case, &line::of_case(&mut tx, id).await?);
    tx.publish(id, case.version, &ReturnReceived { facts })?;
    let shown = view::of_desk(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

/// The accepted pieces are to be refunded, the way they were paid. If none were, the return is closed without.
#[utoipa::path(post, path = "/api/v1/returns/{id}/refund", tag = "returns desk",
    params(("id" = ReturnId, Path, description = "The return's id"),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses(
        (status = 200, body = DeskReturn, description = "The refund is due; the return is closed when it is paid."),
        (status = 401, body = Problem, description = "Nobody is logged in."),
        (status = 403, body = Problem, description = "Not the returns desk."),
        (status = 404, body = Problem, description = "There is no such return."),
        (status = 409, body = Problem, description = "The goods are not received, or the refund was due before."),
    ),
    security(("user_token" = [])))]
pub async fn refund_return(
    staff: ReturnsDesk,
    State(app): State<Returns>,
    Path(id): Path<ReturnId>,
    key: IdempotencyKey,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &()).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let mut case = case::lock(&mut tx, id).await?.ok_or_else(absent)?;
    let lines = line::of_case(&mut tx, id).await?;
    let amount = lifecycle::refund(&lines);
    let (to, detail) = match amount.is_positive() || case.status != ReturnStatus::Received {
        true => (ReturnStatus::RefundDue, amount.to_string()),
        false => (ReturnStatus::Closed, "nothing to refund".to_owned()),
    };
    let change = Change { to, at: app.context.now(), detail: &detail, actor: Some(staff.actor.id) };
    lifecycle::change(&mut tx, &mut case, change).await?;
    let facts = lifecycle::facts(&case, &lines);
    match to {
        ReturnStatus::RefundDue => tx.publish(id, case.version, &ReturnRefundDue { facts, amount })?,
        _ => tx.publish(id, case.version, &ReturnClosed { facts })?,
    }
    let shown = view::of_desk(&mut tx, case).await?;
    tx.answer(StatusCode::OK, &shown).await
}

/// Writes down what was found of each line, and what is refunded for it.
async fn inspect(connection: &mut PgConnection, lines: &[ReturnLine], request: &ReceiveReturn) -> Result<()> {
    let mut inspected = Vec::with_capacity(lines.len());
    for (i, found) in request.lines.iter().enumerate() {
        let invalid = |field: &str, rule: String| Problem::invalid(format!("lines[{i}].{field}"), rule);
        let line = lines.iter().find(|line| line.id == found.return_line_id);
        let line = line.ok_or_else(|| invalid("return_line_id", "is not a line of this return".to_owned()))?;
        if inspected.iter().any(|(before, _): &(&ReturnLine, _)| before.id == line.id) {
            return Err(invalid("return_line_id", "stands twice".to_owned()));
        }
        if found.accepted > line.quantity {
            return Err(invalid("accepted", format!("must be at most {}, which were asked back", line.quantity)));
        }
        if found.restock > found.accepted {
            return Err(invalid("restock", "must be at most what is accepted".to_owned()));
        }
        inspected.push((line, found));
    }
    if inspected.len() < lines.len() {
        return Err(Problem::invalid("lines", "must have every line of the return, if only with nothing accepted"));
    }
    // In one order for everybody, as when they were asked for.
    inspected.sort_by_key(|(line, _)| line.order_line_id);
    for (line, found) in inspected {
        let paid = line::accept(connection, line.order_line_id, line.quantity, found.accepted).await?;
        let inspection = Inspection {
            accepted: found.accepted,
            restock: found.restock,
            note: found.note.clone(),
            refund: refund::for_pieces(paid.paid, paid.ordered, paid.before, found.accepted),
        };
        line::inspect(connection, line.id, &inspection).await?;
    }
    Ok(())
}

fn absent() -> Problem {
    Problem::not_found("return")
}
