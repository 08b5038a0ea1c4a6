//! What every service of Haat stands on.

// Query results name the types of this crate's `sqlx.toml`.
pub use types;

pub mod bus;
pub mod cache;
pub mod client;
pub mod clock;
pub mod cloud;
pub mod db;
pub mod env;
pub mod events;
pub mod http;
pub mod idempotency;
pub mod identity;
pub mod limits;
pub mod problem;
pub mod reconcile;
mod redis_client;
pub mod scope;
pub mod service;
pub mod telemetry;
pub mod topology;

pub use problem::{Problem, Result};
