//! The rules of sending: what it costs, by when it arrives, where a parcel can go next.

pub mod postal;
pub mod promise;
pub mod rate_card;
pub mod status;
