//! What lists show of the products, for [`crate::index`].

use futures::TryStreamExt as _;
use sqlx::PgConnection;
use types::{CategoryId, Money, ProductId, Timestamp};

use super::catalogue::rating;
use crate::domain::listing::Listed;

/// A moment in the database's own time, after which nothing that is committed later can be overlooked.
#[derive(Clone, Debug)]
pub struct Watermark(String);

struct Row {
    listed: bool,
    id: ProductId,
    slug: String,
    title: String,
    brand: String,
    category_id: CategoryId,
    price: Money,
    mrp: Money,
    image: Option<String>,
    rating_hundredths: i32,
    rating_count: i32,
    in_stock: bool,
    created_at: Timestamp,
    version: i64,
}

/// To be read before what it is to be the watermark of: what is under way at this moment is then read the next time.
pub async fn watermark(connection: &mut PgConnection) -> sqlx::Result<Watermark> {
    let xmin = sqlx::query_scalar!(r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "xmin!""#);
    xmin.fetch_one(connection).await.map(Watermark)
}

macro_rules! rows {
    ($condition:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Row,
            r#"SELECT listed, id AS "id: ProductId", slug, title, brand, category_id AS "category_id: CategoryId",
                      coalesce(price_paise, 0) AS "price!: Money", coalesce(mrp_paise, 0) AS "mrp!: Money", image,
                      rating_hundredths AS "rating_hundredths!", rating_count, in_stock, created_at, version
               FROM product WHERE "# + $condition
            $(, $argument)*
        )
    };
}

/// Hands over everything on sale.
pub async fn on_sale(connection: &mut PgConnection, mut take: impl FnMut(Listed)) -> sqlx::Result<()> {
    let mut rows = rows!("listed").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        take(row.into());
    }
    Ok(())
}

/// What has changed since, on sale or not.
pub async fn changed_since(connection: &mut PgConnection, watermark: &Watermark) -> sqlx::Result<Vec<Listed>> {
    // In a database that was restored from a dump the rows bear numbers of another one, which may lie in the future.
    let rows = rows!("changed >= $1::text::xid8 AND changed < pg_snapshot_xmax(pg_current_snapshot())", &watermark.0);
    Ok(rows.fetch_all(connection).await?.into_iter().map(Listed::from).collect())
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        Listed {
            on_sale: row.listed,
            id: row.id,
            slug: row.slug,
            title: row.title,
            brand: row.brand,
            category_id: row.category_id,
            price: row.price,
            mrp: row.mrp,
            image: row.image,
            rating: rating(row.rating_hundredths, row.rating_count),
            in_stock: row.in_stock,
            created_at: row.created_at,
            version: row.version,
        }
    }
}
