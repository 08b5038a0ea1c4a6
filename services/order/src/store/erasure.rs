//! Forgetting customers.
//!
//! The seller must keep invoices for 72 months after the year's annual return (CGST Act 2017, section 36), and with them the
//! recipient's name and address (CGST Rules 2017, rule 46 (d) to (f)): these stay with orders that were invoiced. Everything
//! else goes.

use sqlx::PgConnection;
use types::{Timestamp, UserId};

/// Remembers that the customer wants to be forgotten; asked again, it is done again.
pub async fn request(connection: &mut PgConnection, customer_id: UserId, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO erasure (customer_id, requested_at) VALUES ($1, $2)
         ON CONFLICT (customer_id) DO UPDATE SET done_at = NULL",
        customer_id as UserId,
        at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A customer who can be forgotten now: none of their orders is under way, nor is one being placed. Others take another one
/// meanwhile.
pub async fn next(connection: &mut PgConnection) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT customer_id AS "customer_id: UserId" FROM erasure e
           WHERE done_at IS NULL AND NOT EXISTS (
               SELECT FROM customer_order o WHERE o.customer_id = e.customer_id
               AND o.status IN ('pending', 'confirmed', 'processing', 'shipped'))
           AND NOT EXISTS (
               SELECT FROM checkout c WHERE c.customer_id = e.customer_id AND c.step IN ('begun', 'placed', 'undoing'))
           ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED"#
    )
    .fetch_optional(connection)
    .await
}

/// Has an order of the customer come while [`next`] looked for them? From then on none can, until the transaction has ended:
/// [`super::place::place`] waits for the row.
pub async fn has_order_under_way(connection: &mut PgConnection, customer_id: UserId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM customer_order WHERE customer_id = $1
                          AND status IN ('pending', 'confirmed', 'processing', 'shipped')) AS "under_way!""#,
        customer_id as UserId
    )
    .fetch_one(connection)
    .await
}

/// Takes the personal data out of the customer's orders.
pub async fn erase(connection: &mut PgConnection, customer_id: UserId, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"WITH notes AS (
             DELETE FROM order_note n USING customer_order o WHERE n.order_id = o.id AND o.customer_id = $1
         ), forgotten AS (
             UPDATE erasure SET done_at = $2 WHERE customer_id = $1
         ), answers AS (
             DELETE FROM checkout WHERE customer_id = $1 AND step IN ('answered', 'failed')
         )
         UPDATE customer_order SET
             version = version + 1, notes = NULL,
             address = address || CASE WHEN confirmed_at IS NULL
                 THEN '{"name": "", "phone": "", "line1": "", "line2": "", "landmark": "", "city": ""}'::jsonb
                 ELSE '{"phone": "", "landmark": ""}'::jsonb END
         WHERE customer_id = $1"#,
        customer_id as UserId,
        at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}
