//! What can happen to a return.

use contracts::returns::ReturnStatus::{self, Approved, Cancelled, Closed, Received, RefundDue, Rejected, Requested};

/// Every change that there is.
const CHANGES: &[(ReturnStatus, ReturnStatus)] = &[
    (Requested, Approved),
    (Requested, Rejected),
    (Requested, Cancelled),
    (Approved, Received),
    // While the goods are with the customer.
    (Approved, Cancelled),
    (Received, RefundDue),
    // Nothing of it was accepted, so there is nothing to refund.
    (Received, Closed),
    (RefundDue, Closed),
];

pub fn may_become(current: ReturnStatus, next: ReturnStatus) -> bool {
    CHANGES.contains(&(current, next))
}

/// Nothing more will come.
pub fn is_finished(status: ReturnStatus) -> bool {
    !CHANGES.iter().any(|(from, _)| *from == status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_money_leaves_out_no_stage() {
        let way = [Requested, Approved, Received, RefundDue, Closed];
        for (i, from) in way.iter().enumerate() {
            for (j, to) in way.iter().enumerate() {
                let allowed = j == i + 1 || (*from == Received && *to == Closed);
                assert_eq!(may_become(*from, *to), allowed, "{from} -> {to}");
            }
        }
    }

    #[test]
    fn only_a_request_is_rejected_and_only_what_has_not_come_is_cancelled() {
        for from in ReturnStatus::ALL {
            assert_eq!(may_become(*from, Rejected), *from == Requested, "{from}");
            assert_eq!(may_become(*from, Cancelled), matches!(*from, Requested | Approved), "{from}");
        }
    }

    #[test]
    fn closed_rejected_and_cancelled_are_the_ends() {
        let ends: Vec<_> = ReturnStatus::ALL.iter().copied().filter(|status| is_finished(*status)).collect();
        assert_eq!(ends, [Rejected, Closed, Cancelled]);
    }
}
