//! The rules of returns: what may come back, what is refunded, what can happen next.

pub mod eligibility;
pub mod refund;
pub mod status;
