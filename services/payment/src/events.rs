//! What other services' events mean for money. The queue keeps no order and repeats: each handler is right whenever it runs.

use contracts::order::OrderCancelled;
use contracts::payment::IntentStatus;
use contracts::returns::ReturnRefundDue;
use contracts::shipping::{Direction, ShipmentDelivered};
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::db::{Committed, Tx};
use platform::events::Received;
use platform::service::App;
use platform::{Problem, Result};
use types::{OrderId, RefundId, ServiceName};

use crate::domain::Cause;
use crate::settle::{self, Wanted};
use crate::store::IntentRow;
use crate::{Payments, store};

/// What was paid goes back, and so does what still comes.
pub async fn order_cancelled(app: Payments, event: Received<OrderCancelled>, mut tx: Tx) -> Result<Committed> {
    let (order, now) = (event.data, app.context().now());
    let mut intent = store::intent::lock_of_order(&mut tx, order.order_id).await?;
    if intent.is_none() {
        let (number, customer) = (&order.order_number, order.customer_id);
        if store::intent::insert_cancelled(&mut tx, order.order_id, number, customer, order.total, now).await? {
            return Ok(tx.commit().await?);
        }
        // It was opened in this very moment.
        intent = store::intent::lock_of_order(&mut tx, order.order_id).await?;
    }
    let intent = intent.ok_or_else(|| no_intent(order.order_id))?;
    settle::cancelled(&mut tx, &intent, now).await?;
    Ok(tx.commit().await?)
}

/// Cash at the door pays the order.
pub async fn shipment_delivered(app: Payments, event: Received<ShipmentDelivered>, mut tx: Tx) -> Result<Committed> {
    let ShipmentDelivered { shipment, cash_collected } = event.data;
    if shipment.direction != Direction::Outbound || !cash_collected.is_positive() {
        return Ok(tx.commit().await?);
    }
    let intent = locked(&mut tx, shipment.order_id).await?;
    settle::cash_collected(&mut tx, &intent, cash_collected, app.context().now()).await?;
    Ok(tx.commit().await?)
}

/// Returned goods are paid back, once per return.
pub async fn return_refund_due(app: Payments, event: Received<ReturnRefundDue>, mut tx: Tx) -> Result<Committed> {
    let ReturnRefundDue { facts, amount } = event.data;
    let now = app.context().now();
    let intent = locked(&mut tx, facts.order_id).await?;
    if !amount.is_positive() || store::refund::is_recorded(&mut tx, facts.return_id).await? {
        return Ok(tx.commit().await?);
    }
    if intent.status == IntentStatus::CashDue {
        // The delivery that says that the cash was paid is still on its way: this event comes again.
        return Err(Problem::conflict("not-paid-yet", "The cash has not been reported yet"));
    }
    let cause = Cause::Return(facts.return_id);
    let wanted = Wanted { id: RefundId::new(), reason: cause.words(), cause, amount };
    if let Err(not_enough) = settle::request_refund(&mut tx, &intent, &wanted, now).await? {
        let why = format!("Only {} of the payment are left", not_enough.left);
        settle::refuse_refund(&mut tx, &intent, &wanted, &why, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Forgets what was kept for the customer's convenience.
pub async fn erasure_requested(_: Payments, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    store::saved_method::forget_all(&mut tx, user_id).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Payment })?;
    Ok(tx.commit().await?)
}

/// An intent that must be there: if it is not, the event comes again, and in the end a person looks at it.
async fn locked(tx: &mut Tx, order: OrderId) -> Result<IntentRow> {
    store::intent::lock_of_order(tx, order).await?.ok_or_else(|| no_intent(order))
}

fn no_intent(order: OrderId) -> Problem {
    Problem::internal(format!("order {order} has no intent"))
}
