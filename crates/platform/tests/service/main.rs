//! A service as a whole, on real servers: requests, repeats, events, jobs, its start and its end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod calls;
mod events;
mod idempotency;
mod life;
mod replicas;
mod requests;
mod shelves;
mod silence;
