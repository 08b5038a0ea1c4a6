//! The values that every part of Haat speaks: money, identifiers, time, rates, places. No I/O, no framework.

pub mod ids;
pub mod money;
pub mod names;
pub mod place;
pub mod rate;
pub mod time;

#[cfg(feature = "sqlx")]
#[doc(hidden)]
pub use sqlx;
#[doc(hidden)]
pub use {serde, utoipa};

pub use ids::*;
pub use money::Money;
pub use names::{QueueName, Role, ServiceName, StreamName};
pub use place::{PinCode, StateCode};
pub use rate::Rate;
pub use time::Timestamp;
