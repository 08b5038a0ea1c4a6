//! What the service hears, and what it tells customers and staff of it.

mod account;
mod order;
mod payment;
mod returns;
mod shop;
mod staff;

use std::collections::HashSet;

use contracts::Event;
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use types::ServiceName;

use crate::domain::{Lane, Message, desk};
use crate::{Notifications, store};

/// An event that customers, or staff, are told of.
pub trait Tells: Event {
    /// To whom and what; nothing if this time nobody needs to know.
    fn messages(&self) -> Vec<Message>;
}

/// Writes down what is to be told; the job sends it. The same event never tells anybody twice. A desk without an address is told
/// nothing.
pub async fn tell<E: Tells>(app: Notifications, event: Received<E>, mut tx: Tx) -> Result<Committed> {
    let mut messages = event.data.messages();
    messages.retain(|message| desk(message.kind).is_none_or(|desk| app.desks.address(desk).is_some()));
    if !messages.is_empty() {
        store::insert(&mut tx, event.id, &messages, app.context.now()).await?;
        for lane in lanes(&messages) {
            tx.wake_job(lane.job());
        }
    }
    Ok(tx.commit().await?)
}

fn lanes(messages: &[Message]) -> HashSet<Lane> {
    messages
        .iter()
        .flat_map(|message| message.outlets().into_iter().map(move |outlet| Lane::of(message.kind, outlet)))
        .collect()
}

/// An event that nobody is told of: what follows from it is told when that happens.
pub async fn heard<E: Event>(_: Notifications, _: Received<E>, tx: Tx) -> Result<Committed> {
    Ok(tx.commit().await?)
}

/// Forgets a customer: what they were told, and what they were to be told.
pub async fn erasure_requested(app: Notifications, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    store::erase(&mut tx, user_id, app.context.now()).await?;
    tx.publish(user_id, event.version, &ErasureCompleted { user_id, service: ServiceName::Notification })?;
    Ok(tx.commit().await?)
}
