//! The endpoints.

pub mod calls;
mod checkout;
mod desk;
mod documents;
mod gst_return;
mod orders;
pub mod view;

use contracts::order::{Actor, CancelReason, OrderNote};
use platform::db::Tx;
use platform::{Problem, Result};
use types::{OrderId, Timestamp, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Orders;
use crate::domain::Order;
use crate::lifecycle::{self, Cause, Outcome};
use crate::store;

pub fn routes() -> OpenApiRouter<Orders> {
    OpenApiRouter::new()
        .routes(routes!(checkout::check_out, orders::list_orders))
        .routes(routes!(checkout::quote))
        .routes(routes!(orders::get_order))
        .routes(routes!(orders::get_timeline))
        .routes(routes!(orders::cancel_order))
        .routes(routes!(orders::refresh_payment))
        .routes(routes!(documents::get_invoice))
        .routes(routes!(documents::list_credit_notes))
        .routes(routes!(gst_return::get_gst_return))
        .routes(routes!(desk::list_desk_orders))
        .routes(routes!(desk::get_desk_order))
        .routes(routes!(desk::write_desk_note))
        .routes(routes!(desk::cancel_desk_order))
        .routes(routes!(desk::lose_desk_order))
        .routes(routes!(desk::process_desk_order))
}

/// The customer's order; another's is not there.
async fn own_order(app: &Orders, customer_id: UserId, id: OrderId) -> Result<Order> {
    let mut connection = app.db.primary().await?;
    let order = store::order::find(&mut connection, id).await?;
    order.filter(|order| order.customer_id == customer_id).ok_or_else(no_order)
}

fn no_order() -> Problem {
    Problem::not_found("order")
}

/// Who cancels, when, and why, also in their own words.
struct Canceller<'a> {
    reason: CancelReason,
    actor: Actor,
    id: UserId,
    at: Timestamp,
    comment: Option<&'a str>,
}

/// Cancels an order that the transaction has locked.
async fn cancel(tx: &mut Tx, order: &mut Order, by: Canceller<'_>) -> Result<()> {
    let cause = Cause { at: by.at, actor: by.actor, actor_id: Some(by.id), detail: String::new() };
    if let Outcome::Refused(refused) = lifecycle::cancel(tx, order, by.reason, cause, by.at).await? {
        return Err(lifecycle::refusal(refused));
    }
    if let Some(text) = by.comment {
        let note = OrderNote { at: by.at, author_id: by.id, text: text.to_owned() };
        store::history::write_note(tx, order.id, &note).await?;
    }
    Ok(())
}
