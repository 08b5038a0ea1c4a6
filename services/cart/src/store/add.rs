//! Putting something into a cart: what customers do most, so one statement does all of it.

use sqlx::PgConnection;
use types::{CartId, Money, Timestamp, UserId, VariantId};

use super::{Row, cart, integer};
use crate::domain::{Cart, MOST_LINES};
use crate::owner::{Owner, TokenHash};

pub struct Addition<'a> {
    pub owner: &'a Owner,
    /// Under which a guest's cart is made, should it have to be.
    pub new_token: &'a TokenHash,
    pub variant: VariantId,
    pub quantity: u32,
    /// The most that the line may have afterwards.
    pub most: u32,
    /// As the customer sees it.
    pub price: Money,
    pub now: Timestamp,
}

/// The cart afterwards; `None` if the line would have too many pieces, or the cart
/// too many lines. Two additions at once wait for one another at the cart's row, and are summed.
pub async fn add(connection: &mut PgConnection, addition: &Addition<'_>) -> Result<Option<Cart>, sqlx::Error> {
    let Addition { owner, new_token, variant, quantity, most, price, now } = addition;
    let customer = owner.customer();
    let rows = sqlx::query_as!(
        Row,
        r#"WITH known AS (
             UPDATE cart SET version = version + 1, touched_at = $8, abandoned_at = NULL
             WHERE customer_id = $1 OR token_hash = $2
             RETURNING id, version, coupon_code, coupon_applied
           ), made AS (
             INSERT INTO cart AS m (id, customer_id, token_hash, touched_at)
             SELECT $9, $1, $3, $8 WHERE NOT EXISTS (SELECT FROM known)
             ON CONFLICT (customer_id) DO UPDATE SET version = m.version + 1, touched_at = $8, abandoned_at = NULL
             RETURNING id, version, coupon_code, coupon_applied
           ), c AS (
             SELECT * FROM known UNION ALL SELECT * FROM made
           ), added AS (
             INSERT INTO cart_line AS l (cart_id, variant_id, quantity, added_at, seen_price_paise)
             SELECT id, $4, $5, $8, $7 FROM c
             WHERE $10 > (SELECT count(*) FROM cart_line o WHERE o.cart_id = c.id AND o.variant_id <> $4)
             ON CONFLICT (cart_id, variant_id) DO UPDATE
             SET quantity = CASE WHEN l.saved_for_later THEN 0 ELSE l.quantity END + excluded.quantity,
                 saved_for_later = false, seen_price_paise = excluded.seen_price_paise
             WHERE CASE WHEN l.saved_for_later THEN 0 ELSE l.quantity END + excluded.quantity <= $6
             RETURNING *
           ), lines AS (
             SELECT * FROM added
             UNION ALL
             SELECT l.* FROM cart_line l JOIN c ON l.cart_id = c.id
             WHERE l.variant_id <> $4 AND EXISTS (SELECT FROM added)
           )
           SELECT c.id AS "id!: CartId", c.version AS "version!", c.coupon_code, c.coupon_applied AS "coupon_applied!",
                  l.variant_id AS "variant_id?: VariantId", l.quantity AS "quantity?",
                  l.saved_for_later AS "saved_for_later?", l.added_at AS "added_at?", l.seen_price_paise AS "seen_price?: Money"
           FROM c JOIN lines l ON l.cart_id = c.id ORDER BY l.added_at, l.variant_id"#,
        customer as Option<UserId>,
        owner.token_hash(),
        // A cart has one owner.
        customer.is_none().then(|| new_token.as_bytes()),
        *variant as VariantId,
        integer(*quantity),
        integer(*most),
        *price as Money,
        *now as Timestamp,
        CartId::new() as CartId,
        i64::try_from(MOST_LINES).unwrap_or(i64::MAX)
    )
    .fetch_all(connection)
    .await?;
    Ok(cart(rows))
}
