//! The sandbox's own books. Each function is one transaction of the other system.

use contracts::payment::PaymentMethod;
use sqlx::PgConnection;
use types::{AttemptId, Money, OrderId, RefundId, Timestamp};

use crate::domain::Reported;

#[derive(Clone, Debug)]
pub struct SandboxPayment {
    pub id: String,
    pub reference: AttemptId,
    pub order_id: OrderId,
    pub order_number: String,
    pub amount: Money,
    pub method: PaymentMethod,
    /// As it stands now, not as it was last written.
    pub status: Reported,
    pub failure: Option<String>,
    pub pay_until: Timestamp,
}

/// A payment to be written, with what is decided of it already.
pub struct NewSandboxPayment<'a> {
    pub id: &'a str,
    pub reference: AttemptId,
    pub order_id: OrderId,
    pub order_number: &'a str,
    pub amount: Money,
    pub method: PaymentMethod,
    pub pay_until: Timestamp,
    pub next: Option<(Reported, Timestamp)>,
    pub failure: Option<&'a str>,
    pub now: Timestamp,
}

/// A webhook to be delivered.
#[derive(Clone, Debug)]
pub struct QueuedWebhook {
    pub body: String,
    pub deliver_at: Timestamp,
}

/// Writes a payment with its webhooks; does nothing if the reference is known already.
pub async fn insert(
    connection: &mut PgConnection,
    new: &NewSandboxPayment<'_>,
    webhooks: &[QueuedWebhook],
) -> Result<(), sqlx::Error> {
    let (bodies, times) = columns(webhooks);
    let (next_status, next_at) = new.next.unzip();
    sqlx::query!(
        "WITH inserted AS (
             INSERT INTO sandbox_payment
                 (id, reference, order_id, order_number, amount_paise, method, status, next_status, next_at, failure, created_at, pay_until)
             VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $10, $11) ON CONFLICT (reference) DO NOTHING RETURNING id
         )
         INSERT INTO sandbox_webhook (payment_id, body, deliver_at)
         SELECT inserted.id, w.body, w.deliver_at
         FROM inserted, unnest($12::text[], $13::timestamptz[]) WITH ORDINALITY AS w (body, deliver_at, n) ORDER BY w.n",
        new.id,
        new.reference as AttemptId,
        new.order_id as OrderId,
        new.order_number,
        new.amount as Money,
        new.method as PaymentMethod,
        next_status as Option<Reported>,
        next_at as Option<Timestamp>,
        new.failure,
        new.now as Timestamp,
        new.pay_until as Timestamp,
        &bodies,
        &times as &[Timestamp],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A payment by its own id or by the merchant's reference, as it stands at `now`. A customer who does nothing has until
/// `abandoned_before`.
pub async fn find(
    connection: &mut PgConnection,
    id: Option<&str>,
    reference: Option<AttemptId>,
    now: Timestamp,
    abandoned_before: Timestamp,
) -> Result<Option<SandboxPayment>, sqlx::Error> {
    sqlx::query_as!(
        SandboxPayment,
        r#"SELECT id, reference AS "reference: AttemptId", order_id AS "order_id: OrderId", order_number,
               amount_paise AS "amount: Money", method AS "method: PaymentMethod",
               CASE WHEN next_at <= $3 THEN next_status
                    WHEN status = 'pending' AND next_at IS NULL AND created_at < $4 THEN 'failed'
                    ELSE status END AS "status!: Reported",
               CASE WHEN status = 'pending' AND next_at IS NULL THEN 'Nobody approved the payment in time' ELSE failure END AS failure,
               pay_until
           FROM sandbox_payment WHERE id = $1 OR reference = $2"#,
        id,
        reference as Option<AttemptId>,
        now as Timestamp,
        abandoned_before as Timestamp
    )
    .fetch_optional(connection)
    .await
}

/// Decides a payment that nobody has decided yet. False if somebody has.
pub async fn decide(
    connection: &mut PgConnection,
    id: &str,
    next: (Reported, Timestamp),
    failure: Option<&str>,
    webhooks: &[QueuedWebhook],
    abandoned_before: Timestamp,
) -> Result<bool, sqlx::Error> {
    let (bodies, times) = columns(webhooks);
    let (next_status, next_at) = next;
    let decided = sqlx::query_scalar!(
        r#"WITH decided AS (
             UPDATE sandbox_payment SET next_status = $2, next_at = $3, failure = $4
             WHERE id = $1 AND status = 'pending' AND next_at IS NULL AND created_at >= $7 RETURNING id
         ), queued AS (
             INSERT INTO sandbox_webhook (payment_id, body, deliver_at)
             SELECT decided.id, w.body, w.deliver_at
             FROM decided, unnest($5::text[], $6::timestamptz[]) WITH ORDINALITY AS w (body, deliver_at, n) ORDER BY w.n
         )
         SELECT EXISTS (SELECT FROM decided) AS "decided!""#,
        id,
        next_status as Reported,
        next_at as Timestamp,
        failure,
        &bodies,
        &times as &[Timestamp],
        abandoned_before as Timestamp,
    )
    .fetch_one(connection)
    .await?;
    Ok(decided)
}

/// Takes what was authorised. Nothing changes if it was taken before, or was never authorised.
pub async fn capture(connection: &mut PgConnection, id: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE sandbox_payment SET status = 'captured', next_status = NULL, next_at = NULL
         WHERE id = $1 AND (status = 'authorized' OR next_status = 'authorized' AND next_at <= $2)",
        id,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Clone, Debug)]
pub struct SandboxRefund {
    pub id: String,
    pub is_pending: bool,
    /// How often it was asked for, this time included.
    pub asked: i32,
}

/// Refunds, or finds the refund of this key. `None` if the payment does not have so much left.
pub async fn refund(
    connection: &mut PgConnection,
    id: &str,
    key: RefundId,
    payment_id: Option<&str>,
    amount: Money,
    is_pending: bool,
    now: Timestamp,
) -> Result<Option<SandboxRefund>, sqlx::Error> {
    let known = sqlx::query_as!(
        SandboxRefund,
        r#"UPDATE sandbox_refund SET asked = asked + 1, status = 'succeeded' WHERE idempotency_key = $1
           RETURNING id, false AS "is_pending!", asked"#,
        key.to_string()
    )
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_some() {
        return Ok(known);
    }
    let captured = sqlx::query_scalar!(
        "SELECT amount_paise FROM sandbox_payment
         WHERE id = $1 AND (status = 'captured' OR next_status = 'captured' AND next_at <= $2) FOR UPDATE",
        payment_id,
        now as Timestamp
    )
    .fetch_optional(&mut *connection)
    .await?;
    if payment_id.is_some() && captured.is_none() {
        return Ok(None);
    }
    sqlx::query_as!(
        SandboxRefund,
        r#"INSERT INTO sandbox_refund (id, idempotency_key, payment_id, amount_paise, status, created_at)
           SELECT $1, $2, $3, $4::bigint, CASE WHEN $5 THEN 'pending' ELSE 'succeeded' END, $6
           WHERE $3::text IS NULL
              OR (SELECT coalesce(sum(amount_paise), 0) FROM sandbox_refund WHERE payment_id = $3) + $4::bigint <= $7::bigint
           RETURNING id, status = 'pending' AS "is_pending!", asked"#,
        id,
        key.to_string(),
        payment_id,
        amount as Money,
        is_pending,
        now as Timestamp,
        captured,
    )
    .fetch_optional(connection)
    .await
}

#[derive(Clone, Debug)]
pub struct DueWebhook {
    pub position: i64,
    pub payment_id: String,
    pub body: String,
}

/// Takes webhooks whose time has come, in their order. Those that are not forgotten come again: after 1, 2, 4 ... 300 seconds.
pub async fn claim_webhooks(
    connection: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<DueWebhook>, sqlx::Error> {
    let mut due = sqlx::query_as!(
        DueWebhook,
        r#"UPDATE sandbox_webhook SET tries = tries + 1,
               deliver_at = $1::timestamptz + make_interval(secs => least(power(2, least(tries, 16)), 300))
           WHERE position IN
               (SELECT position FROM sandbox_webhook WHERE deliver_at <= $1 ORDER BY deliver_at, position LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING position, payment_id, body"#,
        now as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await?;
    due.sort_by_key(|webhook| webhook.position);
    Ok(due)
}

pub async fn forget_webhooks(connection: &mut PgConnection, delivered: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM sandbox_webhook WHERE position = ANY($1)", delivered).execute(connection).await?;
    Ok(())
}

/// A payment in both books that differ on it.
#[derive(Clone, Debug)]
pub struct Difference {
    pub reference: AttemptId,
    pub ours: Option<String>,
    pub sandbox: String,
    pub our_refunds: Money,
    pub sandbox_refunds: Money,
}

/// Payments that the sandbox decided before `settled_before` and that we see otherwise, or whose refunds differ.
pub async fn differences(
    connection: &mut PgConnection,
    settled_before: Timestamp,
) -> Result<Vec<Difference>, sqlx::Error> {
    sqlx::query_as!(
        Difference,
        r#"SELECT s.reference AS "reference: AttemptId", a.status AS "ours?", coalesce(s.next_status, s.status) AS "sandbox!",
               coalesce(ours.paise, 0)::bigint AS "our_refunds!: Money", coalesce(theirs.paise, 0)::bigint AS "sandbox_refunds!: Money"
           FROM sandbox_payment s
           LEFT JOIN attempt a ON a.id = s.reference
           LEFT JOIN LATERAL (SELECT sum(amount_paise) AS paise FROM refund
                              WHERE attempt_id = a.id AND state = 'succeeded' AND bank_reference IS NULL) ours ON true
           LEFT JOIN LATERAL (SELECT sum(amount_paise) AS paise FROM sandbox_refund
                              WHERE payment_id = s.id AND status = 'succeeded') theirs ON true
           WHERE coalesce(s.next_at, s.created_at) < $1
             AND ((coalesce(s.next_status, s.status) = 'captured') IS DISTINCT FROM (a.status = 'succeeded')
                  OR coalesce(ours.paise, 0) <> coalesce(theirs.paise, 0))
           LIMIT 100"#,
        settled_before as Timestamp
    )
    .fetch_all(connection)
    .await
}

fn columns(webhooks: &[QueuedWebhook]) -> (Vec<String>, Vec<Timestamp>) {
    webhooks.iter().map(|w| (w.body.clone(), w.deliver_at)).unzip()
}
