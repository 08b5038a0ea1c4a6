//! What every service of Haat stands on.

pub mod bus;
pub mod cache;
pub mod clock;
pub mod env;
pub mod identity;
pub mod limits;
pub mod problem;
pub mod telemetry;
pub mod topology;

pub use problem::{Problem, Result};
pub use types;
