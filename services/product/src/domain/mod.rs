//! The rules: no I/O, no clock, no chance.

pub mod catalogue;
pub mod picture;
pub mod stock;
