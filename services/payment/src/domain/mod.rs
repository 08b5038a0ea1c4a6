//! The rules: where an attempt can go, and what that means for the money of its order.

pub mod attempt;
pub mod ledger;
#[cfg(test)]
mod tests;

pub use attempt::Reported;
pub use ledger::{Attempt, Cause, Consequence, Ledger, NotEnough, refunded_of_order};
