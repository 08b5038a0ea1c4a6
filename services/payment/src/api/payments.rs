//! A customer's view of a payment.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use contracts::Page;
use contracts::payment::{Payment, PaymentAction, Refund};
use platform::http::Path;
use platform::identity::Customer;
use platform::limits::{Rule, Who};
use platform::service::App;
use platform::{Problem, Result};
use types::IntentId;

use crate::domain::attempt::is_undecided;
use crate::store::{AttemptRow, IntentRow};
use crate::{Payments, attempts, store};

/// Each question is one to the provider, who limits us in turn.
const QUESTIONS: Rule = Rule { name: "payment-sync", limit: 120, window: Duration::from_secs(60) };

/// The payment of an order.
#[utoipa::path(get, path = "/api/v1/payments/{intent_id}", tag = "payments",
    params(("intent_id" = IntentId, Path)),
    responses((status = 200, body = Payment), (status = 404, body = Problem, description = "Not there, or another customer's")),
    security(("user_token" = [])))]
pub async fn get_payment(
    customer: Customer,
    State(app): State<Payments>,
    Path(intent_id): Path<IntentId>,
) -> Result<Json<Payment>> {
    let mut connection = app.db.primary().await?;
    let intent = store::intent::find(&mut connection, intent_id).await?;
    let intent = intent.filter(|i| i.customer_id == customer.id).ok_or_else(|| Problem::not_found("payment"))?;
    let attempts = store::attempt::of_intent(&mut connection, intent_id).await?;
    Ok(Json(view(&intent, &attempts)))
}

/// Asks the provider how the payment stands: for the moment at which the customer comes back from the bank's page. It is asked once
/// in two seconds; who comes in between, or for whom it takes too long, gets what is known.
#[utoipa::path(post, path = "/api/v1/payments/{intent_id}/sync", tag = "payments",
    params(("intent_id" = IntentId, Path)),
    responses((status = 200, body = Payment), (status = 404, body = Problem, description = "Not there, or another customer's"),
        (status = 429, body = Problem)),
    security(("user_token" = [])))]
pub async fn sync_payment(
    customer: Customer,
    State(app): State<Payments>,
    Path(intent_id): Path<IntentId>,
) -> Result<Json<Payment>> {
    app.context().limits().check(&Who::User(customer.id), &QUESTIONS).await?;
    attempts::own_intent(&app, customer.id, intent_id).await?;
    attempts::sync(&app, intent_id, app.settings.provider_time).await?;
    get_payment(customer, State(app), Path(intent_id)).await
}

/// What of a payment went back or is on its way back, the oldest first.
#[utoipa::path(get, path = "/api/v1/payments/{intent_id}/refunds", tag = "payments",
    params(("intent_id" = IntentId, Path)),
    responses((status = 200, body = Page<Refund>), (status = 404, body = Problem, description = "Not there, or another customer's")),
    security(("user_token" = [])))]
pub async fn get_refunds(
    customer: Customer,
    State(app): State<Payments>,
    Path(intent_id): Path<IntentId>,
) -> Result<Json<Page<Refund>>> {
    let intent = attempts::own_intent(&app, customer.id, intent_id).await?;
    let refunds = store::refund::of_intent(&mut *app.db.primary().await?, intent_id).await?;
    let items = refunds.iter().map(|refund| refund.to_wire(intent.order_id)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

pub fn view(intent: &IntentRow, attempts: &[AttemptRow]) -> Payment {
    let under_way = attempts.iter().find(|attempt| is_undecided(attempt.status));
    Payment {
        intent_id: intent.id,
        order_id: intent.order_id,
        order_number: intent.order_number.clone(),
        status: intent.status,
        amount: intent.amount,
        captured: intent.captured,
        refunded: intent.refunded,
        expires_at: intent.expires_at,
        attempts: attempts.iter().map(AttemptRow::to_wire).collect(),
        action: under_way.map_or(PaymentAction::NONE, AttemptRow::action),
    }
}
