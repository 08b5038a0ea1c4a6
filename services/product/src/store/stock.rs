//! The stock per location and its ledger.

use contracts::product::{LedgerEntry, StockAtLocation, StockReason};
use sqlx::PgConnection;
use types::{LocationId, OrderId, ProductId, ReturnId, Timestamp, UserId, VariantId};

use super::count;
use crate::domain::stock::{Level, Move};

/// Why the stock on hand changes: what the ledger says beside the number.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a> {
    pub reason: StockReason,
    pub order_id: Option<OrderId>,
    pub return_id: Option<ReturnId>,
    pub actor_id: Option<UserId>,
    pub note: &'a str,
    pub at: Timestamp,
}

impl Cause<'_> {
    pub fn of_order(reason: StockReason, order: OrderId, at: Timestamp) -> Self {
        Cause { reason, order_id: Some(order), return_id: None, actor_id: None, note: "", at }
    }
}

/// Changes the stock in one statement, writes the ledger, and says what could be had of each variant before and after.
///
/// # Errors
/// `stock_reserved_within_on_hand` or `stock_reserved_not_negative` is violated: there are not so many pieces.
pub async fn apply(connection: &mut PgConnection, moves: &[Move], cause: &Cause<'_>) -> sqlx::Result<Vec<Level>> {
    let variants: Vec<VariantId> = moves.iter().map(|m| m.variant_id).collect();
    let locations: Vec<LocationId> = moves.iter().map(|m| m.location_id).collect();
    let on_hand: Vec<i32> = moves.iter().map(|m| m.on_hand).collect();
    let reserved: Vec<i32> = moves.iter().map(|m| m.reserved).collect();
    // All rows of the variants are locked, not only those that change: only then are the levels true.
    sqlx::query_as!(
        Level,
        r#"
        WITH move AS (
            SELECT variant_id, location_id, sum(on_hand)::int AS on_hand, sum(reserved)::int AS reserved
            FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) AS m (variant_id, location_id, on_hand, reserved)
            GROUP BY variant_id, location_id
        ), locked AS (
            SELECT variant_id, location_id, on_hand - reserved AS pieces FROM stock
            WHERE variant_id = ANY ($1)
            ORDER BY variant_id, location_id
            FOR NO KEY UPDATE
        ), moved AS (
            UPDATE stock s
            SET on_hand = s.on_hand + m.on_hand, reserved = s.reserved + m.reserved, version = s.version + 1
            FROM locked l JOIN move m USING (variant_id, location_id)
            WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id
            RETURNING s.variant_id, s.location_id, m.on_hand AS change, s.on_hand, m.on_hand - m.reserved AS pieces
        ), written AS (
            INSERT INTO stock_ledger (variant_id, location_id, change, on_hand, reason, order_id, return_id, actor_id, note, at)
            SELECT variant_id, location_id, change, on_hand, $5, $6, $7, $8, $9, $10 FROM moved WHERE change <> 0
        )
        SELECT v.id AS "variant_id: VariantId", v.low_at, l.pieces AS "before!", (l.pieces + m.pieces)::int AS "after!"
        FROM (SELECT variant_id, sum(pieces)::int AS pieces FROM locked GROUP BY variant_id) l
        JOIN (SELECT variant_id, sum(pieces) AS pieces FROM moved GROUP BY variant_id) m USING (variant_id)
        JOIN variant v ON v.id = l.variant_id
        "#,
        &variants as &[VariantId],
        &locations as &[LocationId],
        &on_hand,
        &reserved,
        cause.reason as StockReason,
        cause.order_id as Option<OrderId>,
        cause.return_id as Option<ReturnId>,
        cause.actor_id as Option<UserId>,
        cause.note,
        cause.at as Timestamp,
    )
    .fetch_all(connection)
    .await
}

/// Makes sure that the variant can have stock there.
///
/// # Errors
/// `stock_variant_id_fkey` or `stock_location_id_fkey` is violated: there is no such variant or location.
pub async fn open(connection: &mut PgConnection, variant: VariantId, location: LocationId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO stock (variant_id, location_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        variant as VariantId,
        location as LocationId,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where pieces that an order bought are put when they come back: from where most of them came, else the first location.
pub async fn home(
    connection: &mut PgConnection,
    order: OrderId,
    variant: VariantId,
) -> sqlx::Result<Option<LocationId>> {
    sqlx::query_scalar!(
        r#"SELECT l.id AS "id: LocationId" FROM location l
           LEFT JOIN reservation r ON r.location_id = l.id AND r.order_id = $1 AND r.variant_id = $2
           ORDER BY r.quantity DESC NULLS LAST, l.position
           LIMIT 1"#,
        order as OrderId,
        variant as VariantId,
    )
    .fetch_optional(connection)
    .await
}

/// Have pieces of the return been put on the shelf?
pub async fn has_come_back(connection: &mut PgConnection, return_id: ReturnId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM stock_ledger WHERE return_id = $1) AS "has_come_back!""#,
        return_id as ReturnId
    )
    .fetch_one(connection)
    .await
}

/// What the event of a variant's stock says of it.
#[derive(Debug)]
pub struct Facts {
    pub variant_id: VariantId,
    pub product_id: ProductId,
    pub sku: String,
    pub title: String,
    /// Counts the changes of its stock.
    pub version: i64,
}

pub async fn facts(connection: &mut PgConnection, variants: &[VariantId]) -> sqlx::Result<Vec<Facts>> {
    sqlx::query_as!(
        Facts,
        r#"SELECT v.id AS "variant_id: VariantId", v.product_id AS "product_id: ProductId", v.sku, p.title,
                  (SELECT coalesce(sum(s.version), 0) FROM stock s WHERE s.variant_id = v.id)::bigint AS "version!"
           FROM variant v JOIN product p ON p.id = v.product_id
           WHERE v.id = ANY ($1)
           ORDER BY v.id"#,
        variants as &[VariantId],
    )
    .fetch_all(connection)
    .await
}

/// The SKU of a variant and its stock at each location.
pub async fn levels(
    connection: &mut PgConnection,
    variant: VariantId,
) -> sqlx::Result<Option<(String, Vec<StockAtLocation>)>> {
    let rows = sqlx::query!(
        r#"SELECT v.sku, l.id AS "location_id?: LocationId", l.name AS "name?", s.on_hand AS "on_hand?", s.reserved AS "reserved?"
           FROM variant v
           LEFT JOIN stock s ON s.variant_id = v.id
           LEFT JOIN location l ON l.id = s.location_id
           WHERE v.id = $1
           ORDER BY l.position"#,
        variant as VariantId,
    )
    .fetch_all(connection)
    .await?;
    let Some(sku) = rows.first().map(|row| row.sku.clone()) else { return Ok(None) };
    let at = rows.into_iter().filter_map(|row| {
        Some(StockAtLocation {
            location_id: row.location_id?,
            name: row.name?,
            on_hand: count(row.on_hand?),
            reserved: count(row.reserved?),
        })
    });
    Ok(Some((sku, at.collect())))
}

/// The ledger of a variant before an entry, the latest first.
pub async fn ledger(
    connection: &mut PgConnection,
    variant: VariantId,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<LedgerEntry>> {
    let rows = sqlx::query!(
        r#"SELECT id, location_id AS "location_id: LocationId", change, on_hand, reason AS "reason: StockReason",
                  order_id AS "order_id: OrderId", return_id AS "return_id: ReturnId", actor_id AS "actor_id: UserId", note, at
           FROM stock_ledger
           WHERE variant_id = $1 AND id < coalesce($2, 9223372036854775807)
           ORDER BY id DESC
           LIMIT $3"#,
        variant as VariantId,
        before,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| LedgerEntry {
            id: row.id,
            location_id: row.location_id,
            change: row.change,
            on_hand: count(row.on_hand),
            reason: row.reason,
            order_id: row.order_id,
            return_id: row.return_id,
            actor_id: row.actor_id,
            note: row.note,
            at: row.at,
        })
        .collect())
}
