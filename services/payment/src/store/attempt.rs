//! Attempts: written before the provider is asked.

use contracts::payment::{
    AttemptStatus, IntentStatus, PaymentAction, PaymentActionType, PaymentAttempt, PaymentMethod, ProviderPayment,
};
use sqlx::PgConnection;
use types::{AttemptId, IntentId, Money, OrderId, Timestamp, UserId};

use super::IntentRow;
use crate::domain::Attempt;
use crate::provider::ProviderName;

#[derive(Clone, Debug)]
pub struct AttemptRow {
    pub id: AttemptId,
    pub intent_id: IntentId,
    pub fingerprint: Vec<u8>,
    pub provider: ProviderName,
    pub method: PaymentMethod,
    pub amount: Money,
    pub status: AttemptStatus,
    pub reference: Option<String>,
    pub payment_id: Option<String>,
    pub action: PaymentActionType,
    pub action_url: Option<String>,
    pub failure_reason: Option<String>,
    pub held: Money,
    pub created_at: Timestamp,
}

impl AttemptRow {
    pub fn money(&self) -> Attempt {
        Attempt { id: self.id, status: self.status, amount: self.amount, held: self.held }
    }

    /// What the customer has to do; nothing once it is decided.
    pub fn action(&self) -> PaymentAction {
        match self.status {
            AttemptStatus::Pending => PaymentAction { kind: self.action, url: self.action_url.clone() },
            _ => PaymentAction::NONE,
        }
    }

    pub fn to_wire(&self) -> PaymentAttempt {
        PaymentAttempt {
            attempt_id: self.id,
            method: self.method,
            amount: self.amount,
            status: self.status,
            failure_reason: self.failure_reason.clone(),
            created_at: self.created_at,
        }
    }

    pub fn in_providers_books(&self) -> ProviderPayment {
        ProviderPayment {
            attempt_id: self.id,
            provider: self.provider.to_string(),
            reference: self.reference.clone(),
            payment_id: self.payment_id.clone(),
        }
    }
}

/// An attempt to be recorded.
pub struct NewAttempt<'a> {
    pub id: AttemptId,
    pub intent_id: IntentId,
    pub key: &'a str,
    pub fingerprint: &'a [u8],
    pub provider: ProviderName,
    pub method: PaymentMethod,
    pub amount: Money,
    pub token_to_save: Option<&'a str>,
    pub poll_at: Timestamp,
    pub now: Timestamp,
}

/// Records an attempt on an open intent. False if the key is used already, or the intent is not open (any more).
///
/// # Errors
/// The constraint `attempt_one_undecided` is violated if another attempt is under way.
pub async fn insert(connection: &mut PgConnection, new: &NewAttempt<'_>) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO attempt (id, intent_id, idempotency_key, fingerprint, provider, method, amount_paise, status, token_to_save, poll_at, created_at)
         SELECT $1, id, $3, $4, $5, $6, amount_paise, 'created', $8, $9, $10
         FROM intent WHERE id = $2 AND status = 'open' AND amount_paise = $7
         ON CONFLICT (intent_id, idempotency_key) DO NOTHING",
        new.id as AttemptId,
        new.intent_id as IntentId,
        new.key,
        new.fingerprint,
        new.provider as ProviderName,
        new.method as PaymentMethod,
        new.amount as Money,
        new.token_to_save,
        new.poll_at as Timestamp,
        new.now as Timestamp,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn by_key(
    connection: &mut PgConnection,
    intent: IntentId,
    key: &str,
) -> Result<Option<AttemptRow>, sqlx::Error> {
    sqlx::query_as!(
        AttemptRow,
        r#"SELECT id AS "id: AttemptId", intent_id AS "intent_id: IntentId", fingerprint, provider AS "provider: ProviderName",
               method AS "method: PaymentMethod", amount_paise AS "amount: Money", status AS "status: AttemptStatus",
               provider_reference AS reference, provider_payment_id AS payment_id, action AS "action: PaymentActionType",
               action_url, failure_reason, refund_held_paise AS "held: Money", created_at
           FROM attempt WHERE intent_id = $1 AND idempotency_key = $2"#,
        intent as IntentId,
        key
    )
    .fetch_optional(connection)
    .await
}

/// The newest first.
pub async fn of_intent(connection: &mut PgConnection, intent: IntentId) -> Result<Vec<AttemptRow>, sqlx::Error> {
    sqlx::query_as!(
        AttemptRow,
        r#"SELECT id AS "id: AttemptId", intent_id AS "intent_id: IntentId", fingerprint, provider AS "provider: ProviderName",
               method AS "method: PaymentMethod", amount_paise AS "amount: Money", status AS "status: AttemptStatus",
               provider_reference AS reference, provider_payment_id AS payment_id, action AS "action: PaymentActionType",
               action_url, failure_reason, refund_held_paise AS "held: Money", created_at
           FROM attempt WHERE intent_id = $1 ORDER BY created_at DESC, id DESC"#,
        intent as IntentId
    )
    .fetch_all(connection)
    .await
}

/// The provider's answer to a creation. The status only leaves `created` and `unknown`: a webhook may have been quicker.
pub async fn answered(
    connection: &mut PgConnection,
    id: AttemptId,
    reference: Option<&str>,
    action: &PaymentAction,
    poll_at: Timestamp,
) -> Result<Option<AttemptStatus>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE attempt SET
               status = CASE WHEN status IN ('created', 'unknown') THEN 'pending' ELSE status END,
               provider_reference = coalesce(provider_reference, $2), action = $3, action_url = $4,
               poll_at = CASE WHEN status IN ('created', 'unknown', 'pending') THEN $5::timestamptz ELSE poll_at END
           WHERE id = $1 RETURNING status AS "status: AttemptStatus""#,
        id as AttemptId,
        reference,
        action.kind as PaymentActionType,
        action.url,
        poll_at as Timestamp,
    )
    .fetch_optional(connection)
    .await
}

/// The provider's answer was lost.
pub async fn lost(connection: &mut PgConnection, id: AttemptId, poll_at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE attempt SET status = 'unknown', poll_at = $2 WHERE id = $1 AND status = 'created'",
        id as AttemptId,
        poll_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An attempt with its intent, both locked until the transaction ends: found by our id, or by the provider's reference.
pub async fn lock(
    connection: &mut PgConnection,
    provider: ProviderName,
    id: Option<AttemptId>,
    reference: Option<&str>,
) -> Result<Option<(IntentRow, AttemptRow)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT i.id AS "id: IntentId", i.order_id AS "order_id: OrderId", i.order_number, i.customer_id AS "customer_id: UserId",
               i.status AS "status: IntentStatus", i.amount_paise AS "amount: Money", i.captured_paise AS "captured: Money",
               i.cash_paise AS "cash: Money", i.refunding_paise AS "refunding: Money", i.refunded_paise AS "refunded: Money",
               i.expires_at, i.version,
               a.id AS "attempt_id: AttemptId", a.fingerprint, a.method AS "method: PaymentMethod",
               a.amount_paise AS "attempt_amount: Money", a.status AS "attempt_status: AttemptStatus",
               a.provider_reference, a.provider_payment_id, a.action AS "action: PaymentActionType", a.action_url,
               a.failure_reason, a.refund_held_paise AS "held: Money", a.created_at
           FROM intent i JOIN attempt a ON a.intent_id = i.id
           WHERE a.provider = $1 AND (a.id = $2 OR a.provider_reference = $3)
           LIMIT 1 FOR NO KEY UPDATE OF i, a"#,
        provider as ProviderName,
        id as Option<AttemptId>,
        reference,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| {
        let intent = IntentRow {
            id: row.id,
            order_id: row.order_id,
            order_number: row.order_number,
            customer_id: row.customer_id,
            status: row.status,
            amount: row.amount,
            captured: row.captured,
            cash: row.cash,
            refunding: row.refunding,
            refunded: row.refunded,
            expires_at: row.expires_at,
            version: row.version,
        };
        let attempt = AttemptRow {
            id: row.attempt_id,
            intent_id: row.id,
            fingerprint: row.fingerprint,
            provider,
            method: row.method,
            amount: row.attempt_amount,
            status: row.attempt_status,
            reference: row.provider_reference,
            payment_id: row.provider_payment_id,
            action: row.action,
            action_url: row.action_url,
            failure_reason: row.failure_reason,
            held: row.held,
            created_at: row.created_at,
        };
        (intent, attempt)
    }))
}

/// What it takes to ask the provider about an attempt.
#[derive(Clone, Debug)]
pub struct ToAsk {
    pub id: AttemptId,
    pub provider: ProviderName,
    pub amount: Money,
    pub status: AttemptStatus,
    pub reference: Option<String>,
    pub payment_id: Option<String>,
    pub created_at: Timestamp,
}

/// Takes the attempts of an intent that the provider has to be asked about now, but for those that somebody asked about after
/// `asked_before`: the undecided, and while the order waits for its money those that failed, since some providers let the customer
/// try again on the same page. Waits for whoever writes to one of them: that may be the very news that is asked for.
pub async fn claim_of_intent(
    connection: &mut PgConnection,
    intent: IntentId,
    now: Timestamp,
    asked_before: Timestamp,
) -> Result<Vec<ToAsk>, sqlx::Error> {
    sqlx::query_as!(
        ToAsk,
        r#"UPDATE attempt SET asked_at = $2
           WHERE id IN (
               SELECT a.id FROM attempt a JOIN intent i ON i.id = a.intent_id
               WHERE a.intent_id = $1 AND (a.asked_at IS NULL OR a.asked_at <= $3)
                 AND (a.status IN ('created', 'unknown', 'pending', 'authorized')
                      OR a.status = 'failed' AND i.status = 'open' AND a.provider_reference IS NOT NULL)
               ORDER BY a.created_at DESC LIMIT 5 FOR NO KEY UPDATE OF a)
           RETURNING id AS "id: AttemptId", provider AS "provider: ProviderName", amount_paise AS "amount: Money",
               status AS "status: AttemptStatus", provider_reference AS reference, provider_payment_id AS payment_id, created_at"#,
        intent as IntentId,
        now as Timestamp,
        asked_before as Timestamp,
    )
    .fetch_all(connection)
    .await
}

/// Takes attempts whose time to be asked about has come, and sets the next time: twice as far away each time, up to `longest`.
pub async fn claim_due(
    connection: &mut PgConnection,
    now: Timestamp,
    first_pause_seconds: f64,
    longest_pause_seconds: f64,
    limit: i64,
) -> Result<Vec<ToAsk>, sqlx::Error> {
    sqlx::query_as!(
        ToAsk,
        r#"UPDATE attempt SET polls = polls + 1,
               poll_at = $1::timestamptz + make_interval(secs => least($2 * power(2, least(polls, 16)), $3))
           WHERE id IN (SELECT id FROM attempt WHERE poll_at <= $1 ORDER BY poll_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING id AS "id: AttemptId", provider AS "provider: ProviderName", amount_paise AS "amount: Money",
               status AS "status: AttemptStatus", provider_reference AS reference, provider_payment_id AS payment_id, created_at"#,
        now as Timestamp,
        first_pause_seconds,
        longest_pause_seconds,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Sets when the job asks about an attempt next; never, if `at` is none. Does nothing if it has another status by now.
pub async fn ask_at(
    connection: &mut PgConnection,
    id: AttemptId,
    status: AttemptStatus,
    at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE attempt SET poll_at = $3 WHERE id = $1 AND status = $2",
        id as AttemptId,
        status as AttemptStatus,
        at as Option<Timestamp>
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the provider's page for a pending attempt is about.
#[derive(Clone, Debug)]
pub struct PageOf {
    pub reference: String,
    pub order_id: OrderId,
    pub amount: Money,
}

pub async fn page_of(
    connection: &mut PgConnection,
    provider: ProviderName,
    id: AttemptId,
) -> Result<Option<PageOf>, sqlx::Error> {
    sqlx::query_as!(
        PageOf,
        r#"SELECT a.provider_reference AS "reference!", i.order_id AS "order_id: OrderId", a.amount_paise AS "amount: Money"
           FROM attempt a JOIN intent i ON i.id = a.intent_id
           WHERE a.id = $1 AND a.provider = $2 AND a.status = 'pending' AND a.provider_reference IS NOT NULL"#,
        id as AttemptId,
        provider as ProviderName
    )
    .fetch_optional(connection)
    .await
}
