//! What a basket costs less, and why. Pure: time and whatever the database knows come in as arguments.

mod basket;
mod benefit;
mod coupon;
mod offer;
mod pricing;
#[cfg(test)]
mod tests;

pub use coupon::{CouponCase, Standing, UNKNOWN, USED_BY_CUSTOMER, USED_UP, refusal};
pub use offer::{coupon_offer, promotion_offer};
pub use pricing::{Pricing, price};

use types::Timestamp;

/// Two codes are the same if they differ in upper and lower case only, or in spaces around them.
pub fn canonical_code(code: &str) -> String {
    code.trim().to_ascii_uppercase()
}

/// Why a rule does not run now; nothing if it does.
pub fn out_of_schedule(
    active: bool,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<&'static str> {
    if !active {
        Some("It is no longer offered.")
    } else if now < starts_at {
        Some("It has not begun yet.")
    } else if ends_at.is_some_and(|end| end <= now) {
        Some("It has expired.")
    } else {
        None
    }
}
