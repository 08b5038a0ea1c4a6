//! The way of an event: a transaction writes it to the **outbox**; the **relay** publishes it to its stream; the **bridge** of
//! a service that owns a queue moves it there; a **worker** takes it and records it in the **inbox** in the transaction of its
//! effect. At least once everywhere, effects exactly once.

pub mod consumer;
pub mod dead_letters;
pub mod handlers;
pub mod inbox;
pub mod outbox;
pub mod relay;
pub mod wake;

pub use handlers::{Handlers, Received};
