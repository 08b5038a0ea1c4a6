//! What becomes of an order, in one transaction each: its row, its history, its documents and the events that tell of it.

use contracts::order::{
    Actor, CancelReason, CreditNoteIssued, InvoiceIssued, OrderCancelled, OrderDelivered, OrderShipped, OrderStatus,
    TimelineKind,
};
use contracts::shipping::ShipmentFacts;
use platform::db::Tx;
use platform::{Problem, Result};
use types::{InvoiceId, ReturnId, Timestamp, UserId};

use crate::counters;
use crate::domain::credit::{self, Credit};
use crate::domain::status::{self, Refused};
use crate::domain::{Change, Order, Seller};
use crate::events::published;
use crate::store;
use crate::store::history::Entry;

/// When, by whom, and what there is to say about it.
pub struct Cause {
    pub at: Timestamp,
    pub actor: Actor,
    pub actor_id: Option<UserId>,
    pub detail: String,
}

impl Cause {
    pub fn of_system(at: Timestamp, detail: impl Into<String>) -> Self {
        Cause { at, actor: Actor::System, actor_id: None, detail: detail.into() }
    }
}

/// What came of a change.
pub enum Outcome {
    Done,
    /// The order's status does not allow it.
    Refused(Refused),
}

/// Confirms a pending order whose stock is sold, and gives it its invoice.
pub async fn confirm(tx: &mut Tx, order: &mut Order, seller: &Seller, now: Timestamp) -> Result<Outcome> {
    if let Outcome::Refused(refused) = change(tx, order, Change::Confirm, None, Cause::of_system(now, "")).await? {
        return Ok(Outcome::Refused(refused));
    }
    order.confirmed_at = Some(now);
    tx.publish(order.id, order.version, &published::confirmed(order))?;
    // The last statement of the transaction: other orders wait for their invoice's number until it has ended.
    let invoice_id = InvoiceId::new();
    let invoice_number = store::documents::issue_invoice(tx, invoice_id, order, seller, now).await?;
    let issued = InvoiceIssued {
        invoice_id,
        invoice_number,
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        total: order.total,
    };
    tx.publish(invoice_id, 1, &issued)?;
    tx.count_money(counters::invoiced(order.payment_method), order.total);
    Ok(Outcome::Done)
}

/// Cancels an order, and takes its invoice back if it has one. What was set aside, sold and paid goes back by the event. The
/// credit note is of `now`, whenever the cause was: a carrier may tell late, and a closed month's documents stay as they were
/// reported.
pub async fn cancel(
    tx: &mut Tx,
    order: &mut Order,
    reason: CancelReason,
    cause: Cause,
    now: Timestamp,
) -> Result<Outcome> {
    let by = match reason {
        CancelReason::Undelivered => Change::ReturnToSeller,
        CancelReason::Lost => Change::Lose,
        _ => Change::Cancel,
    };
    let at = cause.at;
    if let Outcome::Refused(refused) = change(tx, order, by, Some(reason), cause).await? {
        return Ok(Outcome::Refused(refused));
    }
    order.cancel_reason = Some(reason);
    order.cancelled_at = Some(at);
    let cancelled = OrderCancelled {
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        reason,
        total: order.total,
    };
    tx.publish(order.id, order.version, &cancelled)?;
    if order.confirmed_at.is_some() {
        take_back(tx, order, None, &credit::of_cancellation(order), now).await?;
    }
    Ok(Outcome::Done)
}

/// Somebody began to pick and pack it.
pub async fn process(tx: &mut Tx, order: &mut Order, cause: Cause) -> Result<Outcome> {
    change(tx, order, Change::Process, None, cause).await
}

/// The carrier has the parcel.
pub async fn ship(tx: &mut Tx, order: &mut Order, parcel: &ShipmentFacts) -> Result<Outcome> {
    let detail = format!("{} {}", parcel.carrier, parcel.tracking_number);
    let outcome = change(tx, order, Change::Ship, None, Cause::of_system(parcel.at, detail)).await?;
    if let Outcome::Done = outcome {
        order.shipped_at = Some(parcel.at);
        let shipped = OrderShipped {
            order_id: order.id,
            order_number: order.number.clone(),
            customer_id: order.customer_id,
            carrier: parcel.carrier.clone(),
            tracking_number: parcel.tracking_number.clone(),
        };
        tx.publish(order.id, order.version, &shipped)?;
    }
    Ok(outcome)
}

/// The customer has it.
pub async fn deliver(tx: &mut Tx, order: &mut Order, at: Timestamp) -> Result<Outcome> {
    let outcome = change(tx, order, Change::Deliver, None, Cause::of_system(at, "")).await?;
    if let Outcome::Done = outcome {
        order.delivered_at = Some(at);
        let delivered = OrderDelivered {
            order_id: order.id,
            order_number: order.number.clone(),
            customer_id: order.customer_id,
            delivered_at: at,
        };
        tx.publish(order.id, order.version, &delivered)?;
    }
    Ok(outcome)
}

/// Takes part of an invoice back with a credit note; none if it is a part without a price. The order is locked.
pub async fn take_back(
    tx: &mut Tx,
    order: &Order,
    return_id: Option<ReturnId>,
    credits: &[Credit],
    at: Timestamp,
) -> Result<()> {
    if credits.is_empty() {
        return Ok(());
    }
    let id = InvoiceId::new();
    let numbers = store::documents::issue_credit_note(tx, id, order, return_id, credits, at).await?;
    let issued = CreditNoteIssued {
        credit_note_id: id,
        credit_note_number: numbers.number,
        invoice_number: numbers.invoice_number,
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        return_id,
        total: credits.iter().map(|credit| credit.total).sum(),
    };
    tx.publish(id, 1, &issued)?;
    tx.count_money(counters::credited(), issued.total);
    Ok(())
}

/// Writes into the history that news came too late to change anything.
pub async fn note_too_late(tx: &mut Tx, order: &Order, at: Timestamp, refused: Refused) -> Result<()> {
    let entry = Entry::of_system(at, TimelineKind::CameTooLate, refused.to_string());
    store::history::note(tx, order.id, &entry).await?;
    Ok(())
}

/// For a client's request.
pub fn refusal(refused: Refused) -> Problem {
    Problem::conflict("order-status", "The order's status does not allow this")
        .detail(format!("{}.", capitalised(&refused.to_string())))
        .with("order_status", refused.status)
}

/// Refused if the table says so, or if the order has another status by now: then with that one.
async fn change(
    tx: &mut Tx,
    order: &mut Order,
    change: Change,
    reason: Option<CancelReason>,
    cause: Cause,
) -> Result<Outcome> {
    let to = match status::after(order.status, change) {
        Ok(to) => to,
        Err(refused) => return Ok(Outcome::Refused(refused)),
    };
    let Cause { at, actor, actor_id, detail } = cause;
    let entry = Entry { at, kind: status::kind_of(to), actor, actor_id, detail };
    match store::order::change_status(tx, order, to, reason, &entry).await? {
        Some(version) => {
            order.status = to;
            order.version = version;
            Ok(Outcome::Done)
        }
        None => {
            let status = store::order::find(tx, order.id).await?.map_or(OrderStatus::Cancelled, |order| order.status);
            Ok(Outcome::Refused(Refused { status, change }))
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
