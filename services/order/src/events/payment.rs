//! Money that comes, and money that goes back.

use contracts::order::{OrderStatus, TimelineKind};
use contracts::payment::{
    CodCollected, CodRemitted, PaymentAuthorized, PaymentFailed, PaymentLateAuthorized, PaymentSucceeded, RefundFailed,
    RefundSucceeded,
};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;

use super::{note, unknown_order};
use crate::app::Orders;
use crate::jobs::SETTLE_ORDERS;
use crate::store;
use crate::store::history::Entry;

/// Records the payment and has the order confirmed at once. One that was cancelled stays so: the payment service hears of the
/// cancellation, too, and gives the money back.
pub async fn succeeded(app: Orders, event: Received<PaymentSucceeded>, mut tx: Tx) -> Result<Committed> {
    let payment = event.data.payment;
    let recorded = store::payment::record(&mut tx, payment.order_id, payment.at, app.now()).await?;
    let paid = recorded.ok_or_else(|| unknown_order(payment.order_id, "a payment"))?;
    match paid.status {
        OrderStatus::Pending => tx.wake_job(SETTLE_ORDERS),
        OrderStatus::Cancelled if paid.first => {
            let text = "The payment came after the cancellation and goes back.";
            let entry = Entry::of_system(payment.at, TimelineKind::PaymentUpdate, text);
            store::history::note(&mut tx, payment.order_id, &entry).await?;
        }
        _ => {}
    }
    Ok(tx.commit().await?)
}

pub async fn authorized(_: Orders, event: Received<PaymentAuthorized>, tx: Tx) -> Result<Committed> {
    let payment = event.data.payment;
    note(tx, payment.order_id, payment.at, TimelineKind::PaymentUpdate, "authorized").await
}

/// The customer may try again while the order is pending.
pub async fn failed(_: Orders, event: Received<PaymentFailed>, tx: Tx) -> Result<Committed> {
    let PaymentFailed { payment, reason } = event.data;
    note(tx, payment.order_id, payment.at, TimelineKind::PaymentFailed, reason).await
}

pub async fn late_authorized(_: Orders, event: Received<PaymentLateAuthorized>, tx: Tx) -> Result<Committed> {
    let payment = event.data.payment;
    let text = format!("{} came too late and goes back.", payment.amount);
    note(tx, payment.order_id, payment.at, TimelineKind::PaymentUpdate, text).await
}

/// The carrier was paid at the door.
pub async fn cash_collected(app: Orders, event: Received<CodCollected>, mut tx: Tx) -> Result<Committed> {
    let order_id = event.data.order_id;
    let recorded = store::payment::record(&mut tx, order_id, event.time, app.now()).await?;
    recorded.ok_or_else(|| unknown_order(order_id, "cash"))?;
    Ok(tx.commit().await?)
}

pub async fn cash_remitted(_: Orders, event: Received<CodRemitted>, tx: Tx) -> Result<Committed> {
    let text = format!("The carrier handed {} over.", event.data.amount);
    note(tx, event.data.order_id, event.time, TimelineKind::PaymentUpdate, text).await
}

pub async fn refund_succeeded(_: Orders, event: Received<RefundSucceeded>, mut tx: Tx) -> Result<Committed> {
    let refund = event.data.refund;
    if !store::payment::record_refunded(&mut tx, refund.order_id, refund.refunded_total).await? {
        return Err(unknown_order(refund.order_id, "a refund"));
    }
    note(tx, refund.order_id, event.time, TimelineKind::Refunded, refund.amount.to_string()).await
}

pub async fn refund_failed(_: Orders, event: Received<RefundFailed>, tx: Tx) -> Result<Committed> {
    let RefundFailed { refund, reason } = event.data;
    note(tx, refund.order_id, event.time, TimelineKind::RefundFailed, format!("{}: {reason}", refund.amount)).await
}
