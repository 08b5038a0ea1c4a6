//! What staff see and do.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::payment::{CodRemitted, NewRefund, NewRemittance, PaidOut, PaymentDesk, Refund};
use garde::Validate;
use http::StatusCode;
use platform::http::{Body, Path, Query};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{OrderDesk, OrderReader};
use platform::service::App;
use platform::{Problem, Result};
use serde::Deserialize;
use types::{OrderId, RefundId};
use utoipa::IntoParams;

use super::payments::view;
use crate::domain::Cause;
use crate::settle::{self, Remedy, Wanted};
use crate::store::AttemptRow;
use crate::{Payments, store};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeskQuery {
    /// Whose payment.
    #[garde(skip)]
    pub order_id: OrderId,
}

/// Everything about the payment of an order.
#[utoipa::path(get, path = "/api/v1/payments/desk", tag = "payments", params(DeskQuery),
    responses((status = 200, body = PaymentDesk), (status = 404, body = Problem, description = "The order has no payment")),
    security(("user_token" = [])))]
pub async fn get_desk(
    _: OrderReader,
    State(app): State<Payments>,
    Query(query): Query<DeskQuery>,
) -> Result<Json<PaymentDesk>> {
    let mut connection = app.db.primary().await?;
    let intent = store::intent::of_order(&mut connection, query.order_id).await?;
    let intent = intent.ok_or_else(|| Problem::not_found("payment"))?;
    let attempts = store::attempt::of_intent(&mut connection, intent.id).await?;
    let refunds = store::refund::of_intent(&mut connection, intent.id).await?;
    Ok(Json(PaymentDesk {
        payment: view(&intent, &attempts),
        customer_id: intent.customer_id,
        refunding: intent.refunding,
        refundable: intent.ledger().refundable(),
        provider_payments: attempts.iter().map(AttemptRow::in_providers_books).collect(),
        refunds: refunds.iter().map(|refund| refund.to_wire(intent.order_id)).collect(),
    }))
}

/// Gives money back. It is held at once, and paid by the provider soon after.
#[utoipa::path(post, path = "/api/v1/payments/refunds", tag = "payments", request_body = NewRefund,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = Refund), (status = 404, body = Problem, description = "The order has no payment"),
        (status = 409, body = Problem, description = "`refund-exceeds-payment`: less than that is left of what was paid"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request")),
    security(("user_token" = [])))]
pub async fn request_refund(
    staff: OrderDesk,
    State(app): State<Payments>,
    key: IdempotencyKey,
    Body(new): Body<NewRefund>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let (id, now) = (RefundId::new(), app.context().now());
    let intent = store::intent::lock_of_order(&mut tx, new.order_id).await?;
    let intent = intent.ok_or_else(|| Problem::not_found("payment"))?;
    let cause = Cause::Staff { by: staff.actor.id, refund: id };
    let wanted = Wanted { id, cause, amount: new.amount, reason: &new.reason };
    let requested = settle::request_refund(&mut tx, &intent, &wanted, now).await??;
    tx.answer(StatusCode::CREATED, &requested.to_wire(new.order_id)).await
}

/// Has the provider asked once more for a refund that failed, as a new refund for the same cause, such as the same return.
#[utoipa::path(post, path = "/api/v1/payments/refunds/{refund_id}/retry", tag = "payments",
    params(("refund_id" = RefundId, Path),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = Refund, description = "The new refund"), (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`refund-not-failed`: it has not failed, or was made good before; \
            `refund-exceeds-payment`: less than that is left of what was paid"),
        (status = 422, body = Problem, description = "The key was used for another request")),
    security(("user_token" = [])))]
pub async fn retry_refund(
    staff: OrderDesk,
    State(app): State<Payments>,
    Path(refund_id): Path<RefundId>,
    key: IdempotencyKey,
) -> Result<Response> {
    let begun = key.begin(&app.db, staff.actor.id, &()).await?;
    make_good(&app, begun, refund_id, Remedy { by: staff.actor.id, bank_reference: None }).await
}

/// Records that staff paid a refund that failed by a bank transfer: the only way for the cash of an order that was paid at the door
/// where the provider pays out none.
#[utoipa::path(post, path = "/api/v1/payments/refunds/{refund_id}/paid-out", tag = "payments", request_body = PaidOut,
    params(("refund_id" = RefundId, Path),
           ("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = Refund, description = "A new refund for the same cause, which has succeeded"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "`refund-not-failed`: it has not failed, or was made good before; \
            `refund-exceeds-payment`: less than that is left of what was paid"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request")),
    security(("user_token" = [])))]
pub async fn record_paid_out(
    staff: OrderDesk,
    State(app): State<Payments>,
    Path(refund_id): Path<RefundId>,
    key: IdempotencyKey,
    Body(paid_out): Body<PaidOut>,
) -> Result<Response> {
    let begun = key.begin(&app.db, staff.actor.id, &paid_out).await?;
    let bank_reference = Some(paid_out.reference.as_str());
    make_good(&app, begun, refund_id, Remedy { by: staff.actor.id, bank_reference }).await
}

async fn make_good(app: &Payments, begun: Begun, refund_id: RefundId, remedy: Remedy<'_>) -> Result<Response> {
    let mut tx = match begun {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let failed = store::refund::lock(&mut tx, refund_id).await?.ok_or_else(|| Problem::not_found("refund"))?;
    let made_good = settle::make_good(&mut tx, &failed, &remedy, app.context().now()).await?;
    tx.answer(StatusCode::CREATED, &made_good.to_wire(failed.intent.order_id)).await
}

/// Records that a carrier handed over the cash of an order.
#[utoipa::path(post, path = "/api/v1/payments/remittances", tag = "payments", request_body = NewRemittance,
    params(("Idempotency-Key" = String, Header, description = "A new random value for each new request")),
    responses((status = 201, body = NewRemittance), (status = 404, body = Problem, description = "The order has no payment"),
        (status = 409, body = Problem, description = "`not-what-was-collected`: another amount, or nothing, was collected at \
            the door; `already-remitted`"),
        (status = 422, body = Problem, description = "A field breaks a rule, or the key was used for another request")),
    security(("user_token" = [])))]
pub async fn record_remittance(
    staff: OrderDesk,
    State(app): State<Payments>,
    key: IdempotencyKey,
    Body(new): Body<NewRemittance>,
) -> Result<Response> {
    let mut tx = match key.begin(&app.db, staff.actor.id, &new).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let intent = store::intent::lock_of_order(&mut tx, new.order_id).await?;
    let intent = intent.ok_or_else(|| Problem::not_found("payment"))?;
    if intent.cash != new.amount {
        return Err(Problem::conflict("not-what-was-collected", "Something else was collected at the door")
            .with("collected", intent.cash));
    }
    let version = intent.version + 1;
    if !store::intent::remit(&mut tx, intent.id, version, app.context().now()).await? {
        return Err(Problem::conflict("already-remitted", "The cash was handed over before"));
    }
    let remitted = CodRemitted { intent_id: intent.id, order_id: intent.order_id, amount: new.amount };
    tx.publish(intent.id, version, &remitted)?;
    tx.answer(StatusCode::CREATED, &new).await
}
