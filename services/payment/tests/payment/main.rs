//! The payment service alone, with its sandbox or a Razorpay that the test plays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what is not as expected is best told by a test that fails")]

mod asking;
mod made_good;
mod paying;
mod razorpay;
mod reconcile;
mod refunds;
mod shop;
mod webhooks;
