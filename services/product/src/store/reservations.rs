//! Stock that is set aside for orders.
//!
//! Locks are always taken in one order, so that no two transactions wait for each other: the order's row, then the stock's rows by
//! variant and location, then the products' rows by id.

use contracts::product::Shortage;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{LocationId, OrderId, Timestamp, VariantId};

use crate::domain::stock::{Asked, Demand, OrderStock, Portion};

/// An order's stock after a change of its state.
#[derive(Debug)]
pub struct Changed {
    pub was: OrderStock,
    pub version: i64,
    pub portions: Vec<Portion>,
}

/// Sets all of `demand` aside or nothing of it, in one statement, and says what there was of each variant.
///
/// `None`, and nothing is done, if the order has had a reservation already, unless its state is one of `reclaim`. When there was
/// too little the order is left `held` with nothing held: the caller goes on with [`mark_short`] or rolls back.
///
/// A variant is taken from one location if one has all of it, the lowest position first, else from as few as possible.
pub async fn reserve(
    connection: &mut PgConnection,
    order: OrderId,
    demand: &Demand,
    expires_at: Timestamp,
    reclaim: &[OrderStock],
) -> sqlx::Result<Option<(i64, Vec<Asked>)>> {
    let variants: Vec<VariantId> = demand.lines().iter().map(|line| line.variant_id).collect();
    let quantities: Vec<i32> =
        demand.lines().iter().map(|line| i32::try_from(line.quantity).unwrap_or(i32::MAX)).collect();
    // `free` waits for whoever has a row locked and then reads what they left; rows with nothing to give are not waited for, so
    // that those who come too late for the last piece do not queue up. `claimed` comes first because `free` asks for it.
    let rows = sqlx::query!(
        r#"
        WITH claimed AS (
            INSERT INTO order_stock AS o (order_id, state, expires_at) VALUES ($1, 'held', $2)
            ON CONFLICT (order_id) DO UPDATE
                SET state = 'held', expires_at = $2, shortages = NULL, version = o.version + 1
                WHERE o.state = ANY ($5)
            RETURNING version
        ), wanted AS (
            SELECT * FROM unnest($3::uuid[], $4::int[]) AS line (variant_id, quantity)
        ), free AS (
            SELECT variant_id, location_id, on_hand - reserved AS pieces
            FROM stock
            WHERE variant_id = ANY ($3) AND on_hand > reserved AND (SELECT count(*) FROM claimed) = 1
            ORDER BY variant_id, location_id
            FOR NO KEY UPDATE
        ), asked AS (
            SELECT w.variant_id, w.quantity AS requested, coalesce(sum(f.pieces), 0)::int AS available
            FROM wanted w LEFT JOIN free f USING (variant_id)
            GROUP BY w.variant_id, w.quantity
        ), ranked AS (
            SELECT f.variant_id, f.location_id, f.pieces, w.quantity AS wanted,
                   coalesce(sum(f.pieces) OVER (
                       PARTITION BY f.variant_id ORDER BY least(f.pieces, w.quantity) DESC, l.position
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                   ), 0)::int AS earlier
            FROM free f JOIN wanted w USING (variant_id) JOIN location l ON l.id = f.location_id
        ), taken AS (
            SELECT variant_id, location_id, least(pieces, wanted - earlier) AS quantity
            FROM ranked
            WHERE earlier < wanted AND NOT EXISTS (SELECT FROM asked WHERE available < requested)
        ), moved AS (
            UPDATE stock s SET reserved = s.reserved + t.quantity, version = s.version + 1
            FROM taken t
            WHERE s.variant_id = t.variant_id AND s.location_id = t.location_id
        ), kept AS (
            INSERT INTO reservation (order_id, variant_id, location_id, quantity)
            SELECT $1, variant_id, location_id, quantity FROM taken
        )
        SELECT c.version, a.variant_id AS "variant_id!: VariantId", a.requested AS "requested!",
               a.available AS "available!", coalesce(v.low_at, 0) AS "low_at!"
        FROM claimed c CROSS JOIN asked a LEFT JOIN variant v ON v.id = a.variant_id
        "#,
        order as OrderId,
        expires_at as Timestamp,
        &variants as &[VariantId],
        &quantities,
        reclaim as &[OrderStock],
    )
    .fetch_all(connection)
    .await?;
    let version = rows.first().map(|row| row.version);
    let asked = rows.into_iter().map(|row| Asked {
        variant_id: row.variant_id,
        requested: row.requested,
        available: row.available,
        low_at: row.low_at,
    });
    Ok(version.map(|version| (version, asked.collect())))
}

/// Remembers that there was not enough: a repeat gets the same answer.
pub async fn mark_short(connection: &mut PgConnection, order: OrderId, shortages: &[Shortage]) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE order_stock SET state = 'short', expires_at = NULL, shortages = $2 WHERE order_id = $1",
        order as OrderId,
        Json(shortages) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What has become of an order's stock, and what was missing when it was short.
pub async fn state(connection: &mut PgConnection, order: OrderId) -> sqlx::Result<Option<(OrderStock, Vec<Shortage>)>> {
    let row = sqlx::query!(
        r#"SELECT state AS "state: OrderStock", shortages AS "shortages: Json<Vec<Shortage>>"
           FROM order_stock WHERE order_id = $1"#,
        order as OrderId,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.state, row.shortages.map(|shortages| shortages.0).unwrap_or_default())))
}

/// Moves an order's stock from one of the states `from` to `to`, locking it; `None` if it is in none of them.
pub async fn change(
    connection: &mut PgConnection,
    order: OrderId,
    from: &[OrderStock],
    to: OrderStock,
) -> sqlx::Result<Option<Changed>> {
    let rows = sqlx::query!(
        r#"
        WITH prior AS (
            SELECT state FROM order_stock WHERE order_id = $1 AND state = ANY ($2) FOR UPDATE
        ), changed AS (
            UPDATE order_stock o SET state = $3, expires_at = NULL, shortages = NULL, version = o.version + 1
            FROM prior WHERE o.order_id = $1
            RETURNING o.version, prior.state AS was
        )
        SELECT c.version, c.was AS "was: OrderStock", r.variant_id AS "variant_id?: VariantId",
               r.location_id AS "location_id?: LocationId", r.quantity AS "quantity?"
        FROM changed c LEFT JOIN reservation r ON r.order_id = $1
        "#,
        order as OrderId,
        from as &[OrderStock],
        to as OrderStock,
    )
    .fetch_all(connection)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (was, version) = (first.was, first.version);
    let portions = rows.iter().filter_map(|row| {
        Some(Portion { variant_id: row.variant_id?, location_id: row.location_id?, quantity: row.quantity? })
    });
    Ok(Some(Changed { was, version, portions: portions.collect() }))
}

/// Closes an order that has had no reservation. False if it has had one by now.
pub async fn close_unseen(connection: &mut PgConnection, order: OrderId) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO order_stock (order_id, state) VALUES ($1, 'released') ON CONFLICT DO NOTHING",
        order as OrderId,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Forgets where an order's pieces were, because they went back.
pub async fn forget(connection: &mut PgConnection, orders: &[OrderId]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM reservation WHERE order_id = ANY ($1)", orders as &[OrderId]).execute(connection).await?;
    Ok(())
}

/// Marks up to `limit` reservations whose time is over as expired; orders that somebody else is at work on are left to them.
pub async fn expire(
    connection: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<(OrderId, i64, Vec<Portion>)>> {
    let rows = sqlx::query!(
        r#"
        WITH due AS (
            SELECT order_id FROM order_stock
            WHERE state = 'held' AND expires_at <= $1
            ORDER BY expires_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        ), expired AS (
            UPDATE order_stock o SET state = 'expired', expires_at = NULL, version = o.version + 1
            FROM due WHERE o.order_id = due.order_id
            RETURNING o.order_id, o.version
        )
        SELECT e.order_id AS "order_id: OrderId", e.version, r.variant_id AS "variant_id: VariantId",
               r.location_id AS "location_id: LocationId", r.quantity
        FROM expired e JOIN reservation r USING (order_id)
        ORDER BY e.order_id
        "#,
        now as Timestamp,
        limit,
    )
    .fetch_all(connection)
    .await?;
    let mut expired: Vec<(OrderId, i64, Vec<Portion>)> = Vec::new();
    for row in rows {
        let portion = Portion { variant_id: row.variant_id, location_id: row.location_id, quantity: row.quantity };
        match expired.last_mut() {
            Some((order, _, portions)) if *order == row.order_id => portions.push(portion),
            _ => expired.push((row.order_id, row.version, vec![portion])),
        }
    }
    Ok(expired)
}
