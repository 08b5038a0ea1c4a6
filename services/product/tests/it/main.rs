//! The product service against a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in tests only: what goes wrong here is best told by a test that fails"
)]

mod browse;
mod calls;
mod catalogue;
mod index;
mod keeping;
mod reconcile;
mod reviews;
mod setting_up;
mod shelf;
mod stock;
mod stock_property;
mod store;
