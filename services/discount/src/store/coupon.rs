use contracts::discount::{Coupon, CouponBenefit, RuleScope};
use platform::Result;
use platform::db::OnConstraint;
use platform::problem::Problem;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CategoryId, CouponId, Money, ProductId, Timestamp, UserId};

use super::{integer, natural};
use crate::domain::Standing;

/// # Errors
/// 409 if there is a coupon of this code.
pub async fn insert(connection: &mut PgConnection, coupon: &Coupon) -> Result<()> {
    if !insert_unless_there(connection, coupon).await? {
        return Err(Problem::conflict("code-taken", "There is a coupon of this code").field("code", "must be new"));
    }
    Ok(())
}

/// False if there is a coupon of this code.
pub async fn insert_unless_there(connection: &mut PgConnection, coupon: &Coupon) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO coupon (id, code, benefit, category_ids, product_ids, minimum_basket_paise, first_order_only, starts_at,
                             ends_at, total_limit, limit_per_customer, priority, stackable)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT ON CONSTRAINT coupon_code_key DO NOTHING",
        coupon.id as CouponId,
        coupon.code,
        Json(&coupon.benefit) as _,
        &coupon.scope.category_ids as &[CategoryId],
        &coupon.scope.product_ids as &[ProductId],
        coupon.minimum_basket as Money,
        coupon.first_order_only,
        coupon.starts_at as Timestamp,
        coupon.ends_at as Option<Timestamp>,
        coupon.total_limit.map(integer),
        coupon.limit_per_customer.map(integer),
        coupon.priority,
        coupon.stackable,
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// By its canonical code.
pub async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Coupon>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CouponId", code, benefit AS "benefit: Json<CouponBenefit>", category_ids AS "category_ids: Vec<CategoryId>",
                  product_ids AS "product_ids: Vec<ProductId>", minimum_basket_paise AS "minimum_basket: Money", first_order_only,
                  starts_at, ends_at, total_limit, limit_per_customer, priority, stackable, active, used, version
           FROM coupon WHERE code = $1"#,
        code
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Coupon::from))
}

/// The newest first.
pub async fn list(
    connection: &mut PgConnection,
    after: Option<CouponId>,
    rows: i64,
) -> Result<Vec<Coupon>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CouponId", code, benefit AS "benefit: Json<CouponBenefit>", category_ids AS "category_ids: Vec<CategoryId>",
                  product_ids AS "product_ids: Vec<ProductId>", minimum_basket_paise AS "minimum_basket: Money", first_order_only,
                  starts_at, ends_at, total_limit, limit_per_customer, priority, stackable, active, used, version
           FROM coupon WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"#,
        after as Option<CouponId>,
        rows
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Coupon::from).collect())
}

/// Writes what may change of a coupon, if its version is still that of `coupon`.
///
/// # Errors
/// 412 if it is not; 422 if the limit is below the uses so far.
pub async fn update(connection: &mut PgConnection, coupon: &Coupon) -> Result<()> {
    let updated = sqlx::query!(
        "UPDATE coupon SET active = $3, starts_at = $4, ends_at = $5, total_limit = $6, priority = $7, stackable = $8,
                           version = version + 1
         WHERE id = $1 AND version = $2",
        coupon.id as CouponId,
        coupon.version,
        coupon.active,
        coupon.starts_at as Timestamp,
        coupon.ends_at as Option<Timestamp>,
        coupon.total_limit.map(integer),
        coupon.priority,
        coupon.stackable,
    )
    .execute(connection)
    .await
    .on_constraint("coupon_within_limit", || Problem::invalid("total_limit", "must not be below the uses so far"))?;
    if updated.rows_affected() == 1 { Ok(()) } else { Err(Problem::stale()) }
}

/// What is known of a customer and a coupon.
pub async fn standing(
    connection: &mut PgConnection,
    coupon: CouponId,
    customer: UserId,
) -> Result<Standing, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT coalesce((SELECT used FROM coupon_customer WHERE coupon_id = $1 AND customer_id = $2), 0) AS "uses!",
                  EXISTS (SELECT FROM placed_order WHERE customer_id = $2 AND NOT cancelled) AS "has_ordered!",
                  EXISTS (SELECT FROM coupon_use u JOIN coupon c ON c.id = u.coupon_id
                          WHERE u.customer_id = $2 AND u.state IN ('held', 'redeemed') AND c.first_order_only)
                      AS "uses_first_order_coupon!""#,
        coupon as CouponId,
        customer as UserId
    )
    .fetch_one(connection)
    .await?;
    Ok(Standing {
        uses: natural(row.uses),
        has_ordered: row.has_ordered,
        uses_first_order_coupon: row.uses_first_order_coupon,
    })
}

struct Row {
    id: CouponId,
    code: String,
    benefit: Json<CouponBenefit>,
    category_ids: Vec<CategoryId>,
    product_ids: Vec<ProductId>,
    minimum_basket: Money,
    first_order_only: bool,
    starts_at: Timestamp,
    ends_at: Option<Timestamp>,
    total_limit: Option<i32>,
    limit_per_customer: Option<i32>,
    priority: i32,
    stackable: bool,
    active: bool,
    used: i32,
    version: i64,
}

impl From<Row> for Coupon {
    fn from(row: Row) -> Self {
        Coupon {
            id: row.id,
            code: row.code,
            benefit: row.benefit.0,
            scope: RuleScope { category_ids: row.category_ids, product_ids: row.product_ids },
            minimum_basket: row.minimum_basket,
            first_order_only: row.first_order_only,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            total_limit: row.total_limit.map(natural),
            limit_per_customer: row.limit_per_customer.map(natural),
            priority: row.priority,
            stackable: row.stackable,
            active: row.active,
            used: natural(row.used),
            version: row.version,
        }
    }
}
