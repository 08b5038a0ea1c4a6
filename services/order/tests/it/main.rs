//! The order service by itself, with stubs for those it calls.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows this in tests, but not in what they share"
)]

mod cancel;
mod checkout;
mod crash;
mod desk;
mod documents;
mod reconcile;
mod returns;
mod settlement;
mod shipment;
mod shop;
mod surroundings;
mod tax;
mod world;
