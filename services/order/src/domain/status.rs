//! What may become of an order.

use contracts::order::{OrderStatus, TimelineKind};
use types::text_enum;

text_enum! {
    /// What happens to an order.
    pub enum Change {
        /// It is paid, or will be at the door, and its stock is sold.
        Confirm = "confirm",
        /// Somebody began to pick and pack it.
        Process = "process",
        /// The carrier has it.
        Ship = "ship",
        Deliver = "deliver",
        /// Before the carrier has it.
        Cancel = "cancel",
        /// The carrier brought it back undelivered.
        ReturnToSeller = "return_to_seller",
        /// The carrier lost it.
        Lose = "lose",
    }
}

/// A change that an order in this status does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {status} does not allow: {change}")]
pub struct Refused {
    pub status: OrderStatus,
    pub change: Change,
}

/// Whatever is not in this table is refused. News of a parcel comes in any order, so a later stage may be reached from each
/// earlier one.
const TRANSITIONS: &[(OrderStatus, Change, OrderStatus)] = {
    use Change::{Cancel, Confirm, Deliver, Lose, Process, ReturnToSeller, Ship};
    use OrderStatus::{Cancelled, Confirmed, Delivered, Pending, Processing, Shipped};
    &[
        (Pending, Confirm, Confirmed),
        (Pending, Cancel, Cancelled),
        (Confirmed, Process, Processing),
        (Confirmed, Ship, Shipped),
        (Confirmed, Deliver, Delivered),
        (Confirmed, Cancel, Cancelled),
        (Confirmed, ReturnToSeller, Cancelled),
        (Processing, Ship, Shipped),
        (Processing, Deliver, Delivered),
        (Processing, Cancel, Cancelled),
        (Processing, ReturnToSeller, Cancelled),
        (Shipped, Deliver, Delivered),
        (Shipped, ReturnToSeller, Cancelled),
        (Shipped, Lose, Cancelled),
    ]
};

/// The status after a change.
///
/// # Errors
/// The table does not have this change for this status.
pub fn after(status: OrderStatus, change: Change) -> Result<OrderStatus, Refused> {
    TRANSITIONS
        .iter()
        .find(|(from, by, _)| (*from, *by) == (status, change))
        .map(|(_, _, to)| *to)
        .ok_or(Refused { status, change })
}

/// How the history calls it when an order gets this status.
pub fn kind_of(status: OrderStatus) -> TimelineKind {
    match status {
        OrderStatus::Pending => TimelineKind::Placed,
        OrderStatus::Confirmed => TimelineKind::Confirmed,
        OrderStatus::Processing => TimelineKind::Processing,
        OrderStatus::Shipped => TimelineKind::Shipped,
        OrderStatus::Delivered => TimelineKind::Delivered,
        OrderStatus::Cancelled => TimelineKind::Cancelled,
    }
}

/// Does the customer see it in the order's history? The rest concerns staff.
pub fn is_for_customer(kind: TimelineKind) -> bool {
    !matches!(
        kind,
        TimelineKind::StockUpdate | TimelineKind::CartUpdate | TimelineKind::CameTooLate | TimelineKind::RefundFailed
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_change() -> impl Strategy<Value = Change> {
        prop::sample::select(Change::ALL)
    }

    #[test]
    fn an_order_goes_from_placed_to_delivered() {
        let way = [Change::Confirm, Change::Process, Change::Ship, Change::Deliver];
        let end = way.iter().try_fold(OrderStatus::Pending, |status, change| after(status, *change));
        assert_eq!(end, Ok(OrderStatus::Delivered));
    }

    #[test]
    fn it_can_be_cancelled_until_the_carrier_has_it() {
        for status in OrderStatus::ALL {
            let can = matches!(status, OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::Processing);
            assert_eq!(after(*status, Change::Cancel).is_ok(), can, "{status}");
        }
    }

    #[test]
    fn only_what_the_carrier_has_can_be_lost() {
        for status in OrderStatus::ALL {
            assert_eq!(after(*status, Change::Lose).is_ok(), *status == OrderStatus::Shipped, "{status}");
        }
    }

    #[test]
    fn what_is_delivered_or_cancelled_stays_so() {
        for change in Change::ALL {
            assert!(after(OrderStatus::Delivered, *change).is_err());
            assert!(after(OrderStatus::Cancelled, *change).is_err());
        }
    }

    proptest! {
        #[test]
        fn goods_leave_only_after_the_order_was_confirmed(changes in prop::collection::vec(any_change(), 0..12)) {
            let (mut status, mut confirmed) = (OrderStatus::Pending, false);
            for change in changes {
                if let Ok(next) = after(status, change) {
                    confirmed |= change == Change::Confirm;
                    status = next;
                }
                let left = matches!(status, OrderStatus::Processing | OrderStatus::Shipped | OrderStatus::Delivered);
                prop_assert!(confirmed || !left);
            }
        }

        /// The parcel's news overtake one another; delivered is where it ends.
        #[test]
        fn the_end_does_not_depend_on_the_order_of_the_news(
            news in Just(vec![Change::Process, Change::Ship, Change::Deliver]).prop_shuffle()
        ) {
            let end = news.iter().fold(OrderStatus::Confirmed, |status, change| after(status, *change).unwrap_or(status));
            prop_assert_eq!(end, OrderStatus::Delivered);
        }
    }
}
