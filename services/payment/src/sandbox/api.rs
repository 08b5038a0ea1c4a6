//! The sandbox bank's page and its buttons. The payment's id, which only the customer has, is what opens it.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use garde::Validate;
use http::{HeaderMap, header};
use platform::http::{Path, PlainPage, body};
use platform::identity::Visitor;
use platform::{Problem, Result};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::behaviour::Misbehaviour;
use super::store::SandboxPayment;
use super::{Pressed, Sandbox, page};
use crate::Payments;
use crate::domain::Reported;

pub fn routes() -> OpenApiRouter<Payments> {
    OpenApiRouter::new().routes(routes!(get_page)).routes(routes!(approve)).routes(routes!(decline))
}

/// The page on which the customer's bank asks. Not in production.
#[utoipa::path(get, path = "/api/v1/payments/sandbox/{payment_id}", tag = "sandbox",
    params(("payment_id" = String, Path)),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = Problem)))]
async fn get_page(_: Visitor, State(app): State<Payments>, Path(id): Path<String>) -> Result<PlainPage> {
    let (_, payment) = find(&app, &id).await?;
    Ok(PlainPage(page::ask(&payment)))
}

/// The customer approves, as a form or with a wish how the bank is to misbehave. Not in production.
#[utoipa::path(post, path = "/api/v1/payments/sandbox/{payment_id}/approve", tag = "sandbox",
    params(("payment_id" = String, Path)), request_body = Option<Misbehaviour>,
    responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "Back to the shop"),
        (status = 404, body = Problem), (status = 409, body = Problem, description = "`already-decided`")))]
async fn approve(
    _: Visitor,
    State(app): State<Payments>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    press(&app, &id, Reported::Captured, &headers, &body).await
}

/// The customer declines, as a form or with a wish how the bank is to misbehave. Not in production.
#[utoipa::path(post, path = "/api/v1/payments/sandbox/{payment_id}/decline", tag = "sandbox",
    params(("payment_id" = String, Path)), request_body = Option<Misbehaviour>,
    responses((status = 200, content_type = "text/html", body = String), (status = 303, description = "Back to the shop"),
        (status = 404, body = Problem), (status = 409, body = Problem, description = "`already-decided`")))]
async fn decline(
    _: Visitor,
    State(app): State<Payments>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    press(&app, &id, Reported::Failed, &headers, &body).await
}

async fn press(app: &Payments, id: &str, status: Reported, headers: &HeaderMap, body: &Bytes) -> Result<Response> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|mime| mime.starts_with("application/json"));
    let misbehaviour: Misbehaviour = if is_json { body::parse(body)? } else { Misbehaviour::default() };
    misbehaviour.validate().map_err(|report| Problem::malformed(report.to_string()))?;
    let (sandbox, payment) = find(app, id).await?;
    if sandbox.press(&payment, status, &misbehaviour).await? == Pressed::TooLate {
        return Err(Problem::conflict("already-decided", "The payment is decided already")
            .with("payment_status", payment.status));
    }
    Ok(match sandbox.return_url(&payment) {
        Some(url) if !is_json => Redirect::to(&url).into_response(),
        _ => PlainPage(page::told(payment.amount, &payment.order_number, status)).into_response(),
    })
}

async fn find<'a>(app: &'a Payments, id: &str) -> Result<(&'a Sandbox, SandboxPayment)> {
    let sandbox = app.configured.sandbox().ok_or_else(|| Problem::not_found("page"))?;
    let payment = sandbox.payment(id).await?.ok_or_else(|| Problem::not_found("payment"))?;
    Ok((sandbox, payment))
}
