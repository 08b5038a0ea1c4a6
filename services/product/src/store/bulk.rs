//! Many products at once: for demonstrations and benchmarks.

use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CategoryId, LocationId, Money, ProductId, Rate, ReviewId, Timestamp, UserId, VariantId};

#[derive(Debug, Serialize)]
pub struct BulkCategory {
    pub id: CategoryId,
    pub parent_id: Option<CategoryId>,
    pub slug: String,
    pub name: String,
    pub lineage: Vec<CategoryId>,
    pub position: i32,
}

#[derive(Debug, Serialize)]
pub struct BulkProduct {
    pub id: ProductId,
    pub slug: String,
    pub title: String,
    pub brand: String,
    pub description: String,
    pub category: String,
    pub hsn: String,
    pub return_days: u16,
    pub options: Vec<String>,
    pub image: String,
    pub created_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub struct BulkVariant {
    pub id: VariantId,
    pub product_id: ProductId,
    pub sku: String,
    pub options: Vec<String>,
    pub price: Money,
    pub mrp: Money,
    pub weight_grams: u32,
    pub position: usize,
}

#[derive(Debug, Serialize)]
pub struct BulkStock {
    pub variant_id: VariantId,
    pub location_id: LocationId,
    pub on_hand: u32,
}

#[derive(Debug, Serialize)]
pub struct BulkReview {
    pub id: ReviewId,
    pub product_id: ProductId,
    pub customer_id: UserId,
    pub rating: u8,
    pub title: String,
    pub body: String,
    pub created_at: Timestamp,
}

/// Products with all that belongs to them. Several hundred make a good batch.
#[derive(Debug, Default)]
pub struct Batch {
    pub products: Vec<BulkProduct>,
    pub variants: Vec<BulkVariant>,
    pub stock: Vec<BulkStock>,
    pub reviews: Vec<BulkReview>,
}

pub async fn is_there(connection: &mut PgConnection, product: ProductId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM product WHERE id = $1) AS "there!""#, product as ProductId)
        .fetch_one(connection)
        .await
}

/// Tells the planner how large the tables have become. Without it a statement that was planned while they were empty reads them
/// from end to end for each row, for as long as the connection lives.
pub async fn analyze(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("ANALYZE product, variant, media, stock, stock_ledger, review, search_word")
        .execute(connection)
        .await?;
    Ok(())
}

/// Locations, by position; what is there stays.
pub async fn insert_locations(connection: &mut PgConnection, locations: &[(LocationId, &str)]) -> sqlx::Result<()> {
    let ids: Vec<LocationId> = locations.iter().map(|(id, _)| *id).collect();
    let names: Vec<String> = locations.iter().map(|(_, name)| (*name).to_owned()).collect();
    sqlx::query!(
        "INSERT INTO location (id, name, position)
         SELECT id, name, n FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS l (id, name, n)
         ON CONFLICT DO NOTHING",
        &ids as &[LocationId],
        &names,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// HSN codes; what is there stays.
pub async fn insert_hsn(connection: &mut PgConnection, codes: &[(&str, &str)]) -> sqlx::Result<()> {
    let (codes, descriptions): (Vec<String>, Vec<String>) =
        codes.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).unzip();
    sqlx::query!(
        "INSERT INTO hsn (code, description) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING",
        &codes,
        &descriptions,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// GST rates from a day on (`YYYY-MM-DD`), for pieces above a price; what is there stays.
pub async fn insert_rates(connection: &mut PgConnection, day: &str, rates: &[(&str, Money, Rate)]) -> sqlx::Result<()> {
    let codes: Vec<String> = rates.iter().map(|(code, ..)| (*code).to_owned()).collect();
    let above: Vec<Money> = rates.iter().map(|(_, above, _)| *above).collect();
    let basis_points: Vec<Rate> = rates.iter().map(|(.., rate)| *rate).collect();
    sqlx::query!(
        "INSERT INTO hsn_rate (hsn, effective_from, above_paise, rate_basis_points)
         SELECT r.hsn, $1::text::date, r.above, r.rate FROM unnest($2::text[], $3::bigint[], $4::int[]) AS r (hsn, above, rate)
         ON CONFLICT DO NOTHING",
        day,
        &codes,
        &above as &[Money],
        &basis_points as &[Rate],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Categories, those above before those below; what is there stays.
pub async fn insert_categories(connection: &mut PgConnection, categories: &[BulkCategory]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO category (id, parent_id, slug, name, lineage, position)
         SELECT id, parent_id, slug, name, lineage, position FROM jsonb_to_recordset($1)
             AS c (id uuid, parent_id uuid, slug text, name text, lineage uuid[], position int)
         ON CONFLICT DO NOTHING",
        Json(categories) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A statement per table; the stock on hand gets its ledger.
pub async fn insert(connection: &mut PgConnection, batch: &Batch, now: Timestamp) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH new AS (
             SELECT * FROM jsonb_to_recordset($1) AS p (id uuid, slug text, title text, brand text, description text, category text,
                 hsn text, return_days smallint, options text[], image text, created_at timestamptz)
         ), pictured AS (
             INSERT INTO media (product_id, position, url, alt) SELECT id, 1, image, title FROM new
         )
         INSERT INTO product (id, slug, title, brand, description, category_id, lineage, keywords, status, hsn, return_days,
                              options, created_at, updated_at, rating_sum, rating_count)
         SELECT n.id, n.slug, n.title, n.brand, n.description, c.id, c.lineage,
                (SELECT string_agg(above.name, ' ') FROM category above WHERE above.id = ANY (c.lineage)),
                'active', n.hsn, n.return_days, n.options, n.created_at, n.created_at, coalesce(r.sum, 0), coalesce(r.count, 0)
         FROM new n JOIN category c ON c.slug = n.category
         LEFT JOIN (
             SELECT product_id, sum(rating), count(*) FROM jsonb_to_recordset($2) AS r (product_id uuid, rating int)
             GROUP BY product_id
         ) AS r ON r.product_id = n.id",
        Json(&batch.products) as _,
        Json(&batch.reviews) as _,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO variant (id, product_id, sku, options, price_paise, mrp_paise, weight_grams, max_per_order, low_at, position)
         SELECT id, product_id, sku, options, price, mrp, weight_grams, 10, 5, position
         FROM jsonb_to_recordset($1) AS v (id uuid, product_id uuid, sku text, options text[], price bigint, mrp bigint,
                                           weight_grams int, position smallint)",
        Json(&batch.variants) as _,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "WITH new AS (
             SELECT * FROM jsonb_to_recordset($1) AS s (variant_id uuid, location_id uuid, on_hand int)
         ), booked AS (
             INSERT INTO stock_ledger (variant_id, location_id, change, on_hand, reason, at)
             SELECT variant_id, location_id, on_hand, on_hand, 'opening', $2 FROM new WHERE on_hand > 0
         )
         INSERT INTO stock (variant_id, location_id, on_hand, version) SELECT variant_id, location_id, on_hand, 1 FROM new",
        Json(&batch.stock) as _,
        now as Timestamp,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO review (id, product_id, customer_id, rating, title, body, created_at)
         SELECT * FROM jsonb_to_recordset($1) AS r (id uuid, product_id uuid, customer_id uuid, rating smallint, title text,
                                                    body text, created_at timestamptz)",
        Json(&batch.reviews) as _,
    )
    .execute(&mut *connection)
    .await?;
    let products: Vec<ProductId> = batch.products.iter().map(|product| product.id).collect();
    super::catalogue::refresh_cards(connection, &products).await?;
    super::catalogue::note_words(connection, &products).await
}
