//! What may become of an order's stock, and what a change of the stock is worth telling.

use std::collections::BTreeMap;

use contracts::product::{Shortage, StockLine};
use types::{LocationId, VariantId};

/// More pieces than this of one variant are nobody's order.
pub const LARGEST_QUANTITY: u32 = 1_000_000;

types::text_enum! {
    /// What has become of an order's stock.
    pub enum OrderStock {
        /// Set aside until a time.
        Held = "held",
        /// Asked for, but there was not enough.
        Short = "short",
        /// Sold.
        Committed = "committed",
        /// Set aside, but nobody came in time.
        Expired = "expired",
        /// Given back. It stays so: a late request must not set it aside again.
        Released = "released",
    }
}

impl OrderStock {
    /// What a commitment turns into a sale as it stands.
    pub const COMMITTABLE: &[OrderStock] = &[OrderStock::Held];
    /// What a commitment first has to set aside again.
    pub const RECLAIMABLE: &[OrderStock] = &[OrderStock::Expired, OrderStock::Short];
    /// What a release closes.
    pub const RELEASABLE: &[OrderStock] =
        &[OrderStock::Held, OrderStock::Short, OrderStock::Committed, OrderStock::Expired];
}

/// What an order asks for: each variant once, in a stable order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    lines: Vec<StockLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongDemand {
    #[error("must have a line")]
    Empty,
    #[error("must ask for 1 to {LARGEST_QUANTITY} pieces of a variant")]
    Quantity,
}

impl Demand {
    /// Sums the lines of one variant.
    ///
    /// # Errors
    /// There are no lines, or a variant's quantity is zero or beyond all measure.
    pub fn of(lines: &[StockLine]) -> Result<Self, WrongDemand> {
        let mut by_variant = BTreeMap::<VariantId, u32>::new();
        for line in lines {
            if line.quantity == 0 {
                return Err(WrongDemand::Quantity);
            }
            let sum = by_variant.entry(line.variant_id).or_default();
            *sum = sum.saturating_add(line.quantity);
        }
        if by_variant.is_empty() {
            return Err(WrongDemand::Empty);
        }
        if by_variant.values().any(|quantity| *quantity > LARGEST_QUANTITY) {
            return Err(WrongDemand::Quantity);
        }
        let lines = by_variant.into_iter().map(|(variant_id, quantity)| StockLine { variant_id, quantity }).collect();
        Ok(Demand { lines })
    }

    pub fn lines(&self) -> &[StockLine] {
        &self.lines
    }
}

/// Pieces of a variant that are set aside or sold for an order, at one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    pub variant_id: VariantId,
    pub location_id: LocationId,
    pub quantity: i32,
}

/// The same pieces, wherever they are: what an event says.
pub fn lines_of(portions: &[Portion]) -> Vec<StockLine> {
    let mut by_variant = BTreeMap::<VariantId, u32>::new();
    for portion in portions {
        *by_variant.entry(portion.variant_id).or_default() += portion.quantity.unsigned_abs();
    }
    by_variant.into_iter().map(|(variant_id, quantity)| StockLine { variant_id, quantity }).collect()
}

/// A change of the stock of a variant at one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub variant_id: VariantId,
    pub location_id: LocationId,
    pub on_hand: i32,
    pub reserved: i32,
}

impl Portion {
    /// Pieces that were set aside are anybody's again.
    pub fn unreserved(&self) -> Move {
        self.moved(0, -self.quantity)
    }

    /// Pieces that were set aside leave the house.
    pub fn sold(&self) -> Move {
        self.moved(-self.quantity, -self.quantity)
    }

    /// Pieces come (back) into the house.
    pub fn stocked(&self) -> Move {
        self.moved(self.quantity, 0)
    }

    fn moved(&self, on_hand: i32, reserved: i32) -> Move {
        Move { variant_id: self.variant_id, location_id: self.location_id, on_hand, reserved }
    }
}

/// Pieces of a variant that could be had before a change and can be had after it, over all locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub variant_id: VariantId,
    pub before: i32,
    pub after: i32,
    /// When so few are left, somebody is told.
    pub low_at: i32,
}

impl Level {
    /// It fell to the mark just now.
    pub fn ran_low(&self) -> bool {
        self.before > self.low_at && self.after <= self.low_at
    }

    pub fn came_back(&self) -> bool {
        self.before <= 0 && self.after > 0
    }

    pub fn ran_out(&self) -> bool {
        self.before > 0 && self.after <= 0
    }
}

/// What an order asked for, and what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub variant_id: VariantId,
    pub requested: i32,
    pub available: i32,
    pub low_at: i32,
}

impl Asked {
    pub fn shortage(&self) -> Option<Shortage> {
        (self.available < self.requested).then(|| Shortage {
            variant_id: self.variant_id,
            requested: self.requested.unsigned_abs(),
            available: u32::try_from(self.available).unwrap_or(0),
        })
    }

    /// The level once the request was granted.
    pub fn granted(&self) -> Level {
        Level {
            variant_id: self.variant_id,
            before: self.available,
            after: self.available - self.requested,
            low_at: self.low_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(n: u128, quantity: u32) -> StockLine {
        StockLine { variant_id: VariantId(uuid::Uuid::from_u128(n)), quantity }
    }

    #[test]
    fn a_demand_of_nothing_is_refused() {
        assert_eq!(Demand::of(&[]), Err(WrongDemand::Empty));
        assert_eq!(Demand::of(&[line(1, 1), line(2, 0)]), Err(WrongDemand::Quantity));
    }

    #[test]
    fn a_demand_beyond_all_measure_is_refused_even_in_parts() {
        assert_eq!(Demand::of(&[line(1, u32::MAX), line(1, u32::MAX)]), Err(WrongDemand::Quantity));
        assert_eq!(Demand::of(&[line(1, LARGEST_QUANTITY), line(1, 1)]), Err(WrongDemand::Quantity));
    }

    #[test]
    fn a_level_tells_its_crossing_once() {
        let level = |before, after| Level { variant_id: line(1, 1).variant_id, before, after, low_at: 5 };
        assert!(level(6, 5).ran_low() && !level(5, 4).ran_low() && !level(4, 6).ran_low());
        assert!(level(0, 1).came_back() && !level(1, 2).came_back() && !level(0, 0).came_back());
        assert!(level(1, 0).ran_out() && !level(0, 0).ran_out());
    }

    proptest! {
        #[test]
        fn a_demand_has_each_variant_once_in_order_and_all_pieces(lines in prop::collection::vec((0u128..6, 1u32..50), 1..20)) {
            let lines: Vec<StockLine> = lines.into_iter().map(|(n, quantity)| line(n, quantity)).collect();
            let demand = Demand::of(&lines).unwrap();
            prop_assert!(demand.lines().windows(2).all(|pair| pair[0].variant_id < pair[1].variant_id));
            let pieces = |lines: &[StockLine]| lines.iter().map(|l| l.quantity).sum::<u32>();
            prop_assert_eq!(pieces(demand.lines()), pieces(&lines));
        }
    }
}
