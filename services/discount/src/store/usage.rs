//! Who uses which coupon. Every change locks in the same order: the customer's first order, the order's row, the customer's
//! counter, the coupon. The coupon's row, which all compete for, is thus held for the shortest time.

use sqlx::PgConnection;
use types::{CouponId, Money, OrderId, Timestamp, UserId, text_enum};

use super::integer;

text_enum! {
    /// What an order has done with its coupon.
    pub enum UseState {
        /// Set aside while the order waits for its payment.
        Held = "held",
        Redeemed = "redeemed",
        /// Given back, or never to be taken.
        Released = "released",
        Refused = "refused",
    }
}

/// What an order has done with a coupon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub coupon: Option<CouponId>,
    pub state: UseState,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// A use to be recorded.
#[derive(Clone, Debug)]
pub struct NewUse {
    pub order: OrderId,
    pub coupon: Option<CouponId>,
    pub customer: UserId,
    pub amount: Money,
    /// `None`: it is held. Otherwise why it is refused.
    pub refusal: Option<String>,
}

pub async fn find(connection: &mut PgConnection, order: OrderId) -> Result<Option<Use>, sqlx::Error> {
    sqlx::query_as!(
        Use,
        r#"SELECT coupon_id AS "coupon: CouponId", state AS "state: UseState", reason FROM coupon_use WHERE order_id = $1"#,
        order as OrderId
    )
    .fetch_optional(connection)
    .await
}

/// Lets a customer's orders ask for coupons for the first order one after another, until each has committed: there are several
/// such coupons, and each has counters of its own.
pub async fn lock_first_order(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", format!("first order of {customer}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// False if the order has used, been refused or released a coupon before; waits for a transaction that is just doing so.
pub async fn insert(connection: &mut PgConnection, new: &NewUse, now: Timestamp) -> Result<bool, sqlx::Error> {
    let state = if new.refusal.is_some() { UseState::Refused } else { UseState::Held };
    let inserted = sqlx::query!(
        "INSERT INTO coupon_use (order_id, coupon_id, customer_id, amount_paise, state, reason, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (order_id) DO NOTHING",
        new.order as OrderId,
        new.coupon as Option<CouponId>,
        new.customer as UserId,
        new.amount as Money,
        state as UseState,
        new.refusal,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Turns a use that was just inserted into a refusal.
pub async fn refuse(connection: &mut PgConnection, order: OrderId, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE coupon_use SET state = 'refused', reason = $2 WHERE order_id = $1 AND state = 'held'",
        order as OrderId,
        reason
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a use of the customer, within the limit. False if it is reached.
pub async fn count_for_customer(
    connection: &mut PgConnection,
    coupon: CouponId,
    customer: UserId,
    limit: Option<u32>,
) -> Result<bool, sqlx::Error> {
    let counted = sqlx::query!(
        "INSERT INTO coupon_customer AS c (coupon_id, customer_id, used, allowed) VALUES ($1, $2, 1, $3)
         ON CONFLICT (coupon_id, customer_id) DO UPDATE SET used = c.used + 1, allowed = excluded.allowed
         WHERE excluded.allowed IS NULL OR c.used < excluded.allowed",
        coupon as CouponId,
        customer as UserId,
        limit.map(integer)
    )
    .execute(connection)
    .await?;
    Ok(counted.rows_affected() == 1)
}

/// Counts a use of the coupon, within its limit. False if it is used up or was switched off.
pub async fn count(connection: &mut PgConnection, coupon: CouponId) -> Result<bool, sqlx::Error> {
    let counted = sqlx::query!(
        "UPDATE coupon SET used = used + 1 WHERE id = $1 AND active AND (total_limit IS NULL OR used < total_limit)",
        coupon as CouponId
    )
    .execute(connection)
    .await?;
    Ok(counted.rows_affected() == 1)
}

pub async fn uncount_for_customer(
    connection: &mut PgConnection,
    coupon: CouponId,
    customer: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE coupon_customer SET used = used - 1 WHERE coupon_id = $1 AND customer_id = $2",
        coupon as CouponId,
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn uncount(connection: &mut PgConnection, coupon: CouponId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE coupon SET used = used - 1 WHERE id = $1", coupon as CouponId).execute(connection).await?;
    Ok(())
}

/// Closes the order for uses. What it had held or redeemed, with the customer unless erased: to be uncounted.
pub async fn close(
    connection: &mut PgConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<Option<(CouponId, Option<UserId>)>, sqlx::Error> {
    let closed = sqlx::query!(
        r#"INSERT INTO coupon_use AS u (order_id, state, changed_at) VALUES ($1, 'released', $2)
           ON CONFLICT (order_id) DO UPDATE SET state = 'released', changed_at = $2 WHERE u.state IN ('held', 'redeemed')
           RETURNING coupon_id AS "coupon_id: CouponId", customer_id AS "customer_id: UserId""#,
        order as OrderId,
        now as Timestamp
    )
    .fetch_optional(connection)
    .await?;
    Ok(closed.and_then(|closed| Some((closed.coupon_id?, closed.customer_id))))
}

/// A use that is held becomes redeemed; any other stays what it is.
pub async fn redeem(connection: &mut PgConnection, order: OrderId, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE coupon_use SET state = 'redeemed', changed_at = $2 WHERE order_id = $1 AND state = 'held'",
        order as OrderId,
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers that the customer has ordered. An order that was cancelled stays so.
pub async fn remember_order(
    connection: &mut PgConnection,
    order: OrderId,
    customer: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO placed_order (order_id, customer_id, cancelled) VALUES ($1, $2, false) ON CONFLICT DO NOTHING",
        order as OrderId,
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn cancel_order(connection: &mut PgConnection, order: OrderId, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO placed_order (order_id, customer_id, cancelled) VALUES ($1, $2, true)
         ON CONFLICT (order_id) DO UPDATE SET cancelled = true",
        order as OrderId,
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets who used what; the coupons' counts stay.
pub async fn forget_customer(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    // The uses first: whoever releases one has locked it before it locks the counter.
    sqlx::query!("UPDATE coupon_use SET customer_id = NULL WHERE customer_id = $1", customer as UserId)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("DELETE FROM coupon_customer WHERE customer_id = $1", customer as UserId)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("DELETE FROM placed_order WHERE customer_id = $1", customer as UserId).execute(connection).await?;
    Ok(())
}

/// Forgets orders that were closed before a time and can no longer ask for anything. Returns how many, at most `limit`.
pub async fn forget_closed(connection: &mut PgConnection, before: Timestamp, limit: i64) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "DELETE FROM coupon_use WHERE order_id IN
             (SELECT order_id FROM coupon_use WHERE state IN ('released', 'refused') AND changed_at < $1
              LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before as Timestamp,
        limit
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
