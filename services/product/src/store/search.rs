//! Looking for words: full text first; words that nothing has are replaced by the nearest that something has.

use contracts::product::{FacetCount, Facets, PriceBand, ProductSort};
use sqlx::PgConnection;
use types::{CategoryId, Money, ProductId};

use super::browse::{Filter, Place, Row};
use super::count;

/// The bounds between the price bands, in paise.
const BANDS: [i64; 4] = [50_000, 100_000, 250_000, 500_000];

/// The matches after a place in the order of `sort`.
pub async fn matches(
    connection: &mut PgConnection,
    text: &str,
    filter: &Filter,
    sort: ProductSort,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    // All matches are ranked anyway, so one statement can do for every order: descending by a number that the order chooses.
    sqlx::query_as!(
        Row,
        r#"
        WITH hit AS MATERIALIZED (
            SELECT p.*, CASE $7
                WHEN 'newest' THEN (extract(epoch FROM created_at) * 1000000)::bigint
                WHEN 'price_asc' THEN -price_paise
                WHEN 'price_desc' THEN price_paise
                WHEN 'rating' THEN rating_hundredths
                ELSE (ts_rank(search, query) * 1000000)::bigint + least(rating_count, 100) * rating_hundredths / 10
            END AS key
            FROM product p, websearch_to_tsquery('english', $1) AS query
            WHERE listed AND search @@ query
              AND ($2::uuid IS NULL OR lineage @> ARRAY[$2])
              AND ($3::text IS NULL OR brand = $3)
              AND price_paise BETWEEN coalesce($4, 0) AND coalesce($5, 9223372036854775807)
              AND (NOT $6 OR in_stock)
              AND ($8::int IS NULL OR rating_hundredths >= $8)
        )
        SELECT id AS "id!: ProductId", slug AS "slug!", title AS "title!", brand AS "brand!", category_id AS "category_id!: CategoryId",
               price_paise AS "price!: Money", mrp_paise AS "mrp!: Money", image, rating_hundredths AS "rating_hundredths!",
               rating_count AS "rating_count!", in_stock AS "in_stock!", key AS "key!"
        FROM hit
        WHERE $9::uuid IS NULL OR (key, id) < ($10, $9)
        ORDER BY key DESC, id DESC
        LIMIT $11
        "#,
        text,
        filter.category as Option<CategoryId>,
        filter.brand,
        filter.min_price as Option<Money>,
        filter.max_price as Option<Money>,
        filter.in_stock,
        sort.as_str(),
        filter.min_rating,
        after.map(|place| place.1) as Option<ProductId>,
        after.map(|place| place.0),
        limit,
    )
    .fetch_all(connection)
    .await
}

/// How the matches divide. Each facet leaves its own choice out of account, so that it can be changed.
pub async fn facets(connection: &mut PgConnection, text: &str, filter: &Filter) -> sqlx::Result<Facets> {
    let rows = sqlx::query!(
        r#"
        WITH hit AS MATERIALIZED (
            SELECT category_id, brand, width_bucket(price_paise, $8) AS band, rating_hundredths / 100 AS stars,
                   ($2::uuid IS NULL OR lineage @> ARRAY[$2]) AS in_category,
                   ($3::text IS NULL OR brand = $3) AS of_brand,
                   price_paise BETWEEN coalesce($4, 0) AND coalesce($5, 9223372036854775807) AS at_price,
                   ($7::int IS NULL OR rating_hundredths >= $7) AS rated
            FROM product
            WHERE listed AND search @@ websearch_to_tsquery('english', $1) AND (NOT $6 OR in_stock)
        )
        SELECT 'total' AS "facet!", '' AS "value!", '' AS "label!", count(*) AS "count!"
        FROM hit WHERE in_category AND of_brand AND at_price AND rated
      UNION ALL
        (SELECT 'category', c.slug, c.name, count(*)
         FROM hit JOIN category c ON c.id = hit.category_id WHERE of_brand AND at_price AND rated
         GROUP BY c.id ORDER BY 4 DESC, 3 LIMIT 20)
      UNION ALL
        (SELECT 'brand', brand, brand, count(*) FROM hit WHERE in_category AND at_price AND rated
         GROUP BY brand ORDER BY 4 DESC, 3 LIMIT 20)
      UNION ALL
        (SELECT 'price', band::text, '', count(*) FROM hit WHERE in_category AND of_brand AND rated
         GROUP BY band ORDER BY band)
      UNION ALL
        (SELECT 'rating', least::text, least || ' stars and up', count(*)
         FROM hit JOIN generate_series(4, 1, -1) AS least ON stars >= least
         WHERE in_category AND of_brand AND at_price
         GROUP BY least ORDER BY least DESC)
        "#,
        text,
        filter.category as Option<CategoryId>,
        filter.brand,
        filter.min_price as Option<Money>,
        filter.max_price as Option<Money>,
        filter.in_stock,
        filter.min_rating,
        &BANDS,
    )
    .fetch_all(connection)
    .await?;
    let mut facets = Facets::default();
    for row in rows {
        let of = FacetCount { value: row.value, label: row.label, count: count(row.count) };
        match row.facet.as_str() {
            "total" => facets.total = of.count,
            "category" => facets.categories.push(of),
            "brand" => facets.brands.push(of),
            "rating" => facets.ratings.push(of),
            _ => facets.prices.push(band(&of)),
        }
    }
    Ok(facets)
}

/// `width_bucket` counts the bands from 0: that which lies below the first bound.
fn band(of: &FacetCount) -> PriceBand {
    let band = of.value.parse::<usize>().unwrap_or(0);
    let bound = |i: usize| BANDS.get(i).copied().map(Money::from_paise);
    PriceBand {
        min_price: band.checked_sub(1).and_then(bound).unwrap_or(Money::ZERO),
        max_price: bound(band).map(|above| above - Money::from_paise(1)),
        count: of.count,
    }
}

/// The query with each word that no product has replaced by the nearest that one has; `None` if there is nothing to replace.
pub async fn correct(connection: &mut PgConnection, text: &str) -> sqlx::Result<Option<String>> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .take(12)
        .collect();
    let found = sqlx::query_scalar!(
        r#"SELECT coalesce(
               (SELECT word FROM search_word WHERE word = asked),
               (SELECT word FROM search_word WHERE word % asked
                ORDER BY similarity(word, asked) DESC, word LIMIT 1),
               asked) AS "word!"
           FROM unnest($1::text[]) WITH ORDINALITY AS w (asked, n) ORDER BY n"#,
        &words,
    )
    .fetch_all(connection)
    .await?;
    Ok((found != words).then(|| found.join(" ")))
}
