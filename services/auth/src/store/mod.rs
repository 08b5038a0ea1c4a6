//! All SQL. Functions that change something take the connection of the caller's transaction.

pub mod account;
pub mod attempt;
pub mod challenge;
pub mod code;
mod column;
pub mod second_factor;
pub mod session;
