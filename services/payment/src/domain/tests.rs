//! Properties of the rules, whatever comes in whichever order.

use contracts::payment::{AttemptStatus, IntentStatus};
use proptest::prelude::*;
use types::{AttemptId, Money};

use super::{Attempt, Cause, Consequence, Ledger, NotEnough, Reported};

const PRICE: Money = Money::from_paise(49_900);

fn ledger(status: IntentStatus) -> Ledger {
    let nothing = Money::ZERO;
    Ledger { status, amount: PRICE, captured: nothing, cash: nothing, refunding: nothing, refunded: nothing }
}

fn attempt() -> Attempt {
    Attempt { id: AttemptId::new(), status: AttemptStatus::Created, amount: PRICE, held: Money::ZERO }
}

fn is_sound(ledger: &Ledger, attempts: &[Attempt]) {
    let paid: Money = attempts.iter().filter(|a| a.status == AttemptStatus::Succeeded).map(|a| a.amount).sum();
    assert_eq!(ledger.captured, paid + ledger.cash);
    assert!(ledger.refunded + ledger.refunding <= ledger.captured, "{ledger:?}");
    assert!(attempts.iter().all(|a| !a.held.is_negative() && a.held <= a.amount));
}

fn refunds(consequences: &[Consequence]) -> Money {
    let amounts = consequences.iter().map(|c| match c {
        Consequence::Refund { amount, .. } => *amount,
        _ => Money::ZERO,
    });
    amounts.sum()
}

/// What a provider may say of one payment, with repeats, in any order.
fn news() -> impl Strategy<Value = Vec<Reported>> {
    prop::collection::vec(prop::sample::select(Reported::ALL), 1..12)
}

#[derive(Clone, Debug)]
enum Step {
    Says(usize, Reported),
    Cancelled,
    Cash,
    Refund(i64),
    RefundEnded(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0usize..3, prop::sample::select(Reported::ALL)).prop_map(|(n, r)| Step::Says(n, r)),
        1 => Just(Step::Cancelled),
        1 => Just(Step::Cash),
        3 => (1i64..60_000).prop_map(Step::Refund),
        3 => any::<bool>().prop_map(Step::RefundEnded),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #[test]
    fn the_order_of_news_does_not_matter((news, shuffled) in news().prop_flat_map(|n| (Just(n.clone()), Just(n).prop_shuffle()))) {
        let run = |news: &[Reported]| {
            let (mut ledger, mut attempt) = (ledger(IntentStatus::Open), attempt());
            let consequences: Vec<_> = news.iter().flat_map(|report| ledger.reported(&mut attempt, *report)).collect();
            (ledger, attempt.status, consequences)
        };
        let (one, status, consequences) = run(&news);
        let (other, other_status, _) = run(&shuffled);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(status, other_status);
        let captured = news.contains(&Reported::Captured);
        let succeeded = consequences.iter().filter(|c| **c == Consequence::Succeeded).count();
        prop_assert_eq!(succeeded, usize::from(captured));
        prop_assert_eq!(one.status == IntentStatus::Paid, captured);
        prop_assert_eq!(refunds(&consequences), Money::ZERO);
    }

    #[test]
    fn all_that_comes_for_a_cancelled_order_goes_back(news in news(), at in 0usize..12) {
        let (mut ledger, mut attempts) = (ledger(IntentStatus::Open), [attempt()]);
        let mut consequences = Vec::new();
        for (n, report) in news.iter().enumerate() {
            if n == at {
                consequences.extend(ledger.cancelled(&mut attempts));
            }
            consequences.extend(ledger.reported(&mut attempts[0], *report));
        }
        consequences.extend(ledger.cancelled(&mut attempts));
        prop_assert_eq!(refunds(&consequences), ledger.captured);
        prop_assert_eq!(ledger.refundable(), Money::ZERO);
        is_sound(&ledger, &attempts);
    }

    #[test]
    fn the_books_are_sound_whatever_happens(steps in steps()) {
        let (mut ledger, mut attempts) = (ledger(IntentStatus::Open), [attempt(), attempt(), attempt()]);
        let mut under_way: Vec<(Option<AttemptId>, Money)> = Vec::new();
        for step in steps {
            let consequences = match step {
                Step::Says(n, report) => ledger.reported(&mut attempts[n], report),
                Step::Cancelled => ledger.cancelled(&mut attempts),
                Step::Cash => ledger.cash_collected(PRICE),
                Step::Refund(paise) => {
                    let (amount, cause) = (Money::from_paise(paise), Cause::Late(None));
                    let held = ledger.hold(&mut attempts, None, amount).ok();
                    held.map(|attempt| Consequence::Refund { attempt, amount, cause }).into_iter().collect()
                }
                Step::RefundEnded(succeeded) => {
                    if let Some((id, amount)) = under_way.pop() {
                        let attempt = attempts.iter_mut().find(|a| Some(a.id) == id);
                        ledger.refund_ended(attempt, amount, succeeded);
                    }
                    Vec::new()
                }
            };
            under_way.extend(consequences.into_iter().filter_map(|c| match c {
                Consequence::Refund { attempt, amount, .. } => Some((attempt, amount)),
                _ => None,
            }));
            is_sound(&ledger, &attempts);
            prop_assert_eq!(under_way.iter().map(|(_, amount)| *amount).sum::<Money>(), ledger.refunding);
        }
    }
}

#[test]
fn a_second_payment_of_a_paid_order_goes_back_and_the_first_stays() {
    let (mut ledger, mut first, mut second) = (ledger(IntentStatus::Open), attempt(), attempt());
    assert_eq!(ledger.reported(&mut first, Reported::Captured), [Consequence::Succeeded]);
    let refund = Consequence::Refund { attempt: Some(second.id), amount: PRICE, cause: Cause::Duplicate(second.id) };
    assert_eq!(ledger.reported(&mut second, Reported::Captured), [refund]);
    assert_eq!(ledger.refundable(), PRICE);
    assert_eq!(ledger.status, IntentStatus::Paid);
}

#[test]
fn no_more_is_held_than_is_left() {
    let (mut ledger, mut attempts) = (ledger(IntentStatus::Open), [attempt()]);
    ledger.reported(&mut attempts[0], Reported::Captured);
    let hold = |ledger: &mut Ledger, attempts: &mut [Attempt], paise| {
        ledger.hold(attempts, None, Money::from_paise(paise)).is_ok()
    };
    assert!(hold(&mut ledger, &mut attempts, 40_000));
    assert!(!hold(&mut ledger, &mut attempts, 9_901));
    assert!(hold(&mut ledger, &mut attempts, 9_900));
    assert_eq!(ledger.refundable(), Money::ZERO);
}

#[test]
fn what_failed_to_go_back_to_one_payment_is_held_of_that_payment_again() {
    let (mut ledger, mut attempts) = (ledger(IntentStatus::Open), [attempt(), attempt()]);
    for attempt in &mut attempts {
        ledger.reported(attempt, Reported::Captured);
    }
    // The second was paid in vain, and its refund fails.
    ledger.refund_ended(Some(&mut attempts[1]), PRICE, false);
    for id in [attempts[0].id, attempts[1].id] {
        let (mut ledger, mut attempts) = (ledger.clone(), attempts.clone());
        assert_eq!(ledger.hold(&mut attempts, Some(id), PRICE), Ok(Some(id)));
        assert_eq!(ledger.hold(&mut attempts, Some(id), PRICE), Err(NotEnough { left: Money::ZERO }));
    }
}

#[test]
fn what_was_paid_beyond_the_price_is_no_refund_of_the_order() {
    let price = |part: i64| Money::from_paise(PRICE.paise() / 10 * part);
    for (captured, refunded, of_order) in
        [(0, 0, 0), (10, 0, 0), (10, 3, 3), (10, 10, 10), (20, 0, 0), (20, 10, 0), (20, 13, 3), (20, 20, 10), (9, 2, 2)]
    {
        let ledger = Ledger { captured: price(captured), refunded: price(refunded), ..ledger(IntentStatus::Paid) };
        assert_eq!(ledger.refunded_of_order(), price(of_order), "{captured} - {refunded}");
    }
}

#[test]
fn cash_pays_once() {
    let mut ledger = ledger(IntentStatus::CashDue);
    assert_eq!(ledger.cash_collected(PRICE), [Consequence::CashCollected]);
    assert_eq!(ledger.cash_collected(PRICE), []);
    assert_eq!((ledger.status, ledger.captured), (IntentStatus::Paid, PRICE));
}
