//! The kit itself, on real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what helps a test may fail it")]

mod database;
mod eventually;
mod proxy;
mod servers;

use std::time::Duration;

pub const SOON: Duration = Duration::from_secs(20);

/// Whether a process runs; a dead one that nobody has buried does not.
pub fn runs(pid: &str) -> bool {
    let listed = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8(listed.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
