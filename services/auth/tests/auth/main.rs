//! The auth service as its clients see it: over HTTP, against a real database and real streams.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod accounts;
mod erasure;
mod keys;
mod login;
mod password;
mod phone;
mod privacy;
mod registration;
mod second_factor;
mod sessions;
mod world;
