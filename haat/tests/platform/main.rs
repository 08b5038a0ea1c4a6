//! The whole platform in one process: an order's life, the ways it fails, crowds, and the order of the books after each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod access;
mod buying;
mod cloud;
mod counters;
mod crowd;
mod failing;
mod metrics;
mod prepared;
mod reconcile;
mod routes;
mod schemathesis;
mod shop;
