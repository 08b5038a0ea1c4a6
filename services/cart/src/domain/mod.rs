//! The rules of carts. Pure.

mod merge;
#[cfg(test)]
mod tests;
mod view;

pub use merge::{Merged, merge};
pub use view::{Facts, Offers, Shipping, basket, compose, weight_grams};

use contracts::cart::{CartSummary, SummaryLine};
use types::{CartId, Money, Timestamp, VariantId};

/// The most pieces of a variant, whatever the variant itself allows.
pub const MOST_PIECES: u32 = 99;

/// Nobody's purchase has more lines; it bounds what a cart costs to look at.
pub const MOST_LINES: usize = 100;

/// A line as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub variant_id: VariantId,
    /// 1 to 99.
    pub quantity: u32,
    pub saved_for_later: bool,
    pub added_at: Timestamp,
    /// The price of one piece when the customer last saw it.
    pub seen_price: Money,
}

/// A cart as it is stored, its lines in the order they were added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub id: CartId,
    pub version: i64,
    pub coupon_code: Option<String>,
    /// Did the coupon apply when the cart was last looked at?
    pub coupon_applied: bool,
    pub lines: Vec<Line>,
}

impl Cart {
    /// What is to be ordered: all but what is saved for later.
    pub fn active(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.saved_for_later)
    }

    pub fn summary(&self) -> CartSummary {
        let lines = |saved: bool| {
            let lines = self.lines.iter().filter(move |line| line.saved_for_later == saved);
            lines.map(|line| SummaryLine {
                variant_id: line.variant_id,
                quantity: line.quantity,
                unit_price: line.seen_price,
            })
        };
        CartSummary {
            cart_id: self.id,
            version: self.version,
            lines: lines(false).collect(),
            saved_for_later: lines(true).collect(),
            pieces: self.active().map(|line| line.quantity).sum(),
            coupon_code: self.coupon_code.clone(),
        }
    }
}

/// The most pieces of a variant that one order may have.
pub fn limit(max_per_order: u32) -> u32 {
    max_per_order.clamp(1, MOST_PIECES)
}
