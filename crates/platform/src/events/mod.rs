//! The way of an event: a transaction writes it to the **outbox**; the **relay** publishes it to its stream; the **bridge** of
//! a service that owns a queue moves it there; a **worker** takes it and records it in the **inbox** in the transaction of its
//! effect. At least once everywhere, effects exactly once.

pub mod consumer;
pub mod dead_letters;
pub mod handlers;
pub mod inbox;
pub mod lag;
pub mod outbox;
pub mod relay;
pub mod wake;

pub use handlers::{Handlers, Received};

/// A sentence for what a service still has to publish, and for what it put aside: for `haat reconcile`.
pub async fn under_way(connection: &mut sqlx::PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found = Vec::new();
    let (waiting, age) = outbox::backlog(connection).await?;
    if waiting > 0 {
        found.push(format!("{waiting} events are not published, the oldest for {age:.0} s"));
    }
    let parked = dead_letters::count(connection).await?;
    if parked > 0 {
        found.push(format!("{parked} events were put aside"));
    }
    Ok(found)
}
