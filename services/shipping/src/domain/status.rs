//! Where a parcel can go next.
//!
//! Carriers' news comes late, twice and out of order. Along the ordinary way a later stage always wins, whatever the clocks
//! say: `in_transit` after `out_for_delivery` is old news. Where a parcel may go back and forth, the later time wins.

use contracts::shipping::ShipmentStatus::{
    self, Cancelled, Created, Delivered, Exception, InTransit, OutForDelivery, Packed, PickedUp, Returned, Returning,
};
use types::Timestamp;

/// What news makes of what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The parcel is somewhere else now.
    Moves,
    /// It still is where it was, at a later time.
    Confirms,
    /// It is too old, or cannot be.
    Ignored,
}

/// What to make of news that the parcel was `next` at `at`, where it is `current` since `since`.
pub fn judge(current: ShipmentStatus, since: Timestamp, next: ShipmentStatus, at: Timestamp) -> Verdict {
    let is_newer = at > since;
    if MOVES.iter().any(|(from, to, when)| *from == current && *to == next && (*when == When::Always || is_newer)) {
        Verdict::Moves
    } else if current == next && is_newer && !is_finished(current) {
        Verdict::Confirms
    } else {
        Verdict::Ignored
    }
}

/// Is it still ours, so that it can simply be taken back?
pub fn is_in_our_hands(status: ShipmentStatus) -> bool {
    matches!(status, Created | Packed)
}

/// Is the carrier on its way with it?
pub fn is_under_way(status: ShipmentStatus) -> bool {
    matches!(status, PickedUp | InTransit | OutForDelivery | Exception)
}

/// Nothing more is expected. Of a cancelled parcel something may come all the same: the carrier had it already.
pub fn is_finished(status: ShipmentStatus) -> bool {
    matches!(status, Delivered | Returned | Cancelled)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Always,
    /// If the news is newer than what is known.
    IfNewer,
}

use When::{Always, IfNewer};

const MOVES: &[(ShipmentStatus, ShipmentStatus, When)] = &[
    (Created, Packed, Always),
    (Created, PickedUp, Always),
    (Created, InTransit, Always),
    (Created, OutForDelivery, Always),
    (Created, Delivered, Always),
    (Created, Exception, IfNewer),
    (Created, Returning, Always),
    (Created, Returned, Always),
    (Created, Cancelled, Always),
    (Packed, PickedUp, Always),
    (Packed, InTransit, Always),
    (Packed, OutForDelivery, Always),
    (Packed, Delivered, Always),
    (Packed, Exception, IfNewer),
    (Packed, Returning, Always),
    (Packed, Returned, Always),
    (Packed, Cancelled, Always),
    (PickedUp, InTransit, Always),
    (PickedUp, OutForDelivery, Always),
    (PickedUp, Delivered, Always),
    (PickedUp, Exception, IfNewer),
    (PickedUp, Returning, Always),
    (PickedUp, Returned, Always),
    (InTransit, OutForDelivery, Always),
    (InTransit, Delivered, Always),
    (InTransit, Exception, IfNewer),
    (InTransit, Returning, Always),
    (InTransit, Returned, Always),
    // Nobody was at home: back to the depot.
    (OutForDelivery, InTransit, IfNewer),
    (OutForDelivery, Delivered, Always),
    (OutForDelivery, Exception, IfNewer),
    (OutForDelivery, Returning, Always),
    (OutForDelivery, Returned, Always),
    // Tried in vain once more.
    (Exception, Exception, IfNewer),
    (Exception, InTransit, IfNewer),
    (Exception, OutForDelivery, IfNewer),
    (Exception, Delivered, Always),
    (Exception, Returning, Always),
    (Exception, Returned, Always),
    (Returning, Returned, Always),
    // It was picked up before the carrier heard that it was cancelled.
    (Cancelled, Delivered, Always),
    (Cancelled, Returning, Always),
    (Cancelled, Returned, Always),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_microseconds(second * 1_000_000)
    }

    /// Where a parcel is after this news has come in this order.
    fn after(news: &[(ShipmentStatus, i64)]) -> ShipmentStatus {
        let mut place = (Created, at(0));
        for (status, second) in news {
            if judge(place.0, place.1, *status, at(*second)) != Verdict::Ignored {
                place = (*status, at(*second));
            }
        }
        place.0
    }

    #[test]
    fn what_is_finished_stays_so() {
        for next in ShipmentStatus::ALL {
            assert_ne!(judge(Delivered, at(0), *next, at(9)), Verdict::Moves, "delivered -> {next}");
            assert_ne!(judge(Returned, at(0), *next, at(9)), Verdict::Moves, "returned -> {next}");
        }
    }

    #[test]
    fn what_the_carrier_has_is_not_cancelled() {
        for current in [PickedUp, InTransit, OutForDelivery, Exception, Returning] {
            assert_eq!(judge(current, at(0), Cancelled, at(9)), Verdict::Ignored, "{current}");
        }
    }

    #[test]
    fn a_cancelled_parcel_that_the_carrier_had_already_may_be_delivered() {
        assert_eq!(after(&[(Cancelled, 3), (PickedUp, 1), (InTransit, 2)]), Cancelled);
        assert_eq!(after(&[(Cancelled, 3), (PickedUp, 1), (Delivered, 2)]), Delivered);
    }

    #[test]
    fn a_failed_delivery_may_be_tried_again() {
        let way = [(PickedUp, 1), (OutForDelivery, 2), (Exception, 3), (InTransit, 4), (OutForDelivery, 5)];
        assert_eq!(after(&way), OutForDelivery);
        assert_eq!(after(&[(PickedUp, 1), (Exception, 3), (OutForDelivery, 2)]), Exception);
    }

    #[test]
    fn a_carriers_clock_that_is_behind_ours_holds_nothing_up() {
        assert_eq!(judge(Packed, at(100), PickedUp, at(90)), Verdict::Moves);
    }

    proptest! {
        #[test]
        fn the_order_in_which_news_arrives_does_not_matter(
            mut way in Just(vec![(PickedUp, 1), (InTransit, 2), (OutForDelivery, 3), (Exception, 4), (OutForDelivery, 5), (Delivered, 6)]).prop_shuffle(),
            known in 1usize..=6,
        ) {
            way.truncate(known);
            let mut sorted = way.clone();
            sorted.sort_by_key(|(_, second)| *second);
            prop_assert_eq!(after(&way), after(&sorted));
        }
    }
}
