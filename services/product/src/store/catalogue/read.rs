//! Products as their pages and as orders need them.

use contracts::product::{
    Media, ProductDetail, ProductStatus, RateAbove, RatingSummary, VariantDetail, VariantSnapshot,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CategoryId, Money, ProductId, Rate, Timestamp, VariantId};

use crate::domain::catalogue::{Category, way_to};
use crate::store::count;

/// A product as it was edited: without what changes by itself, its stock and its rating.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edited {
    pub version: i64,
    /// `available` and `rating` are zero.
    pub detail: ProductDetail,
}

/// What changes by itself.
#[derive(Debug)]
pub struct Live {
    /// Of the last edit; zero if there is no such product.
    pub version: i64,
    pub rating: RatingSummary,
    /// Pieces of each variant that can be bought now.
    pub available: Vec<(VariantId, u32)>,
}

/// By its identifier or its slug.
pub async fn edited(
    connection: &mut PgConnection,
    id_or_slug: &str,
    categories: &[Category],
    now: Timestamp,
) -> sqlx::Result<Option<Edited>> {
    let id = id_or_slug.parse::<ProductId>().ok();
    let Some(product) = sqlx::query!(
        r#"SELECT id AS "id: ProductId", slug, title, brand, description, status AS "status: ProductStatus",
                  lineage AS "lineage: Vec<CategoryId>", hsn, return_days, options, updated_at, version
           FROM product WHERE id = $1 OR ($1 IS NULL AND slug = $2)"#,
        id as Option<ProductId>,
        id_or_slug,
    )
    .fetch_optional(&mut *connection)
    .await?
    else {
        return Ok(None);
    };
    let media = sqlx::query_as!(
        Media,
        "SELECT url, alt FROM media WHERE product_id = $1 ORDER BY position",
        product.id as ProductId
    )
    .fetch_all(&mut *connection)
    .await?;
    let variants = sqlx::query!(
        r#"SELECT id AS "id: VariantId", sku, options, price_paise AS "price: Money", mrp_paise AS "mrp: Money",
                  coalesce(gst_rate($2, price_paise, $3), 0) AS "gst_rate!: Rate", weight_grams, max_per_order, active
           FROM variant WHERE product_id = $1 ORDER BY position"#,
        product.id as ProductId,
        product.hsn,
        now as Timestamp,
    )
    .fetch_all(connection)
    .await?;
    let variants = variants.into_iter().map(|row| VariantDetail {
        id: row.id,
        sku: row.sku,
        options: row.options,
        price: row.price,
        mrp: row.mrp,
        gst_rate: row.gst_rate,
        weight_grams: count(row.weight_grams),
        max_per_order: count(row.max_per_order),
        available: 0,
        active: row.active,
    });
    let detail = ProductDetail {
        id: product.id,
        slug: product.slug,
        title: product.title,
        brand: product.brand,
        description: product.description,
        status: product.status,
        categories: way_to(&product.lineage, categories),
        hsn: product.hsn,
        return_days: u16::try_from(product.return_days).unwrap_or(0),
        options: product.options,
        media,
        variants: variants.collect(),
        rating: RatingSummary::default(),
        updated_at: product.updated_at,
    };
    Ok(Some(Edited { version: product.version, detail }))
}

pub async fn live(connection: &mut PgConnection, product: ProductId) -> sqlx::Result<Live> {
    let rows = sqlx::query!(
        r#"SELECT p.version, p.rating_hundredths, p.rating_count, v.id AS "variant_id?: VariantId",
                  (SELECT coalesce(sum(s.on_hand - s.reserved), 0) FROM stock s WHERE s.variant_id = v.id) AS "available!"
           FROM product p LEFT JOIN variant v ON v.product_id = p.id
           WHERE p.id = $1"#,
        product as ProductId,
    )
    .fetch_all(connection)
    .await?;
    let version = rows.first().map_or(0, |row| row.version);
    let rating = rows.first().map(|row| rating(row.rating_hundredths, row.rating_count)).unwrap_or_default();
    let available = rows.iter().filter_map(|row| Some((row.variant_id?, count(row.available)))).collect();
    Ok(Live { version, rating, available })
}

pub(in crate::store) fn rating(hundredths: i32, ratings: i32) -> RatingSummary {
    RatingSummary { average_hundredths: u16::try_from(hundredths).unwrap_or(0), count: count(ratings) }
}

/// The variants that there are of those asked for, with their stock as it is, in one statement. The rate is that of `now`; what
/// has none cannot be sold.
pub async fn look_up(
    connection: &mut PgConnection,
    variants: &[VariantId],
    now: Timestamp,
) -> sqlx::Result<Vec<VariantSnapshot>> {
    let rows = sqlx::query!(
        r#"SELECT v.id AS "variant_id: VariantId", v.product_id AS "product_id: ProductId", p.lineage AS "lineage: Vec<CategoryId>",
                  v.sku, p.title, array_to_string(v.options, ', ') AS "options!", p.image, v.price_paise AS "unit_price: Money",
                  v.mrp_paise AS "mrp: Money", p.hsn, gst_rate(p.hsn, v.price_paise, $2) AS "gst_rate: Rate", v.weight_grams,
                  (SELECT jsonb_agg(jsonb_build_object('above', above_paise, 'rate', rate) ORDER BY above_paise) FROM (
                       SELECT DISTINCT r.above_paise, gst_rate(r.hsn, r.above_paise + 1, $2) AS rate
                       FROM hsn_rate r WHERE r.hsn = p.hsn) steps
                   WHERE rate IS NOT NULL) AS "gst_rates: Json<Vec<RateAbove>>",
                  (SELECT coalesce(sum(s.on_hand - s.reserved), 0) FROM stock s WHERE s.variant_id = v.id) AS "available!",
                  v.max_per_order, p.return_days, p.status = 'active' AND v.active AS "on_sale!"
           FROM variant v JOIN product p ON p.id = v.product_id
           WHERE v.id = ANY ($1)"#,
        variants as &[VariantId],
        now as Timestamp,
    )
    .fetch_all(connection)
    .await?;
    let snapshots = rows.into_iter().map(|row| VariantSnapshot {
        variant_id: row.variant_id,
        product_id: row.product_id,
        category_ids: row.lineage,
        sku: row.sku,
        title: row.title,
        options: row.options,
        image: row.image,
        unit_price: row.unit_price,
        mrp: row.mrp,
        hsn: row.hsn,
        gst_rate: row.gst_rate.unwrap_or_default(),
        gst_rates: row.gst_rates.map(|steps| by_price(steps.0)).unwrap_or_default(),
        weight_grams: count(row.weight_grams),
        available: count(row.available),
        max_per_order: count(row.max_per_order),
        return_days: u16::try_from(row.return_days).unwrap_or(0),
        on_sale: row.on_sale && row.gst_rate.is_some(),
    });
    Ok(snapshots.collect())
}

/// Thresholds at which the rate is another one; none if there is one rate for every price.
fn by_price(mut steps: Vec<RateAbove>) -> Vec<RateAbove> {
    steps.dedup_by_key(|step| step.rate);
    if steps.len() > 1 { steps } else { Vec::new() }
}
