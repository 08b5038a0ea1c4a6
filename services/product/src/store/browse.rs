//! Lists of products: one statement over the products' own rows, in the order of an index.

use contracts::product::{ProductCard, ProductSort};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use types::{CategoryId, Money, ProductId, Timestamp};

use super::catalogue::rating;

/// Which products.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Itself and what is below it.
    pub category: Option<CategoryId>,
    pub brand: Option<String>,
    pub min_price: Option<Money>,
    pub max_price: Option<Money>,
    pub in_stock: bool,
    /// At least so many hundredths of a star.
    pub min_rating: Option<i32>,
}

/// Where a product stands in a list: the number that the list is sorted by, then the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(pub i64, pub ProductId);

#[derive(Debug)]
pub struct Row {
    pub(super) id: ProductId,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) brand: String,
    pub(super) category_id: CategoryId,
    pub(super) price: Money,
    pub(super) mrp: Money,
    pub(super) image: Option<String>,
    pub(super) rating_hundredths: i32,
    pub(super) rating_count: i32,
    pub(super) in_stock: bool,
    /// What the list is sorted by.
    pub(super) key: i64,
}

impl Row {
    pub fn place(&self) -> Place {
        Place(self.key, self.id)
    }

    pub fn into_card(self) -> ProductCard {
        ProductCard {
            id: self.id,
            slug: self.slug,
            title: self.title,
            brand: self.brand,
            category_id: self.category_id,
            price: self.price,
            mrp: self.mrp,
            image: self.image,
            rating: rating(self.rating_hundredths, self.rating_count),
            in_stock: self.in_stock,
        }
    }
}

/// The products after a place. One statement for each order, so that each can follow its index.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    sort: ProductSort,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    macro_rules! sorted_by {
        ($key:literal, $after:literal, $order:literal, $place:expr) => {
            sqlx::query_as!(
                Row,
                r#"SELECT id AS "id: ProductId", slug, title, brand, category_id AS "category_id: CategoryId",
                          price_paise AS "price!: Money", mrp_paise AS "mrp!: Money", image, rating_hundredths AS "rating_hundredths!",
                          rating_count, in_stock, "#
                    + $key
                    + r#" AS "key!"
                   FROM product
                   WHERE listed
                     AND ($1::uuid IS NULL OR lineage @> ARRAY[$1])
                     AND ($2::text IS NULL OR brand = $2)
                     AND ($3::bigint IS NULL OR price_paise >= $3)
                     AND ($4::bigint IS NULL OR price_paise <= $4)
                     AND (NOT $5 OR in_stock)
                     AND ($6::int IS NULL OR rating_hundredths >= $6)
                     AND ($8::uuid IS NULL OR "#
                    + $after
                    + ") ORDER BY "
                    + $order
                    + " LIMIT $9",
                filter.category as Option<CategoryId>,
                filter.brand,
                filter.min_price as Option<Money>,
                filter.max_price as Option<Money>,
                filter.in_stock,
                filter.min_rating,
                $place,
                after.map(|place| place.1) as Option<ProductId>,
                limit,
            )
            .fetch_all(connection)
            .await
        };
    }
    let key = after.map(|place| place.0);
    let rating = key.map(|key| i32::try_from(key).unwrap_or(i32::MAX));
    match sort {
        ProductSort::Newest | ProductSort::Relevance => sorted_by!(
            "(extract(epoch FROM created_at) * 1000000)::bigint",
            "(created_at, id) < ($7::timestamptz, $8)",
            "created_at DESC, id DESC",
            key.map(Timestamp::from_microseconds) as Option<Timestamp>
        ),
        ProductSort::PriceAscending => {
            sorted_by!("price_paise", "(price_paise, id) > ($7::bigint, $8)", "price_paise, id", key)
        }
        ProductSort::PriceDescending => {
            sorted_by!("price_paise", "(price_paise, id) < ($7::bigint, $8)", "price_paise DESC, id DESC", key)
        }
        ProductSort::Rating => sorted_by!(
            "rating_hundredths::bigint",
            "(rating_hundredths, id) < ($7::int, $8)",
            "rating_hundredths DESC, id DESC",
            rating
        ),
    }
}
