use contracts::shipping::{
    RateCard, ShippingBlock, ShippingMethod, ShippingRate, ShippingZone, WeightSlab, WriteShippingBlock,
    WriteShippingRate, WriteShippingZone,
};
use sqlx::PgConnection;
use types::{Money, ShippingMethodId, StateCode};

/// The whole card.
pub async fn load(connection: &mut PgConnection) -> Result<RateCard, sqlx::Error> {
    let version = sqlx::query_scalar!("SELECT version FROM rate_card").fetch_one(&mut *connection).await?;
    let zones = sqlx::query!(
        r#"SELECT code, name, everywhere_else, cash_on_delivery_limit_paise AS "limit: Money",
                  ARRAY(SELECT prefix FROM zone_prefix WHERE zone = code ORDER BY prefix) AS "prefixes!: Vec<String>",
                  ARRAY(SELECT state FROM zone_state WHERE zone = code ORDER BY state) AS "states!: Vec<StateCode>"
           FROM zone ORDER BY code"#
    )
    .fetch_all(&mut *connection)
    .await?;
    let methods =
        sqlx::query_as!(ShippingMethod, r#"SELECT id AS "id: ShippingMethodId", code, name FROM method ORDER BY id"#)
            .fetch_all(&mut *connection)
            .await?;
    let rates = sqlx::query!(
        r#"SELECT zone, method, min_days, max_days, free_from_paise AS "free_from: Money", slab_grams,
                  slab_charges_paise AS "slab_charges: Vec<Money>"
           FROM rate ORDER BY zone, method"#
    )
    .fetch_all(&mut *connection)
    .await?;
    let blocks =
        sqlx::query!("SELECT prefix, delivery, reason FROM block ORDER BY prefix").fetch_all(&mut *connection).await?;
    let zones = zones.into_iter().map(|row| ShippingZone {
        code: row.code,
        zone: WriteShippingZone {
            name: row.name,
            prefixes: row.prefixes,
            states: row.states,
            everywhere_else: row.everywhere_else,
            cash_on_delivery_limit: row.limit,
        },
    });
    let rates = rates.into_iter().map(|row| {
        let slabs = row.slab_grams.into_iter().zip(row.slab_charges);
        let slab = |(grams, charge)| WeightSlab { up_to_grams: u32::try_from(grams).unwrap_or(0), charge };
        let days = |days| u8::try_from(days).unwrap_or(u8::MAX);
        ShippingRate {
            zone: row.zone,
            method: row.method,
            rate: WriteShippingRate {
                min_days: days(row.min_days),
                max_days: days(row.max_days),
                free_from: row.free_from,
                slabs: slabs.map(slab).collect(),
            },
        }
    });
    let blocks = blocks.into_iter().map(|row| ShippingBlock {
        prefix: row.prefix,
        block: WriteShippingBlock { delivery: row.delivery, reason: row.reason },
    });
    Ok(RateCard { version, zones: zones.collect(), methods, rates: rates.collect(), blocks: blocks.collect() })
}

/// Counts an edit of the card, if it still has the version that the edit began with. The row's lock makes edits come one
/// after the other. `None` if it has another version.
pub async fn next_version(connection: &mut PgConnection, expected: i64) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!("UPDATE rate_card SET version = version + 1 WHERE version = $1 RETURNING version", expected)
        .fetch_optional(connection)
        .await
}

/// Makes the zone, or replaces it; its area is another matter.
pub async fn write_zone(
    connection: &mut PgConnection,
    code: &str,
    zone: &WriteShippingZone,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO zone (code, name, everywhere_else, cash_on_delivery_limit_paise) VALUES ($1, $2, $3, $4)
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, everywhere_else = excluded.everywhere_else,
             cash_on_delivery_limit_paise = excluded.cash_on_delivery_limit_paise",
        code,
        zone.name,
        zone.everywhere_else,
        zone.cash_on_delivery_limit as Money
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn write_prefixes(connection: &mut PgConnection, zone: &str, prefixes: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM zone_prefix WHERE zone = $1", zone).execute(&mut *connection).await?;
    sqlx::query!("INSERT INTO zone_prefix (prefix, zone) SELECT unnest($2::text[]), $1", zone, prefixes)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn write_states(connection: &mut PgConnection, zone: &str, states: &[StateCode]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM zone_state WHERE zone = $1", zone).execute(&mut *connection).await?;
    sqlx::query!("INSERT INTO zone_state (state, zone) SELECT unnest($2::text[]), $1", zone, states as &[StateCode])
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn add_method(connection: &mut PgConnection, method: &ShippingMethod) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO method (id, code, name) VALUES ($1, $2, $3)",
        method.id as ShippingMethodId,
        method.code,
        method.name
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the rate of a method in a zone, or replaces it.
pub async fn write_rate(
    connection: &mut PgConnection,
    zone: &str,
    method: &str,
    rate: &WriteShippingRate,
) -> Result<(), sqlx::Error> {
    let grams: Vec<i32> = rate.slabs.iter().map(|slab| i32::try_from(slab.up_to_grams).unwrap_or(i32::MAX)).collect();
    let charges: Vec<Money> = rate.slabs.iter().map(|slab| slab.charge).collect();
    sqlx::query!(
        "INSERT INTO rate (zone, method, min_days, max_days, free_from_paise, slab_grams, slab_charges_paise)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (zone, method) DO UPDATE SET min_days = excluded.min_days, max_days = excluded.max_days,
             free_from_paise = excluded.free_from_paise, slab_grams = excluded.slab_grams,
             slab_charges_paise = excluded.slab_charges_paise",
        zone,
        method,
        i16::from(rate.min_days),
        i16::from(rate.max_days),
        rate.free_from as Option<Money>,
        &grams,
        &charges as &[Money]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the block, or replaces it.
pub async fn write_block(
    connection: &mut PgConnection,
    prefix: &str,
    block: &WriteShippingBlock,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO block (prefix, delivery, reason) VALUES ($1, $2, $3)
         ON CONFLICT (prefix) DO UPDATE SET delivery = excluded.delivery, reason = excluded.reason",
        prefix,
        block.delivery,
        block.reason
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// False if there is none.
pub async fn remove_block(connection: &mut PgConnection, prefix: &str) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query!("DELETE FROM block WHERE prefix = $1", prefix).execute(connection).await?;
    Ok(removed.rows_affected() == 1)
}
