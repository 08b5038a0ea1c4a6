//! Refunds: their key and amount are fixed here before the provider is asked.

use contracts::payment::{AttemptStatus, IntentStatus, Refund, RefundState};
use sqlx::PgConnection;
use types::{AttemptId, IntentId, Money, OrderId, RefundId, ReturnId, Timestamp, UserId};

use super::IntentRow;
use crate::domain::Attempt;
use crate::provider::ProviderName;

#[derive(Clone, Debug)]
pub struct RefundRow {
    pub id: RefundId,
    pub attempt_id: Option<AttemptId>,
    pub return_id: Option<ReturnId>,
    pub amount: Money,
    pub reason: String,
    pub state: RefundState,
    pub failure_reason: Option<String>,
    pub bank_reference: Option<String>,
    pub requested_at: Timestamp,
    pub decided_at: Option<Timestamp>,
}

impl RefundRow {
    pub fn to_wire(&self, order_id: OrderId) -> Refund {
        Refund {
            refund_id: self.id,
            order_id,
            return_id: self.return_id,
            amount: self.amount,
            state: self.state,
            reason: self.reason.clone(),
            failure_reason: self.failure_reason.clone(),
            bank_reference: self.bank_reference.clone(),
            requested_at: self.requested_at,
            decided_at: self.decided_at,
        }
    }
}

/// A refund to be recorded; its money is held by the same transaction.
pub struct NewRefundRow<'a> {
    pub id: RefundId,
    pub intent_id: IntentId,
    pub attempt_id: Option<AttemptId>,
    pub cause: String,
    pub return_id: Option<ReturnId>,
    pub amount: Money,
    pub reason: &'a str,
    pub requested_by: Option<UserId>,
    /// Why it cannot be; then it is only recorded, as failed.
    pub failure_reason: Option<&'a str>,
    /// The bank's, if staff have paid it; then it is recorded as succeeded.
    pub bank_reference: Option<&'a str>,
    pub now: Timestamp,
}

impl NewRefundRow<'_> {
    fn state(&self) -> RefundState {
        match (self.failure_reason, self.bank_reference) {
            (Some(_), _) => RefundState::Failed,
            (None, Some(_)) => RefundState::Succeeded,
            (None, None) => RefundState::Requested,
        }
    }

    fn decided_at(&self) -> Option<Timestamp> {
        (self.state() != RefundState::Requested).then_some(self.now)
    }

    pub fn to_wire(&self, order_id: OrderId) -> Refund {
        Refund {
            refund_id: self.id,
            order_id,
            return_id: self.return_id,
            amount: self.amount,
            state: self.state(),
            reason: self.reason.to_owned(),
            failure_reason: self.failure_reason.map(str::to_owned),
            bank_reference: self.bank_reference.map(str::to_owned),
            requested_at: self.now,
            decided_at: self.decided_at(),
        }
    }
}

/// # Errors
/// The constraint `refund_cause_once` is violated if the cause has a refund that did not fail.
pub async fn insert(connection: &mut PgConnection, new: &NewRefundRow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO refund (id, intent_id, attempt_id, cause, return_id, amount_paise, reason, requested_by, state,
                             failure_reason, bank_reference, due_at, requested_at, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                 CASE WHEN $13::timestamptz IS NULL THEN $12::timestamptz END, $12, $13)",
        new.id as RefundId,
        new.intent_id as IntentId,
        new.attempt_id as Option<AttemptId>,
        new.cause,
        new.return_id as Option<ReturnId>,
        new.amount as Money,
        new.reason,
        new.requested_by as Option<UserId>,
        new.state() as RefundState,
        new.failure_reason,
        new.bank_reference,
        new.now as Timestamp,
        new.decided_at() as Option<Timestamp>,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest first.
pub async fn of_intent(connection: &mut PgConnection, intent: IntentId) -> Result<Vec<RefundRow>, sqlx::Error> {
    sqlx::query_as!(
        RefundRow,
        r#"SELECT id AS "id: RefundId", attempt_id AS "attempt_id: AttemptId", return_id AS "return_id: ReturnId",
               amount_paise AS "amount: Money", reason, state AS "state: RefundState", failure_reason, bank_reference,
               requested_at, decided_at
           FROM refund WHERE intent_id = $1 ORDER BY requested_at, id LIMIT 500"#,
        intent as IntentId
    )
    .fetch_all(connection)
    .await
}

pub async fn is_recorded(connection: &mut PgConnection, return_id: ReturnId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM refund WHERE return_id = $1) AS "recorded!""#,
        return_id as ReturnId
    )
    .fetch_one(connection)
    .await
}

/// What it takes to have the provider pay a refund.
#[derive(Clone, Debug)]
pub struct Due {
    pub id: RefundId,
    pub order_id: OrderId,
    pub amount: Money,
    pub reason: String,
    /// How often the provider was asked before.
    pub tries: i32,
    pub provider_refund_id: Option<String>,
    pub provider: Option<ProviderName>,
    pub reference: Option<String>,
    pub payment_id: Option<String>,
}

/// Takes refunds whose time has come, and sets the time at which they are taken again if nobody says how they ended: twice as
/// far away each time, up to `longest`.
pub async fn claim_due(
    connection: &mut PgConnection,
    now: Timestamp,
    first_pause_seconds: f64,
    longest_pause_seconds: f64,
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"WITH due AS (
               SELECT id FROM refund WHERE due_at <= $1 ORDER BY due_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
           ), taken AS (
               UPDATE refund SET tries = tries + 1,
                   due_at = $1::timestamptz + make_interval(secs => least($2 * power(2, least(tries, 16)), $3))
               WHERE id IN (SELECT id FROM due)
               RETURNING id, intent_id, attempt_id, amount_paise, reason, tries, provider_refund_id
           )
           SELECT t.id AS "id!: RefundId", i.order_id AS "order_id!: OrderId", t.amount_paise AS "amount!: Money",
               t.reason AS "reason!", t.tries - 1 AS "tries!", t.provider_refund_id AS "provider_refund_id?",
               a.provider AS "provider?: ProviderName", a.provider_reference AS "reference?", a.provider_payment_id AS "payment_id?"
           FROM taken t JOIN intent i ON i.id = t.intent_id LEFT JOIN attempt a ON a.id = t.attempt_id"#,
        now as Timestamp,
        first_pause_seconds,
        longest_pause_seconds,
        limit
    )
    .fetch_all(connection)
    .await
}

/// A refund with its intent and the payment that it goes back to, all locked until the transaction ends.
pub struct Locked {
    pub intent: IntentRow,
    pub attempt: Option<Attempt>,
    pub state: RefundState,
    pub amount: Money,
    pub cause: String,
    pub return_id: Option<ReturnId>,
    pub reason: String,
    /// It failed, and no other refund of its cause has been tried since that did not fail.
    pub is_to_be_made_good: bool,
}

pub async fn lock(connection: &mut PgConnection, id: RefundId) -> Result<Option<Locked>, sqlx::Error> {
    // The intent's lock first, by itself: what is read afterwards is what the last change left.
    let intent = sqlx::query_as!(
        IntentRow,
        r#"SELECT id AS "id: IntentId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
               status AS "status: IntentStatus", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               cash_paise AS "cash: Money", refunding_paise AS "refunding: Money", refunded_paise AS "refunded: Money",
               expires_at, version
           FROM intent WHERE id = (SELECT intent_id FROM refund WHERE id = $1) FOR NO KEY UPDATE"#,
        id as RefundId
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(intent) = intent else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT r.state AS "state: RefundState", r.amount_paise AS "amount: Money", r.cause, r.return_id AS "return_id: ReturnId",
               r.reason,
               NOT EXISTS (SELECT FROM refund o WHERE o.cause = r.cause AND o.state <> 'failed') AS "is_to_be_made_good!",
               a.id AS "attempt_id?: AttemptId", a.status AS "status?: AttemptStatus", a.amount_paise AS "attempt_amount?: Money",
               a.refund_held_paise AS "held?: Money"
           FROM refund r LEFT JOIN attempt a ON a.id = r.attempt_id WHERE r.id = $1"#,
        id as RefundId
    )
    .fetch_one(connection)
    .await?;
    let attempt = match (row.attempt_id, row.status, row.attempt_amount, row.held) {
        (Some(id), Some(status), Some(amount), Some(held)) => Some(Attempt { id, status, amount, held }),
        _ => None,
    };
    Ok(Some(Locked {
        intent,
        attempt,
        state: row.state,
        amount: row.amount,
        cause: row.cause,
        return_id: row.return_id,
        reason: row.reason,
        is_to_be_made_good: row.is_to_be_made_good,
    }))
}

/// How a refund ended.
pub async fn end(
    connection: &mut PgConnection,
    id: RefundId,
    state: RefundState,
    provider_refund_id: Option<&str>,
    failure_reason: Option<&str>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE refund SET state = $2, provider_refund_id = coalesce($3, provider_refund_id), failure_reason = $4,
                           due_at = NULL, decided_at = $5
         WHERE id = $1",
        id as RefundId,
        state as RefundState,
        provider_refund_id,
        failure_reason,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The provider has begun with it and will say how it ends.
pub async fn begun(connection: &mut PgConnection, id: RefundId, provider_refund_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE refund SET provider_refund_id = $2 WHERE id = $1 AND provider_refund_id IS NULL",
        id as RefundId,
        provider_refund_id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The refund that the provider knows by this name of its own.
pub async fn by_providers_id(
    connection: &mut PgConnection,
    provider_refund_id: &str,
) -> Result<Option<RefundId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT id AS "id: RefundId" FROM refund WHERE provider_refund_id = $1"#, provider_refund_id)
        .fetch_optional(connection)
        .await
}
