//! What is refunded for pieces of a line.

use types::Money;

/// The refund for `accepted` pieces of a line of `ordered` for which `paid` was paid in all, after `before` pieces of it were
/// refunded. It is the difference of two running shares, so that the refunds of all pieces sum to `paid`, however they come back.
pub fn for_pieces(paid: Money, ordered: u32, before: u32, accepted: u32) -> Money {
    share(paid, ordered, before.saturating_add(accepted)) - share(paid, ordered, before)
}

/// What the first `pieces` of the line cost, rounded down to the paisa; the whole for all of them.
fn share(paid: Money, ordered: u32, pieces: u32) -> Money {
    if pieces >= ordered {
        return paid;
    }
    let share = i128::from(paid.paise()) * i128::from(pieces) / i128::from(ordered);
    Money::from_paise(i64::try_from(share).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_paisa_that_cannot_be_divided_goes_to_the_last_piece() {
        let paid = Money::from_paise(100);
        let refunds: Vec<_> = (0..3).map(|before| for_pieces(paid, 3, before, 1).paise()).collect();
        assert_eq!(refunds, [33, 33, 34]);
    }

    proptest! {
        #[test]
        fn partial_returns_sum_to_what_was_paid(paise in 0i64..1_000_000_000, parts in prop::collection::vec(0u32..20, 1..12)) {
            let (paid, ordered) = (Money::from_paise(paise), parts.iter().sum::<u32>());
            prop_assume!(ordered > 0);
            let (mut before, mut refunded) = (0, Money::ZERO);
            for accepted in parts {
                let refund = for_pieces(paid, ordered, before, accepted);
                prop_assert!(!refund.is_negative());
                before += accepted;
                refunded += refund;
                prop_assert!(refunded <= paid);
            }
            prop_assert_eq!(refunded, paid);
        }
    }
}
