//! All SQL of the service.

pub mod coupon;
pub mod promotion;
pub mod reconcile;
pub mod usage;

/// Counts and limits are not negative: the tables' checks say so.
fn natural(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// Limits are far below the bound: the requests' rules say so.
fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
