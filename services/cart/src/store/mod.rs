//! All SQL of the service.

mod add;
pub mod event;
pub mod job;

use sqlx::PgConnection;
use types::{CartId, Money, Timestamp, UserId, VariantId};

pub use add::{Addition, add};

use crate::domain::{Cart, Line};
use crate::owner::{Owner, TokenHash};

pub async fn find(connection: &mut PgConnection, owner: &Owner) -> Result<Option<Cart>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.id AS "id: CartId", c.version, c.coupon_code, c.coupon_applied, l.variant_id AS "variant_id?: VariantId",
                  l.quantity AS "quantity?", l.saved_for_later AS "saved_for_later?", l.added_at AS "added_at?",
                  l.seen_price_paise AS "seen_price?: Money"
           FROM cart c LEFT JOIN cart_line l ON l.cart_id = c.id
           WHERE c.customer_id = $1 OR c.token_hash = $2 ORDER BY l.added_at, l.variant_id"#,
        owner.customer() as Option<UserId>,
        owner.token_hash()
    )
    .fetch_all(connection)
    .await?;
    Ok(cart(rows))
}

/// Is there a guest's cart with this token?
pub async fn exists(connection: &mut PgConnection, token: &TokenHash) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM cart WHERE token_hash = $1) AS "exists!""#, token.as_bytes())
        .fetch_one(connection)
        .await
}

/// Counts a change of the cart and holds it until the transaction's end. `None` if there is no such cart.
pub async fn touch(
    connection: &mut PgConnection,
    owner: &Owner,
    now: Timestamp,
) -> Result<Option<CartId>, sqlx::Error> {
    let touched = sqlx::query!(
        r#"UPDATE cart SET version = version + 1, touched_at = $3, abandoned_at = NULL
           WHERE customer_id = $1 OR token_hash = $2 RETURNING id AS "id: CartId""#,
        owner.customer() as Option<UserId>,
        owner.token_hash(),
        now as Timestamp
    )
    .fetch_optional(connection)
    .await?;
    Ok(touched.map(|cart| cart.id))
}

/// As [`touch`], making the customer's cart if there is none.
pub async fn touch_or_create(
    connection: &mut PgConnection,
    customer: UserId,
    now: Timestamp,
) -> Result<CartId, sqlx::Error> {
    let touched = sqlx::query!(
        r#"INSERT INTO cart AS c (id, customer_id, touched_at) VALUES ($1, $2, $3)
           ON CONFLICT (customer_id) DO UPDATE SET version = c.version + 1, touched_at = $3, abandoned_at = NULL
           RETURNING id AS "id: CartId""#,
        CartId::new() as CartId,
        customer as UserId,
        now as Timestamp
    )
    .fetch_one(connection)
    .await?;
    Ok(touched.id)
}

/// False if the variant is not in the cart.
pub async fn set_quantity(
    connection: &mut PgConnection,
    cart: CartId,
    variant: VariantId,
    quantity: u32,
) -> Result<bool, sqlx::Error> {
    let set = sqlx::query!(
        "UPDATE cart_line SET quantity = $3 WHERE cart_id = $1 AND variant_id = $2 AND NOT saved_for_later",
        cart as CartId,
        variant as VariantId,
        integer(quantity)
    )
    .execute(connection)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// False if there is no such line.
pub async fn set_saved(
    connection: &mut PgConnection,
    cart: CartId,
    variant: VariantId,
    saved: bool,
) -> Result<bool, sqlx::Error> {
    let set = sqlx::query!(
        "UPDATE cart_line SET saved_for_later = $3 WHERE cart_id = $1 AND variant_id = $2",
        cart as CartId,
        variant as VariantId,
        saved
    )
    .execute(connection)
    .await?;
    Ok(set.rows_affected() == 1)
}

pub async fn remove(connection: &mut PgConnection, cart: CartId, variant: VariantId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM cart_line WHERE cart_id = $1 AND variant_id = $2", cart as CartId, variant as VariantId)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes out everything but what is saved for later, and the coupon.
pub async fn empty(connection: &mut PgConnection, cart: CartId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM cart_line WHERE cart_id = $1 AND NOT saved_for_later", cart as CartId)
        .execute(&mut *connection)
        .await?;
    set_coupon(connection, cart, None).await
}

/// A coupon that was just found to apply, or none.
pub async fn set_coupon(connection: &mut PgConnection, cart: CartId, code: Option<&str>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE cart SET coupon_code = $2, coupon_applied = $2::text IS NOT NULL WHERE id = $1",
        cart as CartId,
        code
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes lines over those that are there.
pub async fn put_lines(connection: &mut PgConnection, cart: CartId, lines: &[Line]) -> Result<(), sqlx::Error> {
    let variants: Vec<VariantId> = lines.iter().map(|line| line.variant_id).collect();
    let quantities: Vec<i32> = lines.iter().map(|line| integer(line.quantity)).collect();
    let saved: Vec<bool> = lines.iter().map(|line| line.saved_for_later).collect();
    let added: Vec<Timestamp> = lines.iter().map(|line| line.added_at).collect();
    let prices: Vec<Money> = lines.iter().map(|line| line.seen_price).collect();
    sqlx::query!(
        "INSERT INTO cart_line (cart_id, variant_id, quantity, saved_for_later, added_at, seen_price_paise)
         SELECT $1, * FROM unnest($2::uuid[], $3::integer[], $4::boolean[], $5::timestamptz[], $6::bigint[])
         ON CONFLICT (cart_id, variant_id) DO UPDATE
         SET quantity = excluded.quantity, saved_for_later = excluded.saved_for_later, seen_price_paise = excluded.seen_price_paise",
        cart as CartId,
        &variants as &[VariantId],
        &quantities,
        &saved,
        &added as &[Timestamp],
        &prices as &[Money]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Remembers what the customer has just been shown.
pub async fn remember_view(
    connection: &mut PgConnection,
    cart: CartId,
    prices: &[(VariantId, Money)],
    coupon_applied: bool,
) -> Result<(), sqlx::Error> {
    let (variants, prices): (Vec<VariantId>, Vec<Money>) = prices.iter().copied().unzip();
    sqlx::query!(
        "WITH seen AS (UPDATE cart SET coupon_applied = $4 WHERE id = $1 AND coupon_applied <> $4)
         UPDATE cart_line l SET seen_price_paise = s.price
         FROM unnest($2::uuid[], $3::bigint[]) AS s (variant_id, price)
         WHERE l.cart_id = $1 AND l.variant_id = s.variant_id",
        cart as CartId,
        &variants as &[VariantId],
        &prices as &[Money],
        coupon_applied
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Nobody else sees or changes it until the transaction's end.
pub async fn lock(connection: &mut PgConnection, owner: &Owner) -> Result<bool, sqlx::Error> {
    let locked = sqlx::query!(
        "SELECT FROM cart WHERE customer_id = $1 OR token_hash = $2 FOR UPDATE",
        owner.customer() as Option<UserId>,
        owner.token_hash()
    )
    .fetch_optional(connection)
    .await?;
    Ok(locked.is_some())
}

/// Takes out everything but these.
pub async fn keep_only(connection: &mut PgConnection, cart: CartId, kept: &[VariantId]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM cart_line WHERE cart_id = $1 AND variant_id <> ALL ($2)",
        cart as CartId,
        kept as &[VariantId]
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn delete(connection: &mut PgConnection, cart: CartId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM cart WHERE id = $1", cart as CartId).execute(connection).await?;
    Ok(())
}

/// Quantities are at most 99.
fn integer(quantity: u32) -> i32 {
    i32::try_from(quantity).unwrap_or(i32::MAX)
}

/// A cart with one of its lines, if it has any.
struct Row {
    id: CartId,
    version: i64,
    coupon_code: Option<String>,
    coupon_applied: bool,
    variant_id: Option<VariantId>,
    quantity: Option<i32>,
    saved_for_later: Option<bool>,
    added_at: Option<Timestamp>,
    seen_price: Option<Money>,
}

fn cart(rows: Vec<Row>) -> Option<Cart> {
    let first = rows.first()?;
    let mut cart = Cart {
        id: first.id,
        version: first.version,
        coupon_code: first.coupon_code.clone(),
        coupon_applied: first.coupon_applied,
        lines: Vec::with_capacity(rows.len()),
    };
    cart.lines.extend(rows.into_iter().filter_map(|row| {
        Some(Line {
            variant_id: row.variant_id?,
            quantity: u32::try_from(row.quantity?).ok()?,
            saved_for_later: row.saved_for_later?,
            added_at: row.added_at?,
            seen_price: row.seen_price?,
        })
    }));
    Some(cart)
}
