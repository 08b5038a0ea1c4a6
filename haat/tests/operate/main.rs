//! What operators do to a platform at work, rehearsed: each test takes the steps of a runbook while people buy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod premises;
mod primary;
mod restoration;
mod rolling;
mod secrets;
mod shop;
mod visitors;

#[allow(dead_code, reason = "shared with the tests that kill, which use the rest")]
#[path = "../crash/buyers.rs"]
mod buyers;

#[allow(dead_code, reason = "shared with the tests that kill, which use the rest")]
#[path = "../crash/customer.rs"]
mod customer;

#[path = "../platform/prepared.rs"]
mod prepared;

#[allow(dead_code, reason = "shared with the tests that kill, which use the rest")]
#[path = "../crash/process.rs"]
mod process;

use std::time::Duration;

/// How long anything may take that the platform does by itself.
const PATIENCE: Duration = Duration::from_secs(60);
