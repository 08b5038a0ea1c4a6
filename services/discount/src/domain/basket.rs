//! A basket in an order that does not depend on how its lines were sent.

use std::cmp::Reverse;

use contracts::discount::{BasketLine, RuleScope};
use types::Money;

/// The lines sorted by their content: wherever two lines have an equal claim to a paisa, the earlier variant's gets it.
pub struct Basket<'a> {
    pub lines: Vec<&'a BasketLine>,
    /// Where each line stood in the basket as it was sent.
    places: Vec<usize>,
}

impl<'a> Basket<'a> {
    pub fn new(lines: &'a [BasketLine]) -> Self {
        let mut places: Vec<usize> = (0..lines.len()).collect();
        places.sort_by_key(|place| {
            let line = &lines[*place];
            (line.variant_id, Reverse(line.unit_price), Reverse(line.quantity), line.product_id, &line.category_ids)
        });
        Basket { lines: places.iter().map(|place| &lines[*place]).collect(), places }
    }

    /// What is to be paid for each line before discounts.
    pub fn amounts(&self) -> Vec<Money> {
        self.lines.iter().map(|line| amount(line)).collect()
    }

    pub fn value(&self) -> Money {
        self.lines.iter().map(|line| amount(line)).sum()
    }

    /// The lines that a rule is for.
    pub fn within(&self, scope: &RuleScope) -> Vec<usize> {
        let everything = scope.product_ids.is_empty() && scope.category_ids.is_empty();
        let inside = |line: &BasketLine| {
            everything
                || scope.product_ids.contains(&line.product_id)
                || line.category_ids.iter().any(|category| scope.category_ids.contains(category))
        };
        (0..self.lines.len()).filter(|n| inside(self.lines[*n])).collect()
    }

    /// Amounts per line, back in the order in which the lines were sent.
    pub fn as_sent(&self, amounts: &[Money]) -> Vec<Money> {
        let mut sent = vec![Money::ZERO; amounts.len()];
        for (place, amount) in self.places.iter().zip(amounts) {
            sent[*place] = *amount;
        }
        sent
    }
}

fn amount(line: &BasketLine) -> Money {
    line.unit_price.max(Money::ZERO).times(line.quantity)
}
