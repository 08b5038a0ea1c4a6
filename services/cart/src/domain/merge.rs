//! A guest logs in: two carts become one.

use contracts::cart::{MergeChange, MergeOutcome};
use types::VariantId;

use super::Line;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The lines that are new or different, to be stored in the customer's cart.
    pub changed: Vec<Line>,
    /// What the customer is told.
    pub changes: Vec<MergeChange>,
}

/// Adds the guest's lines to the customer's. Quantities are summed up to `limit`, the most that one order may have of a
/// variant, but what the customer has already is never made less. What was in either cart is in the cart afterwards, even if the
/// other had it saved for later.
pub fn merge(own: &[Line], guest: &[Line], limit: impl Fn(VariantId) -> u32) -> Merged {
    let mut merged = Merged { changed: Vec::new(), changes: Vec::new() };
    for new in guest {
        let limit = limit(new.variant_id);
        let (quantity, outcome) = match own.iter().find(|line| line.variant_id == new.variant_id) {
            None => (new.quantity.min(limit), MergeOutcome::Added),
            Some(old) if old.saved_for_later == new.saved_for_later => {
                let sum = old.quantity.saturating_add(new.quantity);
                let quantity = sum.min(limit).max(old.quantity);
                (quantity, if quantity < sum { MergeOutcome::Limited } else { MergeOutcome::Summed })
            }
            Some(old) if old.saved_for_later => (new.quantity.min(limit), MergeOutcome::MovedToCart),
            // It is in the customer's cart; that a guest saved it for later adds nothing.
            Some(_) => continue,
        };
        let message = match outcome {
            MergeOutcome::Added => "It was added to your cart.".to_owned(),
            MergeOutcome::Summed => format!("It was in your cart already: there are {quantity} now."),
            MergeOutcome::Limited => format!("It was in your cart already: {quantity} is the most for one order."),
            MergeOutcome::MovedToCart => "It was saved for later and is in your cart again.".to_owned(),
        };
        merged.changes.push(MergeChange { variant_id: new.variant_id, outcome, quantity, message });
        merged.changed.push(Line { quantity, ..new.clone() });
    }
    merged
}
