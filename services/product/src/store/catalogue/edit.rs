//! Changes of products and variants. Each counts in the product's version.

use contracts::product::{Media, NewProduct, NewVariant, ProductChange, ProductStatus, VariantChange};
use sqlx::PgConnection;
use types::{CategoryId, Money, ProductId, Timestamp, VariantId};

/// What an edit has to know of a product, which stays locked until the transaction ends.
#[derive(Debug)]
pub struct Locked {
    pub version: i64,
    pub slug: String,
    pub status: ProductStatus,
    pub options: Vec<String>,
    pub variant_ids: Vec<VariantId>,
}

pub async fn lock(connection: &mut PgConnection, product: ProductId) -> sqlx::Result<Option<Locked>> {
    sqlx::query_as!(
        Locked,
        r#"SELECT version, slug, status AS "status: ProductStatus", options,
                  ARRAY(SELECT v.id FROM variant v WHERE v.product_id = product.id ORDER BY v.position)
                      AS "variant_ids!: Vec<VariantId>"
           FROM product WHERE id = $1 FOR NO KEY UPDATE"#,
        product as ProductId,
    )
    .fetch_optional(connection)
    .await
}

/// # Errors
/// `product_slug_key`, `product_category_id_fkey` or `product_hsn_fkey` is violated.
pub async fn insert(
    connection: &mut PgConnection,
    id: ProductId,
    slug: &str,
    new: &NewProduct,
    now: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO product (id, slug, title, brand, description, category_id, lineage, keywords, status, hsn, return_days,
                              options, created_at, updated_at)
         SELECT $1, $2, $3, $4, $5, $6, coalesce(c.lineage, '{}'), coalesce(c.keywords, ''), $7, $8, $9, $10, $11, $11
         FROM (SELECT 1) AS one LEFT JOIN (
             SELECT own.lineage, string_agg(above.name, ' ') AS keywords
             FROM category own JOIN category above ON above.id = ANY (own.lineage)
             WHERE own.id = $6 GROUP BY own.id
         ) AS c ON true",
        id as ProductId,
        slug,
        new.title.trim(),
        new.brand.trim(),
        new.description.trim(),
        new.category_id as CategoryId,
        new.status as ProductStatus,
        new.hsn,
        i16::try_from(new.return_days).unwrap_or(i16::MAX),
        &new.options,
        now as Timestamp,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the new version.
///
/// # Errors
/// `product_category_id_fkey` or `product_hsn_fkey` is violated.
pub async fn update(
    connection: &mut PgConnection,
    id: ProductId,
    change: &ProductChange,
    now: Timestamp,
) -> sqlx::Result<i64> {
    let trimmed = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
    sqlx::query_scalar!(
        "UPDATE product SET
             title = coalesce($2, title), brand = coalesce($3, brand), description = coalesce($4, description),
             status = coalesce($5, status), hsn = coalesce($6, hsn), return_days = coalesce($7, return_days),
             category_id = coalesce($8, category_id),
             lineage = coalesce((SELECT c.lineage FROM category c WHERE c.id = $8), lineage),
             keywords = coalesce((SELECT string_agg(above.name, ' ') FROM category own
                                  JOIN category above ON above.id = ANY (own.lineage) WHERE own.id = $8), keywords),
             version = version + 1, updated_at = $9, changed = DEFAULT
         WHERE id = $1
         RETURNING version",
        id as ProductId,
        trimmed(&change.title),
        trimmed(&change.brand),
        trimmed(&change.description),
        change.status as Option<ProductStatus>,
        change.hsn,
        change.return_days.map(|days| i16::try_from(days).unwrap_or(i16::MAX)),
        change.category_id as Option<CategoryId>,
        now as Timestamp,
    )
    .fetch_one(connection)
    .await
}

pub async fn set_media(connection: &mut PgConnection, product: ProductId, media: &[Media]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM media WHERE product_id = $1", product as ProductId).execute(&mut *connection).await?;
    let urls: Vec<String> = media.iter().map(|m| m.url.clone()).collect();
    let alts: Vec<String> = media.iter().map(|m| m.alt.clone()).collect();
    sqlx::query!(
        "INSERT INTO media (product_id, position, url, alt)
         SELECT $1, m.n, m.url, m.alt FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS m (url, alt, n)",
        product as ProductId,
        &urls,
        &alts,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a variant after those that are there.
///
/// # Errors
/// `variant_sku_key`, `variant_options_key` or `variant_price_within_mrp` is violated.
pub async fn insert_variant(
    connection: &mut PgConnection,
    product: ProductId,
    id: VariantId,
    new: &NewVariant,
) -> sqlx::Result<()> {
    let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    sqlx::query!(
        "INSERT INTO variant (id, product_id, sku, options, price_paise, mrp_paise, weight_grams, max_per_order, low_at, position)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, count(*) FROM variant WHERE product_id = $2",
        id as VariantId,
        product as ProductId,
        new.sku,
        &new.options,
        new.price as Money,
        new.mrp as Money,
        small(new.weight_grams),
        small(new.max_per_order),
        small(new.low_at),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The price before and after; `None` if the product has no such variant.
///
/// # Errors
/// `variant_price_within_mrp` is violated.
pub async fn update_variant(
    connection: &mut PgConnection,
    product: ProductId,
    variant: VariantId,
    change: &VariantChange,
) -> sqlx::Result<Option<(Money, Money)>> {
    let small = |number: Option<u32>| number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    let prices = sqlx::query!(
        r#"UPDATE variant v SET
             price_paise = coalesce($3, v.price_paise), mrp_paise = coalesce($4, v.mrp_paise),
             weight_grams = coalesce($5, v.weight_grams), max_per_order = coalesce($6, v.max_per_order),
             low_at = coalesce($7, v.low_at), active = coalesce($8, v.active)
         FROM (SELECT price_paise FROM variant WHERE id = $2 AND product_id = $1 FOR NO KEY UPDATE) AS before
         WHERE v.id = $2 AND v.product_id = $1
         RETURNING before.price_paise AS "old: Money", v.price_paise AS "new: Money""#,
        product as ProductId,
        variant as VariantId,
        change.price as Option<Money>,
        change.mrp as Option<Money>,
        small(change.weight_grams),
        small(change.max_per_order),
        small(change.low_at),
        change.active,
    )
    .fetch_optional(connection)
    .await?;
    Ok(prices.map(|row| (row.old, row.new)))
}

/// Brings what lists show of these products up to date, and the words that they are found by.
///
/// The products are locked before anything is read: of two who change a product's variants at once, the second then sees what
/// the first did.
pub async fn refresh_cards(connection: &mut PgConnection, products: &[ProductId]) -> sqlx::Result<()> {
    sqlx::query!("SELECT FROM product WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", products as &[ProductId])
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE product p SET price_paise = c.price_paise, mrp_paise = c.mrp_paise, image = c.image, in_stock = c.in_stock,
                changed = DEFAULT
         FROM product q
         LEFT JOIN LATERAL (
             SELECT v.price_paise, v.mrp_paise FROM variant v
             WHERE v.product_id = q.id AND v.active ORDER BY v.price_paise, v.position LIMIT 1
         ) AS cheapest ON true
         CROSS JOIN LATERAL (
             SELECT cheapest.price_paise, cheapest.mrp_paise,
                    (SELECT m.url FROM media m WHERE m.product_id = q.id ORDER BY m.position LIMIT 1) AS image,
                    EXISTS (SELECT FROM variant v JOIN stock s ON s.variant_id = v.id
                            WHERE v.product_id = q.id AND v.active AND s.on_hand > s.reserved) AS in_stock
         ) AS c
         WHERE q.id = ANY ($1) AND p.id = q.id
           AND (p.price_paise, p.mrp_paise, p.image, p.in_stock)
               IS DISTINCT FROM (c.price_paise, c.mrp_paise, c.image, c.in_stock)",
        products as &[ProductId],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the words that these products are found by, for the correction of queries.
pub async fn note_words(connection: &mut PgConnection, products: &[ProductId]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO search_word (word)
         SELECT DISTINCT lexeme FROM product, unnest(tsvector_to_array(
             to_tsvector('simple', title || ' ' || brand || ' ' || keywords || ' ' || description))) AS lexeme
         WHERE id = ANY ($1) AND length(lexeme) BETWEEN 3 AND 30 AND lexeme ~ '^[a-z]+$'
         ORDER BY lexeme
         ON CONFLICT DO NOTHING",
        products as &[ProductId],
    )
    .execute(connection)
    .await?;
    Ok(())
}
