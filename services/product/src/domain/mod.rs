//! The rules: no I/O, no clock, no chance.

pub mod catalogue;
pub mod listing;
pub mod picture;
pub mod stock;
pub mod taxes;
