//! HSN codes and their GST rates.

use contracts::product::{GstRate, TaxCode};
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{Money, Rate};

/// A code with its version.
#[derive(Debug)]
pub struct Kept {
    pub version: i64,
    pub code: TaxCode,
}

/// Codes after this one, by code.
pub async fn list(connection: &mut PgConnection, after: Option<&str>, rows: i64) -> sqlx::Result<Vec<TaxCode>> {
    let rows = sqlx::query!(
        r#"SELECT code, description,
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('effective_from', effective_from, 'above', above_paise,
                                                                'rate', rate_basis_points)
                                             ORDER BY effective_from, above_paise), '[]')
                   FROM hsn_rate r WHERE r.hsn = hsn.code) AS "rates!: Json<Vec<GstRate>>"
           FROM hsn WHERE $1::text IS NULL OR code > $1 ORDER BY code LIMIT $2"#,
        after,
        rows
    )
    .fetch_all(connection)
    .await?;
    let codes =
        rows.into_iter().map(|row| TaxCode { code: row.code, description: row.description, rates: row.rates.0 });
    Ok(codes.collect())
}

pub async fn find(connection: &mut PgConnection, code: &str) -> sqlx::Result<Option<Kept>> {
    let row = sqlx::query!(
        r#"SELECT version, code, description,
                  (SELECT coalesce(jsonb_agg(jsonb_build_object('effective_from', effective_from, 'above', above_paise,
                                                                'rate', rate_basis_points)
                                             ORDER BY effective_from, above_paise), '[]')
                   FROM hsn_rate r WHERE r.hsn = hsn.code) AS "rates!: Json<Vec<GstRate>>"
           FROM hsn WHERE code = $1"#,
        code
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Kept {
        version: row.version,
        code: TaxCode { code: row.code, description: row.description, rates: row.rates.0 },
    }))
}

/// The version of a code, which nobody else changes until the transaction ends.
pub async fn lock(connection: &mut PgConnection, code: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT version FROM hsn WHERE code = $1 FOR NO KEY UPDATE", code)
        .fetch_optional(connection)
        .await
}

/// # Errors
/// `hsn_pkey` is violated: the code is there.
pub async fn insert(connection: &mut PgConnection, code: &str, description: &str) -> sqlx::Result<()> {
    sqlx::query!("INSERT INTO hsn (code, description) VALUES ($1, $2)", code, description).execute(connection).await?;
    Ok(())
}

/// Returns the new version.
pub async fn describe(connection: &mut PgConnection, code: &str, description: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "UPDATE hsn SET description = $2, version = version + 1 WHERE code = $1 RETURNING version",
        code,
        description
    )
    .fetch_one(connection)
    .await
}

/// Gives a code these rates and no others.
pub async fn set_rates(connection: &mut PgConnection, code: &str, rates: &[GstRate]) -> sqlx::Result<()> {
    let days: Vec<String> = rates.iter().map(|rate| rate.effective_from.to_string()).collect();
    let above: Vec<Money> = rates.iter().map(|rate| rate.above).collect();
    let basis_points: Vec<Rate> = rates.iter().map(|rate| rate.rate).collect();
    sqlx::query!("DELETE FROM hsn_rate WHERE hsn = $1", code).execute(&mut *connection).await?;
    sqlx::query!(
        "INSERT INTO hsn_rate (hsn, effective_from, above_paise, rate_basis_points)
         SELECT $1, r.day::date, r.above, r.rate FROM unnest($2::text[], $3::bigint[], $4::int[]) AS r (day, above, rate)",
        code,
        &days,
        &above as &[Money],
        &basis_points as &[Rate],
    )
    .execute(connection)
    .await?;
    Ok(())
}
