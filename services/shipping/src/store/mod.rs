//! The shipping service's tables.

pub mod order;
pub mod rate_card;
pub mod reconcile;
pub mod sandbox;
pub mod shipment;
pub mod tracking;
