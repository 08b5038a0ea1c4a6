//! What the platform stands on, and parts of it, killed at random moments under a load of checkouts: afterwards the books agree,
//! nobody was charged without an order, and the shop sells on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "shared with the rehearsals, which use the rest")]
mod buyers;
mod customer;
#[allow(dead_code, reason = "shared with the rehearsals, which use the rest")]
mod process;
mod servers;
mod services;
mod shop;
mod whole;

use std::time::Duration;

/// How long the platform may take to bring everything to its end after it is back.
const PATIENCE: Duration = Duration::from_secs(120);
