//! Invoices and credit notes.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use contracts::order::{CreditNote, Invoice};
use http::{HeaderMap, HeaderValue, header};
use platform::http::Path;
use platform::identity::Customer;
use platform::{Problem, Result};
use types::OrderId;
use utoipa::ToSchema;

use super::{own_order, view};
use crate::app::Orders;
use crate::{pdf, store};

/// The order's tax invoice: as PDF if the client accepts that and no JSON.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/invoice", tag = "orders", params(("id" = OrderId, Path)),
    responses(
        (status = 200, content((Invoice = "application/json"), (Pdf = "application/pdf"))),
        (status = 404, body = Problem, description = "No such order, or it is not confirmed (yet)"),
    ),
    security(("user_token" = []))
)]
pub async fn get_invoice(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Response> {
    let order = own_order(&app, customer.id, id).await?;
    let invoice = store::documents::invoice_of(&mut *app.db.primary().await?, id).await?;
    let invoice = view::invoice(&order, invoice.ok_or_else(|| Problem::not_found("invoice"))?);
    let vary = (header::VARY, HeaderValue::from_static("accept"));
    if !wants_pdf(&headers) {
        return Ok(([vary], Json(invoice)).into_response());
    }
    let name = format!("inline; filename=\"{}.pdf\"", invoice.number.replace('/', "-"));
    let name = HeaderValue::from_str(&name).map_err(Problem::internal)?;
    let drawn = tokio::task::spawn_blocking(move || pdf::of_invoice(&invoice)).await.map_err(Problem::internal)?;
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf"));
    Ok(([vary, kind, (header::CONTENT_DISPOSITION, name)], drawn.map_err(Problem::internal)?).into_response())
}

/// A PDF's bytes.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "it stands in the API's document only")]
struct Pdf(Vec<u8>);

fn wants_pdf(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds: Vec<&str> =
        accepted.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or(kind).trim()).collect();
    let has = |kind: &str| kinds.iter().any(|accepted| accepted.eq_ignore_ascii_case(kind));
    has("application/pdf") && !has("application/json")
}

/// What was taken back of the invoice, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/credit-notes", tag = "orders", params(("id" = OrderId, Path)),
    responses((status = 200, body = [CreditNote]), (status = 404, body = Problem)),
    security(("user_token" = []))
)]
pub async fn list_credit_notes(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
) -> Result<Json<Vec<CreditNote>>> {
    let order = own_order(&app, customer.id, id).await?;
    let mut connection = app.db.primary().await?;
    let notes = store::documents::credit_notes_of(&mut connection, id).await?;
    Ok(Json(notes.into_iter().map(|note| view::credit_note(&order, note)).collect()))
}
