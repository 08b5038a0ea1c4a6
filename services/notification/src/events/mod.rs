//! What the service hears, and what it tells customers of it.

mod account;
mod order;
mod payment;
mod returns;
mod shop;

use contracts::Event;
use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::Result;
use platform::db::{Committed, Tx};
use platform::events::Received;
use types::ServiceName;

use crate::domain::Message;
use crate::{Notifications, jobs, store};

/// An event that customers are told of.
pub trait Tells: Event {
    /// To whom and what; nothing if this time nobody needs to know.
    fn messages(&self) -> Vec<Message>;
}

/// Writes down what is to be told; the job sends it. The same event never tells a customer twice.
pub async fn tell<E: Tells>(app: Notifications, event: Received<E>, mut tx: Tx) -> Result<Committed> {
    let messages = event.data.messages();
    if !messages.is_empty() {
        store::insert(&mut tx, event.id, &messages, app.context.now()).await?;
        tx.wake_job(jobs::DELIVER);
    }
    Ok(tx.commit().await?)
}

/// An event that no customer is told of: what follows from it is told when that happens, or it is staff's.
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
