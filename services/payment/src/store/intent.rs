//! Intents: one per order.

use contracts::payment::{AttemptStatus, CreateIntent, Intent, IntentStatus, PaymentMethod};
use sqlx::PgConnection;
use types::{IntentId, Money, OrderId, Timestamp, UserId};

use crate::domain::{Attempt, Ledger};

#[derive(Clone, Debug)]
pub struct IntentRow {
    pub id: IntentId,
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub status: IntentStatus,
    pub amount: Money,
    pub captured: Money,
    pub cash: Money,
    pub refunding: Money,
    pub refunded: Money,
    pub expires_at: Option<Timestamp>,
    pub version: i64,
}

impl IntentRow {
    pub fn ledger(&self) -> Ledger {
        Ledger {
            status: self.status,
            amount: self.amount,
            captured: self.captured,
            cash: self.cash,
            refunding: self.refunding,
            refunded: self.refunded,
        }
    }

    pub fn to_wire(&self) -> Intent {
        Intent {
            intent_id: self.id,
            order_id: self.order_id,
            status: self.status,
            amount: self.amount,
            captured: self.captured,
            refunded: self.refunded,
        }
    }
}

/// Opens the order's intent with `status`, or finds the one that there is: its amount may be another.
pub async fn open(
    connection: &mut PgConnection,
    order: &CreateIntent,
    status: IntentStatus,
    now: Timestamp,
) -> Result<IntentRow, sqlx::Error> {
    sqlx::query_as!(
        IntentRow,
        r#"INSERT INTO intent (id, order_id, order_number, customer_id, method, status, amount_paise, expires_at, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
           ON CONFLICT (order_id) DO UPDATE SET
               method = coalesce(intent.method, excluded.method), expires_at = coalesce(intent.expires_at, excluded.expires_at)
           RETURNING id AS "id: IntentId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
               status AS "status: IntentStatus", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               cash_paise AS "cash: Money", refunding_paise AS "refunding: Money", refunded_paise AS "refunded: Money",
               expires_at, version"#,
        IntentId::new() as IntentId,
        order.order_id as OrderId,
        order.order_number,
        order.customer_id as UserId,
        order.method as PaymentMethod,
        status as IntentStatus,
        order.amount as Money,
        order.expires_at as Timestamp,
        now as Timestamp,
    )
    .fetch_one(connection)
    .await
}

/// An order that was cancelled before its payment was opened: whoever opens it later finds it cancelled.
pub async fn insert_cancelled(
    connection: &mut PgConnection,
    order_id: OrderId,
    order_number: &str,
    customer_id: UserId,
    amount: Money,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO intent (id, order_id, order_number, customer_id, status, amount_paise, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'cancelled', $5, $6, $6) ON CONFLICT (order_id) DO NOTHING",
        IntentId::new() as IntentId,
        order_id as OrderId,
        order_number,
        customer_id as UserId,
        amount as Money,
        now as Timestamp,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn find(connection: &mut PgConnection, id: IntentId) -> Result<Option<IntentRow>, sqlx::Error> {
    sqlx::query_as!(
        IntentRow,
        r#"SELECT id AS "id: IntentId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
               status AS "status: IntentStatus", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               cash_paise AS "cash: Money", refunding_paise AS "refunding: Money", refunded_paise AS "refunded: Money",
               expires_at, version
           FROM intent WHERE id = $1"#,
        id as IntentId
    )
    .fetch_optional(connection)
    .await
}

pub async fn of_order(connection: &mut PgConnection, order: OrderId) -> Result<Option<IntentRow>, sqlx::Error> {
    sqlx::query_as!(
        IntentRow,
        r#"SELECT id AS "id: IntentId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
               status AS "status: IntentStatus", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               cash_paise AS "cash: Money", refunding_paise AS "refunding: Money", refunded_paise AS "refunded: Money",
               expires_at, version
           FROM intent WHERE order_id = $1"#,
        order as OrderId
    )
    .fetch_optional(connection)
    .await
}

/// The order's intent, locked until the transaction ends.
pub async fn lock_of_order(connection: &mut PgConnection, order: OrderId) -> Result<Option<IntentRow>, sqlx::Error> {
    sqlx::query_as!(
        IntentRow,
        r#"SELECT id AS "id: IntentId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
               status AS "status: IntentStatus", amount_paise AS "amount: Money", captured_paise AS "captured: Money",
               cash_paise AS "cash: Money", refunding_paise AS "refunding: Money", refunded_paise AS "refunded: Money",
               expires_at, version
           FROM intent WHERE order_id = $1 FOR NO KEY UPDATE"#,
        order as OrderId
    )
    .fetch_optional(connection)
    .await
}

/// What is learnt of an attempt beside its status.
#[derive(Clone, Debug, Default)]
pub struct Details {
    pub reference: Option<String>,
    pub payment_id: Option<String>,
    pub failure_reason: Option<String>,
    /// When the provider is asked again if the attempt has just failed.
    pub ask_again_at: Option<Timestamp>,
}

/// Writes the money side of a locked intent and of those attempts of it that changed, in one statement. The database refuses
/// it (`intent_refund_limit`) if more would go back than came.
pub async fn save(
    connection: &mut PgConnection,
    id: IntentId,
    ledger: &Ledger,
    version: i64,
    attempts: &[Attempt],
    details: &Details,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let ids: Vec<uuid::Uuid> = attempts.iter().map(|a| a.id.0).collect();
    let statuses: Vec<AttemptStatus> = attempts.iter().map(|a| a.status).collect();
    let held: Vec<i64> = attempts.iter().map(|a| a.held.paise()).collect();
    sqlx::query!(
        "WITH changed AS (
             UPDATE attempt SET
                 status = c.status, refund_held_paise = c.held,
                 provider_reference = coalesce(attempt.provider_reference, $11),
                 provider_payment_id = coalesce($12, attempt.provider_payment_id),
                 failure_reason = CASE WHEN c.status = 'failed' THEN coalesce(attempt.failure_reason, $13) END,
                 poll_at = CASE WHEN c.status = 'succeeded' THEN NULL
                                WHEN c.status = 'failed' AND attempt.status <> 'failed' THEN $15
                                ELSE attempt.poll_at END,
                 decided_at = CASE WHEN c.status IN ('succeeded', 'failed') THEN coalesce(attempt.decided_at, $7) END
             FROM unnest($8::uuid[], $9::text[], $10::bigint[]) AS c (id, status, held)
             WHERE attempt.id = c.id
         )
         UPDATE intent SET status = $2, captured_paise = $3, cash_paise = $4, refunding_paise = $5, refunded_paise = $6,
                           version = $14, updated_at = $7
         WHERE id = $1",
        id as IntentId,
        ledger.status as IntentStatus,
        ledger.captured as Money,
        ledger.cash as Money,
        ledger.refunding as Money,
        ledger.refunded as Money,
        now as Timestamp,
        &ids,
        &statuses as &[AttemptStatus],
        &held,
        details.reference,
        details.payment_id,
        details.failure_reason,
        version,
        details.ask_again_at as Option<Timestamp>,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the carrier handed the cash over; false if it had before.
pub async fn remit(
    connection: &mut PgConnection,
    id: IntentId,
    version: i64,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let remitted = sqlx::query!(
        "UPDATE intent SET remitted_at = $3, version = $2, updated_at = $3 WHERE id = $1 AND remitted_at IS NULL",
        id as IntentId,
        version,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(remitted.rows_affected() == 1)
}
