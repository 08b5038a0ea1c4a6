//! Checkouts in progress: who works on which, and how far it is.

use sqlx::PgConnection;
use types::{IntentId, OrderId, Timestamp, UserId, text_enum};

text_enum! {
    pub enum Step {
        Begun = "begun",
        Placed = "placed",
        Answered = "answered",
        Undoing = "undoing",
        Failed = "failed",
    }
}

pub struct NewCheckout<'a> {
    pub order_id: OrderId,
    pub customer_id: UserId,
    pub key: &'a str,
    pub fingerprint: &'a [u8],
    pub now: Timestamp,
    pub lease_until: Timestamp,
}

/// The checkout that has a key.
pub struct Known {
    pub order_id: OrderId,
    pub fingerprint: Vec<u8>,
    pub step: Step,
    pub lease_until: Timestamp,
    pub answer: Option<Vec<u8>>,
}

/// A checkout that a worker has taken over.
pub struct Unfinished {
    pub order_id: OrderId,
    pub step: Step,
}

/// False if the customer's key has a checkout already.
pub async fn begin(connection: &mut PgConnection, new: &NewCheckout<'_>) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query!(
        "INSERT INTO checkout (order_id, customer_id, idempotency_key, fingerprint, step, lease_until, begun_at)
         VALUES ($1, $2, $3, $4, 'begun', $5, $6)
         ON CONFLICT (customer_id, idempotency_key) WHERE step <> 'failed' DO NOTHING",
        new.order_id as OrderId,
        new.customer_id as UserId,
        new.key,
        new.fingerprint,
        new.lease_until as Timestamp,
        new.now as Timestamp,
    )
    .execute(connection)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// The checkout of this key; none if it has failed in the meantime.
pub async fn find(connection: &mut PgConnection, customer_id: UserId, key: &str) -> Result<Option<Known>, sqlx::Error> {
    sqlx::query_as!(
        Known,
        r#"SELECT order_id AS "order_id: OrderId", fingerprint, step AS "step: Step", lease_until, answer
           FROM checkout WHERE customer_id = $1 AND idempotency_key = $2 AND step <> 'failed'"#,
        customer_id as UserId,
        key
    )
    .fetch_optional(connection)
    .await
}

/// Takes over a checkout that is placed but not answered, unless somebody else works on it.
pub async fn take_over(
    connection: &mut PgConnection,
    id: OrderId,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        "UPDATE checkout SET lease_until = $3 WHERE order_id = $1 AND step = 'placed' AND lease_until <= $2",
        id as OrderId,
        now as Timestamp,
        lease_until as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Takes over checkouts that nobody works on any more. One that was only begun is to be undone: whoever still works on it
/// cannot place its order from then on.
pub async fn take_over_unfinished(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<Unfinished>, sqlx::Error> {
    sqlx::query_as!(
        Unfinished,
        r#"UPDATE checkout SET lease_until = $2, step = CASE step WHEN 'begun' THEN 'undoing' ELSE step END
           WHERE order_id IN (
               SELECT order_id FROM checkout
               WHERE step IN ('begun', 'placed', 'undoing') AND lease_until <= $1
               ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING order_id AS "order_id: OrderId", step AS "step: Step""#,
        now as Timestamp,
        lease_until as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Lets go of a checkout that could not be finished, so that anybody may take it over.
pub async fn let_go(connection: &mut PgConnection, id: OrderId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE checkout SET lease_until = $2 WHERE order_id = $1 AND step IN ('placed', 'undoing')",
        id as OrderId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// False if its order was placed after all, or somebody else undoes it.
pub async fn start_undoing(connection: &mut PgConnection, id: OrderId) -> Result<bool, sqlx::Error> {
    let started =
        sqlx::query!("UPDATE checkout SET step = 'undoing' WHERE order_id = $1 AND step = 'begun'", id as OrderId)
            .execute(connection)
            .await?;
    Ok(started.rows_affected() == 1)
}

/// Nothing is set aside for it (any more): its key may be used again.
pub async fn fail(connection: &mut PgConnection, id: OrderId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE checkout SET step = 'failed' WHERE order_id = $1 AND step IN ('begun', 'undoing')",
        id as OrderId
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores the answer, and the intent with the order.
pub async fn answer(
    connection: &mut PgConnection,
    id: OrderId,
    intent_id: Option<IntentId>,
    answer: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH answered AS (
             UPDATE checkout SET step = 'answered', answer = $3 WHERE order_id = $1 AND step = 'placed')
         UPDATE customer_order SET intent_id = $2, version = version + 1
         WHERE id = $1 AND $2::uuid IS NOT NULL AND intent_id IS NULL",
        id as OrderId,
        intent_id as Option<IntentId>,
        answer
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what is older than any repeat. Returns how many.
pub async fn sweep(connection: &mut PgConnection, begun_before: Timestamp) -> Result<u64, sqlx::Error> {
    let swept = sqlx::query!(
        "DELETE FROM checkout WHERE order_id IN (
             SELECT order_id FROM checkout WHERE begun_at < $1 AND step IN ('answered', 'failed')
             ORDER BY begun_at LIMIT 1000 FOR UPDATE SKIP LOCKED)",
        begun_before as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(swept.rows_affected())
}
