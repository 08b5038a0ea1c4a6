//! The gateway as clients meet it, with a stub behind it for every service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod own;
mod time;
mod world;
