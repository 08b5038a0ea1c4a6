//! A guest logs in: two carts become one.

use contracts::cart::{MergeChange, MergeOutcome};
use types::VariantId;

use super::{Line, MOST_LINES};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The lines that are new or different, to be stored in the customer's cart.
    pub changed: Vec<Line>,
    /// What the customer is told.
    pub changes: Vec<MergeChange>,
    /// What stays in the guest's cart.
    pub left: Vec<VariantId>,
}

/// Adds the guest's lines to the customer's. Quantities are summed up to `limit`, the most that one order may have of a
/// variant, but what the customer has already is never made less. What was in either cart is in the cart afterwards, even if the
/// other had it saved for later; but a cart has no more than [`MOST_LINES`]: for which there is no room, the last of them, stay
/// where they are.
pub fn merge(own: &[Line], guest: &[Line], limit: impl Fn(VariantId) -> u32) -> Merged {
    let mut merged = Merged { changed: Vec::new(), changes: Vec::new(), left: Vec::new() };
    let mut room = MOST_LINES.saturating_sub(own.len());
    for new in guest {
        let limit = limit(new.variant_id);
        let alone =
            if new.quantity > limit { (limit, MergeOutcome::Limited) } else { (new.quantity, MergeOutcome::Added) };
        let (quantity, outcome) = match own.iter().find(|line| line.variant_id == new.variant_id) {
            None if room == 0 => {
                merged.left.push(new.variant_id);
                merged.changes.push(told(new.variant_id, MergeOutcome::NoRoom, 0));
                continue;
            }
            None => {
                room -= 1;
                alone
            }
            Some(old) if old.saved_for_later == new.saved_for_later => {
                let sum = old.quantity.saturating_add(new.quantity);
                let quantity = sum.min(limit).max(old.quantity);
                (quantity, if quantity < sum { MergeOutcome::Limited } else { MergeOutcome::Summed })
            }
            Some(old) if old.saved_for_later => match alone {
                (quantity, MergeOutcome::Added) => (quantity, MergeOutcome::MovedToCart),
                limited => limited,
            },
            // It is in the customer's cart; that a guest saved it for later adds nothing.
            Some(_) => continue,
        };
        merged.changes.push(told(new.variant_id, outcome, quantity));
        merged.changed.push(Line { quantity, ..new.clone() });
    }
    merged
}

fn told(variant_id: VariantId, outcome: MergeOutcome, quantity: u32) -> MergeChange {
    let message = match outcome {
        MergeOutcome::Added => "It was added to your cart.".to_owned(),
        MergeOutcome::Summed => format!("It was in your cart already: there are {quantity} now."),
        MergeOutcome::Limited => format!("There are {quantity} in your cart: that is the most for one order."),
        MergeOutcome::MovedToCart => "It was saved for later and is in your cart again.".to_owned(),
        MergeOutcome::NoRoom => format!("It was not added: a cart can have {MOST_LINES} lines at most."),
    };
    MergeChange { variant_id, outcome, quantity, message }
}
