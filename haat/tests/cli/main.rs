//! The binary as people use it: what it says when something is wrong, how it starts, goes on and ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod database_setup;
mod doctor;
mod healthcheck;
mod life;
#[cfg(target_os = "linux")]
mod machines;
mod process;
mod refusals;
mod states;
mod terminal;
