//! What follows from news about money: the books change, events are published and refunds begin, in one transaction.

use contracts::payment::{
    AttemptStatus, CodCollected, PaymentAuthorized, PaymentFacts, PaymentFailed, PaymentLateAuthorized, PaymentMethod,
    PaymentSucceeded, RefundFacts, RefundFailed, RefundState, RefundSucceeded,
};
use platform::db::{OnConstraint, Tx};
use platform::{Problem, Result};
use types::{Money, RefundId, ReturnId, Timestamp, UserId};

use crate::counters;
use crate::domain::attempt::ask_again_at;
use crate::domain::{Attempt, Cause, Consequence, Ledger, NotEnough, Reported};
use crate::jobs;
use crate::provider::{PaymentReport, RefundOutcome};
use crate::store::intent::Details;
use crate::store::refund::NewRefundRow;
use crate::store::{self, AttemptRow, IntentRow};

/// Why a report cannot be true of an attempt; a person must look at it then.
pub fn contradiction(attempt: &AttemptRow, report: &PaymentReport) -> Option<String> {
    if report.state != Reported::Captured {
        return None;
    }
    if let Some(amount) = report.amount.filter(|amount| *amount != attempt.amount) {
        return Some(format!("{amount} was captured for attempt {} of {}", attempt.id, attempt.amount));
    }
    match (&attempt.payment_id, &report.payment_id) {
        (Some(first), Some(second)) if attempt.status == AttemptStatus::Succeeded && first != second => {
            Some(format!("{second} was captured for attempt {} that {first} has paid", attempt.id))
        }
        _ => None,
    }
}

/// Applies what a provider says of a locked attempt. Does nothing if it is not news.
pub async fn report(
    tx: &mut Tx,
    intent: &IntentRow,
    attempt: &AttemptRow,
    report: &PaymentReport,
    now: Timestamp,
) -> Result<()> {
    let (mut ledger, mut money) = (intent.ledger(), attempt.money());
    let consequences = ledger.reported(&mut money, report.state);
    if report.state == Reported::Authorized && attempt.status != AttemptStatus::Succeeded {
        // What is set aside is to be taken, or it is neither ours nor the customer's: at once, whatever became of the attempt.
        store::attempt::ask_at(tx, attempt.id, attempt.status, Some(now)).await?;
        tx.wake_job(jobs::POLL_ATTEMPTS);
    }
    if money.status == attempt.status {
        return Ok(());
    }
    if consequences.contains(&Consequence::Succeeded) && attempt.method == PaymentMethod::Card {
        store::saved_method::keep(tx, attempt.id, intent.customer_id, now).await?;
    }
    let reference = report.reference.clone().or_else(|| attempt.reference.clone());
    let details = Details {
        // Without a name for it, there is nothing to ask about.
        ask_again_at: reference.as_ref().and_then(|_| ask_again_at(attempt.created_at, now)),
        reference,
        payment_id: report.payment_id.clone(),
        failure_reason: report.failure.clone(),
    };
    let facts = PaymentFacts {
        intent_id: intent.id,
        attempt_id: attempt.id,
        order_id: intent.order_id,
        customer_id: intent.customer_id,
        amount: attempt.amount,
        method: attempt.method,
        at: report.at.unwrap_or(now),
    };
    let change = Change { intent, ledger, attempts: &[money], details, facts: Some(facts), consequences };
    change.write(tx, now).await
}

/// The order was cancelled.
pub async fn cancelled(tx: &mut Tx, intent: &IntentRow, now: Timestamp) -> Result<()> {
    let mut ledger = intent.ledger();
    let mut attempts = money(tx, intent).await?;
    let consequences = ledger.cancelled(&mut attempts);
    if ledger == intent.ledger() {
        return Ok(());
    }
    Change { intent, ledger, attempts: &attempts, details: Details::default(), facts: None, consequences }
        .write(tx, now)
        .await
}

/// The carrier was paid at the door.
pub async fn cash_collected(tx: &mut Tx, intent: &IntentRow, amount: Money, now: Timestamp) -> Result<()> {
    let mut ledger = intent.ledger();
    let consequences = ledger.cash_collected(amount);
    if consequences.is_empty() {
        return Ok(());
    }
    Change { intent, ledger, attempts: &[], details: Details::default(), facts: None, consequences }
        .write(tx, now)
        .await
}

/// A refund that somebody asks for.
pub struct Wanted<'a> {
    pub id: RefundId,
    pub cause: Cause,
    pub amount: Money,
    pub reason: &'a str,
}

/// Records a refund and holds its money. `None` if less than that is left; nothing has happened then.
pub async fn request_refund<'w>(
    tx: &mut Tx,
    intent: &IntentRow,
    wanted: &'w Wanted<'_>,
    now: Timestamp,
) -> Result<std::result::Result<NewRefundRow<'w>, NotEnough>> {
    let mut ledger = intent.ledger();
    let mut attempts = money(tx, intent).await?;
    let attempt = match ledger.hold(&mut attempts, None, wanted.amount) {
        Ok(attempt) => attempt,
        Err(not_enough) => return Ok(Err(not_enough)),
    };
    store::intent::save(tx, intent.id, &ledger, intent.version + 1, &attempts, &Details::default(), now).await?;
    let row = row(intent, wanted, attempt, now);
    store::refund::insert(tx, &row).await?;
    tx.wake_job(jobs::EXECUTE_REFUNDS);
    Ok(Ok(row))
}

impl From<NotEnough> for Problem {
    fn from(not_enough: NotEnough) -> Self {
        Problem::conflict("refund-exceeds-payment", "Less than that is left of what was paid")
            .with("refundable", not_enough.left)
    }
}

/// How a refund that failed is made good.
pub struct Remedy<'a> {
    /// The member of staff who sees to it.
    pub by: UserId,
    /// The bank's reference, if they have paid it out; without it, the provider is asked once more.
    pub bank_reference: Option<&'a str>,
}

/// Makes a failed refund good, to the payment and for the cause that it was for, in a row of its own: its id is the provider's key,
/// and what failed under the old one fails for ever.
///
/// # Errors
/// A conflict if it has not failed, if it was made good before, or if less than its amount is left.
pub async fn make_good<'f>(
    tx: &mut Tx,
    failed: &'f store::refund::Locked,
    remedy: &Remedy<'f>,
    now: Timestamp,
) -> Result<NewRefundRow<'f>> {
    let nothing_failed = || Problem::conflict("refund-not-failed", "It has not failed, or was made good before");
    if !failed.is_to_be_made_good {
        return Err(nothing_failed());
    }
    let (intent, mut ledger) = (&failed.intent, failed.intent.ledger());
    let mut attempts = money(tx, intent).await?;
    let to = failed.attempt.as_ref().map(|attempt| attempt.id);
    let attempt_id = ledger.hold(&mut attempts, to, failed.amount)?;
    let row = NewRefundRow {
        id: RefundId::new(),
        intent_id: intent.id,
        attempt_id,
        cause: failed.cause.clone(),
        return_id: failed.return_id,
        amount: failed.amount,
        reason: &failed.reason,
        requested_by: Some(remedy.by),
        failure_reason: None,
        bank_reference: remedy.bank_reference,
        now,
    };
    store::refund::insert(tx, &row).await.on_constraint("refund_cause_once", nothing_failed)?;
    let version = intent.version + 1;
    if remedy.bank_reference.is_some() {
        ledger.refund_ended(None, row.amount, true);
        let refund = refund_facts(intent, row.id, row.return_id, row.amount, &ledger);
        tx.publish(intent.id, version, &RefundSucceeded { refund })?;
        tx.count_money(counters::refunded(), row.amount);
    } else {
        tx.wake_job(jobs::EXECUTE_REFUNDS);
    }
    store::intent::save(tx, intent.id, &ledger, version, &attempts, &Details::default(), now).await?;
    Ok(row)
}

/// Records a refund that cannot be paid, so that staff see it.
pub async fn refuse_refund(
    tx: &mut Tx,
    intent: &IntentRow,
    wanted: &Wanted<'_>,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    let row = NewRefundRow { failure_reason: Some(why), ..row(intent, wanted, None, now) };
    store::refund::insert(tx, &row).await?;
    let version = intent.version + 1;
    store::intent::save(tx, intent.id, &intent.ledger(), version, &[], &Details::default(), now).await?;
    let refund = refund_facts(intent, wanted.id, row.return_id, wanted.amount, &intent.ledger());
    tx.publish(intent.id, version, &RefundFailed { refund, reason: why.to_owned() })?;
    Ok(())
}

/// How a refund ended. False if there is no such refund; nothing happens if it had ended before.
pub async fn refund_ended(
    tx: &mut Tx,
    id: RefundId,
    provider_refund_id: Option<&str>,
    outcome: RefundOutcome,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let Some(locked) = store::refund::lock(tx, id).await? else { return Ok(false) };
    if outcome == RefundOutcome::Pending {
        if let Some(provider_refund_id) = provider_refund_id {
            store::refund::begun(tx, id, provider_refund_id).await?;
        }
        return Ok(true);
    }
    if locked.state != RefundState::Requested {
        if locked.state == RefundState::Failed && outcome == RefundOutcome::Succeeded {
            tracing::error!(refund = %id, "the provider paid a refund that it had refused; it may be made good by now");
        }
        return Ok(true);
    }
    let store::refund::Locked { intent, mut attempt, amount, return_id, .. } = locked;
    let succeeded = outcome == RefundOutcome::Succeeded;
    let mut ledger = intent.ledger();
    ledger.refund_ended(attempt.as_mut(), amount, succeeded);
    let state = if succeeded { RefundState::Succeeded } else { RefundState::Failed };
    let failure = failure.filter(|_| !succeeded);
    store::refund::end(tx, id, state, provider_refund_id, failure, now).await?;
    let (version, attempts) = (intent.version + 1, attempt.into_iter().collect::<Vec<_>>());
    store::intent::save(tx, intent.id, &ledger, version, &attempts, &Details::default(), now).await?;
    let refund = refund_facts(&intent, id, return_id, amount, &ledger);
    if succeeded {
        tx.publish(intent.id, version, &RefundSucceeded { refund })?;
        tx.count_money(counters::refunded(), amount);
    } else {
        let reason = failure.unwrap_or("The provider refused").to_owned();
        tx.publish(intent.id, version, &RefundFailed { refund, reason })?;
    }
    Ok(true)
}

/// A change of an intent's books with what follows from it.
struct Change<'a> {
    intent: &'a IntentRow,
    ledger: Ledger,
    attempts: &'a [Attempt],
    details: Details,
    /// Of the attempt that the change is about.
    facts: Option<PaymentFacts>,
    consequences: Vec<Consequence>,
}

impl Change<'_> {
    /// Each event has a version of its own, so that a consumer that has heard one does not take the next for a repeat.
    async fn write(self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let Change { intent, ledger, attempts, details, facts, consequences } = self;
        let events = consequences.iter().filter(|c| !matches!(c, Consequence::Refund { .. })).count();
        let version = intent.version + i64::try_from(events).unwrap_or(i64::MAX).max(1);
        store::intent::save(tx, intent.id, &ledger, version, attempts, &details, now).await?;
        let mut next = version - i64::try_from(events).unwrap_or_default();
        for consequence in consequences {
            if let Consequence::Refund { attempt, amount, cause } = consequence {
                let wanted = Wanted { id: RefundId::new(), reason: cause.words(), cause, amount };
                store::refund::insert(tx, &row(intent, &wanted, attempt, now)).await?;
                tx.wake_job(jobs::EXECUTE_REFUNDS);
                continue;
            }
            next += 1;
            let subject = intent.id;
            if let Some(payment) = &facts {
                count(tx, &consequence, payment);
            }
            match (consequence, facts.clone()) {
                (Consequence::Authorized, Some(payment)) => {
                    tx.publish(subject, next, &PaymentAuthorized { payment })?
                }
                (Consequence::Succeeded, Some(payment)) => tx.publish(subject, next, &PaymentSucceeded { payment })?,
                (Consequence::LateAuthorized, Some(payment)) => {
                    tx.publish(subject, next, &PaymentLateAuthorized { payment })?;
                }
                (Consequence::Failed, Some(payment)) => {
                    let reason = details.failure_reason.clone().unwrap_or_else(|| "The payment failed".to_owned());
                    tx.publish(subject, next, &PaymentFailed { payment, reason })?;
                }
                (Consequence::CashCollected, _) => {
                    let collected = CodCollected {
                        intent_id: intent.id,
                        order_id: intent.order_id,
                        customer_id: intent.customer_id,
                        amount: ledger.cash,
                    };
                    tx.publish(subject, next, &collected)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Counts how an attempt to pay has ended, if it has.
fn count(tx: &mut Tx, consequence: &Consequence, payment: &PaymentFacts) {
    let outcome = match consequence {
        Consequence::Succeeded => "succeeded",
        Consequence::LateAuthorized => "late",
        Consequence::Failed => "failed",
        _ => return,
    };
    tx.count(counters::attempts(payment.method, outcome), 1);
}

async fn money(tx: &mut Tx, intent: &IntentRow) -> Result<Vec<Attempt>> {
    Ok(store::attempt::of_intent(tx, intent.id).await?.iter().map(AttemptRow::money).collect())
}

fn row<'a>(
    intent: &IntentRow,
    wanted: &'a Wanted<'_>,
    attempt_id: Option<types::AttemptId>,
    now: Timestamp,
) -> NewRefundRow<'a> {
    let (return_id, requested_by): (Option<ReturnId>, Option<UserId>) = match &wanted.cause {
        Cause::Return(id) => (Some(*id), None),
        Cause::Staff { by, .. } => (None, Some(*by)),
        _ => (None, None),
    };
    NewRefundRow {
        id: wanted.id,
        intent_id: intent.id,
        attempt_id,
        cause: match &wanted.cause {
            // There is one per intent, and nothing else in the text tells the intents apart.
            cause @ (Cause::Cancelled(None) | Cause::Late(None)) => format!("{cause}:{}", intent.id),
            cause => cause.to_string(),
        },
        return_id,
        amount: wanted.amount,
        reason: wanted.reason,
        requested_by,
        failure_reason: None,
        bank_reference: None,
        now,
    }
}

fn refund_facts(
    intent: &IntentRow,
    refund_id: RefundId,
    return_id: Option<ReturnId>,
    amount: Money,
    ledger: &Ledger,
) -> RefundFacts {
    RefundFacts {
        refund_id,
        intent_id: intent.id,
        order_id: intent.order_id,
        customer_id: intent.customer_id,
        return_id,
        amount,
        refunded_total: ledger.refunded_of_order(),
    }
}
