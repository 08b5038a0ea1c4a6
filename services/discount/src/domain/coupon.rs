//! May this customer use this coupon for this basket?

use contracts::discount::Coupon;
use types::{Money, Timestamp};

use super::out_of_schedule;

/// The coupon that a customer named.
#[derive(Clone, Debug)]
pub enum CouponCase {
    /// There is none of this code.
    Unknown {
        code: String,
    },
    Known {
        coupon: Box<Coupon>,
        standing: Standing,
    },
}

/// What is known of a customer and a coupon. A guest has neither used nor ordered anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// How often the customer uses the coupon already.
    pub uses: u32,
    pub has_ordered: bool,
    /// An order of theirs uses a coupon for the first order, this one or another.
    pub uses_first_order_coupon: bool,
}

/// Why it cannot be used, whatever is in the basket.
pub fn refusal(coupon: &Coupon, standing: Standing, now: Timestamp) -> Option<String> {
    if let Some(reason) = out_of_schedule(coupon.active, coupon.starts_at, coupon.ends_at, now) {
        return Some(reason.to_owned());
    }
    if coupon.total_limit.is_some_and(|limit| coupon.used >= limit) {
        return Some(USED_UP.to_owned());
    }
    if coupon.limit_per_customer.is_some_and(|limit| standing.uses >= limit) {
        return Some(USED_BY_CUSTOMER.to_owned());
    }
    let reason = match standing {
        _ if !coupon.first_order_only => return None,
        Standing { has_ordered: true, .. } => "It is for the first order only.",
        Standing { uses_first_order_coupon: true, .. } => "Another order uses a coupon for the first order.",
        _ => return None,
    };
    Some(reason.to_owned())
}

/// Why the basket is too small for it.
pub fn too_small(coupon: &Coupon, value: Money) -> Option<String> {
    (value < coupon.minimum_basket).then(|| format!("Goods for {} more are needed.", coupon.minimum_basket - value))
}

pub const UNKNOWN: &str = "There is no such coupon.";
pub const USED_UP: &str = "It has been used up.";
pub const USED_BY_CUSTOMER: &str = "It has been used as often as one customer may.";
