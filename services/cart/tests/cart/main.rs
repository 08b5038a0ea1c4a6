//! The cart service as its clients see it: over HTTP, against a real database and real streams, its callees stubbed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not as expected is best told by a test that fails"
)]

mod changes;
mod coming_and_going;
mod merging;
mod repeating;
mod shop;
mod viewing;
