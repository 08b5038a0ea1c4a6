//! Paying: an attempt is written down, then the provider is asked, then its answer is written down. Whatever is lost on the
//! way is found again by asking.

use std::time::Duration;

use aws_lc_rs::digest;
use contracts::order::{GetPayability, Payability};
use contracts::payment::{
    AttemptStatus, IntentStatus, NewPaymentAttempt, PaymentAction, PaymentAttempt, StartedAttempt,
};
use http::StatusCode;
use platform::idempotency::IdempotencyKey;
use platform::scope::Scope;
use platform::service::App;
use platform::{Problem, Result};
use types::{AttemptId, IntentId, Timestamp, UserId};

use crate::Payments;
use crate::domain::Reported;
use crate::domain::attempt::{advance, ask_again_at, is_undecided};
use crate::provider::{Known, NewPayment, PaymentReport, ProviderError};
use crate::settle;
use crate::store::attempt::{NewAttempt, ToAsk};
use crate::store::{self, AttemptRow, IntentRow};

/// A repeat of a request waits so long for the first one's answer.
const PATIENCE: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(25);
/// A payment that the provider does not know after so long will not turn up: no request of ours is under way any more.
const ABSENT_FOR_GOOD: Duration = Duration::from_secs(30);
/// Whoever wants to know within so long after somebody asked the provider gets what was learnt then: the provider limits us.
const FRESH: Duration = Duration::from_secs(2);
/// What it takes to answer a caller once the provider has been waited for.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);

/// Begins to pay, or answers what was begun with the same key.
pub async fn start(
    app: &Payments,
    customer: UserId,
    intent_id: IntentId,
    key: &IdempotencyKey,
    instrument: NewPaymentAttempt,
) -> Result<StartedAttempt> {
    let fingerprint = fingerprint(&instrument)?;
    let mut connection = app.db.primary().await?;
    let intent = store::intent::find(&mut connection, intent_id).await?;
    let intent = intent.filter(|i| i.customer_id == customer).ok_or_else(|| Problem::not_found("payment"))?;
    let begun = store::attempt::by_key(&mut connection, intent_id, key.as_str()).await?;
    drop(connection);
    if let Some(known) = begun {
        return repeat(app, &intent, known, key, &fingerprint, instrument).await;
    }
    if intent.status != IntentStatus::Open {
        return Err(not_payable(&intent));
    }
    let expires_at = match app.context().client().call(&GetPayability { order_id: intent.order_id }).await? {
        Payability::Payable { amount, expires_at } if amount == intent.amount => expires_at,
        Payability::Payable { amount, .. } => {
            let both = format!("the order's total is {amount}, its intent's {}", intent.amount);
            return Err(Problem::internal(both));
        }
        Payability::NotPayable { .. } | Payability::Absent => return Err(not_payable(&intent)),
    };

    let (id, now) = (AttemptId::new(), app.context().now());
    let new = NewAttempt {
        id,
        intent_id,
        key: key.as_str(),
        fingerprint: &fingerprint,
        provider: app.provider().name(),
        method: instrument.method(),
        amount: intent.amount,
        token_to_save: match &instrument {
            NewPaymentAttempt::Card { token, save: true } => Some(token),
            _ => None,
        },
        poll_at: now.plus(app.settings.poll_after),
        now,
    };
    let inserted = store::attempt::insert(&mut *app.db.primary().await?, &new).await;
    match inserted {
        Ok(true) => open(app, &intent, id, instrument, expires_at, now, false).await,
        // Lost the race against a request with the same key, or against another attempt, or the order has just been cancelled.
        lost => match known(app, intent_id, key).await? {
            Some(known) => repeat(app, &intent, known, key, &fingerprint, instrument).await,
            None => Err(match lost {
                Err(error) if is_another_under_way(&error) => {
                    Problem::conflict("attempt-in-progress", "Another attempt to pay is under way")
                        .detail("Finish it, or wait until it has failed: the payment says what there is to do.")
                }
                Err(error) => error.into(),
                Ok(_) => not_payable(&intent),
            }),
        },
    }
}

/// Asks the provider about every attempt of an intent that may have changed, side by side, and waits no longer than `at_most` and
/// than the caller does. What the provider does not tell in time is asked by the job.
pub async fn sync(app: &Payments, intent: IntentId, at_most: Duration) -> Result<()> {
    let now = app.context().now();
    let mut connection = app.db.primary().await?;
    let attempts = store::attempt::claim_of_intent(&mut connection, intent, now, now.minus(FRESH)).await?;
    drop(connection);
    let time = at_most.min(Scope::current().time_left().saturating_sub(TIME_TO_ANSWER));
    let asked = futures::future::join_all(attempts.iter().map(|attempt| ask(app, attempt)));
    match tokio::time::timeout(time, asked).await {
        Ok(asked) => asked.into_iter().collect(),
        Err(_) => {
            tracing::warn!(%intent, "the provider was not waited for; its answer will be asked for again");
            Ok(())
        }
    }
}

/// Asks the provider about an attempt and applies what it says.
pub async fn ask(app: &Payments, attempt: &ToAsk) -> Result<()> {
    let Some(provider) = app.provider_named(attempt.provider) else {
        tracing::warn!(attempt = %attempt.id, provider = %attempt.provider, "its provider is not configured any more");
        return Ok(());
    };
    let mut known = Known {
        attempt_id: attempt.id,
        reference: attempt.reference.clone(),
        payment_id: attempt.payment_id.clone(),
        amount: attempt.amount,
    };
    let mut report = match in_time(app, provider.fetch(&known)).await {
        Ok(report) => report,
        Err(error) => {
            tracing::warn!(attempt = %attempt.id, %error, "the provider could not be asked");
            return Ok(());
        }
    };
    // Whatever became of the order: what it does not need goes back, and the customer sees it, as nothing that is only set aside is.
    if let Some(authorized) = report.as_ref().filter(|r| r.state == Reported::Authorized) {
        known.payment_id.clone_from(&authorized.payment_id);
        match in_time(app, provider.capture(&known)).await {
            Ok(captured) => report = Some(captured),
            Err(error) => tracing::warn!(attempt = %attempt.id, %error, "an authorised payment could not be captured"),
        }
    }
    let now = app.context().now();
    let age = now.since(attempt.created_at);
    let report = match report {
        Some(report) if report.state == Reported::Pending && age > app.settings.attempt_window => PaymentReport {
            failure: Some("Nobody approved the payment in time".to_owned()),
            ..failed(report.reference)
        },
        Some(report) => report,
        None if age > ABSENT_FOR_GOOD => failed(None),
        None => return Ok(()),
    };
    match advance(attempt.status, report.state) {
        None if is_undecided(attempt.status) || report.state == Reported::Authorized => Ok(()),
        None => {
            let failed = attempt.status == AttemptStatus::Failed && attempt.reference.is_some();
            let next = ask_again_at(attempt.created_at, now).filter(|_| failed);
            let mut connection = app.db.primary().await?;
            Ok(store::attempt::ask_at(&mut connection, attempt.id, attempt.status, next).await?)
        }
        Some(AttemptStatus::Pending) => opened(app, attempt.id, &report, now).await.map(drop),
        Some(_) => apply(app, attempt.id, &report).await,
    }
}

/// The customer's intent; another's cannot be told from none.
pub async fn own_intent(app: &Payments, customer: UserId, id: IntentId) -> Result<IntentRow> {
    let found = store::intent::find(&mut *app.db.primary().await?, id).await?;
    found.filter(|intent| intent.customer_id == customer).ok_or_else(|| Problem::not_found("payment"))
}

/// The same request again: it gets the first one's answer, and finishes what the first could not.
async fn repeat(
    app: &Payments,
    intent: &IntentRow,
    mut attempt: AttemptRow,
    key: &IdempotencyKey,
    fingerprint: &[u8],
    instrument: NewPaymentAttempt,
) -> Result<StartedAttempt> {
    if attempt.fingerprint != fingerprint {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The Idempotency-Key was used for another request",
        )
        .field("idempotency-key", "take a new key for a new request"));
    }
    let waiting_since = tokio::time::Instant::now();
    loop {
        let now = app.context().now();
        let in_hand = now.since(attempt.created_at) <= app.settings.provider_time;
        match attempt.status {
            AttemptStatus::Created if in_hand && waiting_since.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
            AttemptStatus::Created if in_hand => {
                return Err(
                    Problem::conflict("request-in-progress", "The first request is still at work").retry_after(1)
                );
            }
            AttemptStatus::Created | AttemptStatus::Unknown => {
                let expires_at = intent.expires_at.unwrap_or(now);
                return open(app, intent, attempt.id, instrument, expires_at, attempt.created_at, true).await;
            }
            _ => return Ok(started(&attempt)),
        }
        attempt = known(app, intent.id, key).await?.ok_or_else(|| Problem::internal("an attempt has vanished"))?;
    }
}

/// Has the provider open a recorded attempt.
async fn open(
    app: &Payments,
    intent: &IntentRow,
    id: AttemptId,
    instrument: NewPaymentAttempt,
    expires_at: Timestamp,
    created_at: Timestamp,
    repeated: bool,
) -> Result<StartedAttempt> {
    let method = instrument.method();
    let payment = NewPayment {
        attempt_id: id,
        order_id: intent.order_id,
        order_number: intent.order_number.clone(),
        amount: intent.amount,
        instrument,
        expires_at,
        repeated,
    };
    let answer = in_time(app, app.provider().create(&payment)).await;
    let now = app.context().now();
    let wire = |status, failure_reason| PaymentAttempt {
        attempt_id: id,
        method,
        amount: intent.amount,
        status,
        failure_reason,
        created_at,
    };
    let report = match answer {
        Ok(report) if report.state == Reported::Pending => {
            let status = opened(app, id, &report, now).await?;
            let action = if status == AttemptStatus::Pending { report.action } else { PaymentAction::NONE };
            return Ok(StartedAttempt { attempt: wire(status, None), action });
        }
        Ok(report) => report,
        Err(ProviderError::Refused(reason)) => PaymentReport { failure: Some(reason), ..failed(None) },
        Err(ProviderError::NoAnswer(cause)) => {
            tracing::warn!(attempt = %id, cause, "the provider's answer was lost; it will be asked");
            store::attempt::lost(&mut *app.db.primary().await?, id, now.plus(app.settings.poll_after)).await?;
            return Ok(StartedAttempt { attempt: wire(AttemptStatus::Unknown, None), action: PaymentAction::NONE });
        }
    };
    apply(app, id, &report).await?;
    let (status, reason) = match report.state {
        Reported::Failed => (AttemptStatus::Failed, report.failure),
        Reported::Captured => (AttemptStatus::Succeeded, None),
        Reported::Authorized | Reported::Pending => (AttemptStatus::Authorized, None),
    };
    Ok(StartedAttempt { attempt: wire(status, reason), action: PaymentAction::NONE })
}

/// The provider has opened an attempt and waits for the customer or the bank.
async fn opened(app: &Payments, id: AttemptId, report: &PaymentReport, now: Timestamp) -> Result<AttemptStatus> {
    let (reference, poll_at) = (report.reference.as_deref(), now.plus(app.settings.poll_after));
    let mut connection = app.db.primary().await?;
    let status = store::attempt::answered(&mut connection, id, reference, &report.action, poll_at).await?;
    status.ok_or_else(|| Problem::internal(format!("attempt {id} has vanished")))
}

async fn apply(app: &Payments, id: AttemptId, report: &PaymentReport) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let locked = store::attempt::lock(&mut tx, app.provider().name(), Some(id), None).await?;
    let Some((intent, attempt)) = locked else { return Err(Problem::internal(format!("attempt {id} has vanished"))) };
    if let Some(contradiction) = settle::contradiction(&attempt, report) {
        tracing::error!(%contradiction, "a provider's answer is not applied");
        return Ok(());
    }
    settle::report(&mut tx, &intent, &attempt, report, app.context().now()).await?;
    let _committed = tx.commit().await?;
    Ok(())
}

async fn known(app: &Payments, intent: IntentId, key: &IdempotencyKey) -> Result<Option<AttemptRow>> {
    Ok(store::attempt::by_key(&mut *app.db.primary().await?, intent, key.as_str()).await?)
}

/// No answer in time is no answer.
async fn in_time<T>(app: &Payments, asked: impl Future<Output = Result<T, ProviderError>>) -> Result<T, ProviderError> {
    let time = app.settings.provider_time;
    match tokio::time::timeout(time, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(ProviderError::NoAnswer(format!("none within {time:?}"))),
    }
}

fn started(attempt: &AttemptRow) -> StartedAttempt {
    StartedAttempt { attempt: attempt.to_wire(), action: attempt.action() }
}

fn failed(reference: Option<String>) -> PaymentReport {
    PaymentReport {
        reference,
        payment_id: None,
        state: Reported::Failed,
        amount: None,
        action: PaymentAction::NONE,
        failure: Some("The payment could not be started".to_owned()),
        at: None,
    }
}

fn not_payable(intent: &IntentRow) -> Problem {
    Problem::conflict("not-payable", "This order cannot be paid (any more)").with("payment_status", intent.status)
}

fn is_another_under_way(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|violation| violation.constraint()) == Some("attempt_one_undecided")
}

/// What a repeat must have in common with the first request. Only its digest is kept, as a UPI address is personal.
fn fingerprint(instrument: &NewPaymentAttempt) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(instrument).map_err(Problem::internal)?;
    Ok(digest::digest(&digest::SHA256, &json).as_ref().to_vec())
}
