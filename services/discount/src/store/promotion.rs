use contracts::discount::{Promotion, PromotionBenefit, RuleScope};
use platform::Result;
use platform::problem::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CategoryId, ProductId, PromotionId, Timestamp};

/// More at once than any shop runs; each basket is held against all of them.
pub const MOST_OPEN: i64 = 200;

/// False if it is there already.
pub async fn insert_unless_there(connection: &mut PgConnection, promotion: &Promotion) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO promotion (id, name, benefit, category_ids, product_ids, starts_at, ends_at, priority, stackable)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        promotion.id as PromotionId,
        promotion.name,
        Json(&promotion.benefit) as _,
        &promotion.scope.category_ids as &[CategoryId],
        &promotion.scope.product_ids as &[ProductId],
        promotion.starts_at as Timestamp,
        promotion.ends_at as Option<Timestamp>,
        promotion.priority,
        promotion.stackable,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Those that are switched on and not over, whether or not their time has come.
pub async fn open(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Promotion>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: PromotionId", name, benefit AS "benefit: Json<PromotionBenefit>",
                  category_ids AS "category_ids: Vec<CategoryId>", product_ids AS "product_ids: Vec<ProductId>",
                  starts_at, ends_at, priority, stackable, active, version
           FROM promotion WHERE active AND (ends_at IS NULL OR ends_at > $1) ORDER BY priority DESC, id LIMIT $2"#,
        now as Timestamp,
        MOST_OPEN
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Promotion::from).collect())
}

/// Is there room for one more that is switched on and not over? Until the transaction ends, nobody else takes it.
pub async fn has_room(connection: &mut PgConnection, now: Timestamp) -> Result<bool, sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('open promotions', 0))")
        .execute(&mut *connection)
        .await?;
    let open = sqlx::query_scalar!(
        r#"SELECT count(*) AS "open!" FROM promotion WHERE active AND (ends_at IS NULL OR ends_at > $1)"#,
        now as Timestamp
    )
    .fetch_one(connection)
    .await?;
    Ok(open < MOST_OPEN)
}

pub async fn find(connection: &mut PgConnection, id: PromotionId) -> Result<Option<Promotion>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: PromotionId", name, benefit AS "benefit: Json<PromotionBenefit>",
                  category_ids AS "category_ids: Vec<CategoryId>", product_ids AS "product_ids: Vec<ProductId>",
                  starts_at, ends_at, priority, stackable, active, version
           FROM promotion WHERE id = $1"#,
        id as PromotionId
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Promotion::from))
}

/// All of them, the newest first.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<PromotionId>,
    rows: i64,
) -> Result<Vec<Promotion>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: PromotionId", name, benefit AS "benefit: Json<PromotionBenefit>",
                  category_ids AS "category_ids: Vec<CategoryId>", product_ids AS "product_ids: Vec<ProductId>",
                  starts_at, ends_at, priority, stackable, active, version
           FROM promotion WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"#,
        after as Option<PromotionId>,
        rows
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Promotion::from).collect())
}

/// Writes what may change of a promotion, if its version is still that of `promotion`.
///
/// # Errors
/// 412 if it is not.
pub async fn update(connection: &mut PgConnection, promotion: &Promotion) -> Result<()> {
    let updated = sqlx::query!(
        "UPDATE promotion SET active = $3, starts_at = $4, ends_at = $5, priority = $6, stackable = $7, version = version + 1
         WHERE id = $1 AND version = $2",
        promotion.id as PromotionId,
        promotion.version,
        promotion.active,
        promotion.starts_at as Timestamp,
        promotion.ends_at as Option<Timestamp>,
        promotion.priority,
        promotion.stackable,
    )
    .execute(connection)
    .await?;
    if updated.rows_affected() == 1 { Ok(()) } else { Err(Problem::stale()) }
}

struct Row {
    id: PromotionId,
    name: String,
    benefit: Json<PromotionBenefit>,
    category_ids: Vec<CategoryId>,
    product_ids: Vec<ProductId>,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    priority: i32,
    stackable: bool,
    active: bool,
    version: i64,
}

impl From<Row> for Promotion {
    fn from(row: Row) -> Self {
        Promotion {
            id: row.id,
            name: row.name,
            benefit: row.benefit.0,
            scope: RuleScope { category_ids: row.category_ids, product_ids: row.product_ids },
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            priority: row.priority,
            stackable: row.stackable,
            active: row.active,
            version: row.version,
        }
    }
}
