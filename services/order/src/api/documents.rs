//! Invoices and credit notes.

use axum::Json;
use axum::extract::State;
use contracts::order::{CreditNote, Invoice};
use platform::http::Path;
use platform::identity::Customer;
use platform::{Problem, Result};
use types::OrderId;

use super::{own_order, view};
use crate::app::Orders;
use crate::store;

/// The order's tax invoice.
#[utoipa::path(
    get, path = "/api/v1/orders/{id}/invoice", tag = "orders", params(("id" = OrderId, Path)),
    responses(
        (status = 200, body = Invoice),
        (status = 404, body = Problem, description = "No such order, or it is not confirmed (yet)"),
    ),
    security(("user_token" = []))
)]
pub async fn get_invoice(
    customer: Customer,
    State(app): State<Orders>,
    Path(id): Path<OrderId>,
) -> Result<Json<Invoice>> {
    let order = own_order(&app, customer.id, id).await?;
    let mut connection = app.db.primary().await?;
    let invoice = store::documents::invoice_of(&mut connection, id).await?;
    let invoice = invoice.ok_or_else(|| Problem::not_found("invoice"))?;
    Ok(Json(view::invoice(&order, invoice)))
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
