//! What of the books goes into a month's GST return.

use jiff::civil::Date;
use sqlx::PgConnection;
use types::{Money, Rate, Timestamp};

use crate::domain::Tax;
use crate::domain::gst_return::{ByHsn, Exempt, Large, Series, Small, Supplies};

/// What was invoiced and credited from the first day on, for a month of India's calendar.
pub async fn supplies(connection: &mut PgConnection, first_day: Date) -> Result<Supplies, sqlx::Error> {
    let day = first_day.to_string();
    Ok(Supplies {
        small: small(connection, &day).await?,
        large: large(connection, &day).await?,
        exempt: exempt(connection, &day).await?,
        by_hsn: by_hsn(connection, &day).await?,
        invoices: series(connection, &day, false).await?,
        credit_notes: series(connection, &day, true).await?,
    })
}

async fn small(connection: &mut PgConnection, day: &str) -> Result<Vec<Small>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", between_states AS "between_states!", rate AS "rate!: Rate",
                  sum(sign * taxable_paise)::bigint AS "taxable!: Money", sum(sign * cgst_paise)::bigint AS "cgst!: Money",
                  sum(sign * sgst_paise)::bigint AS "sgst!: Money", sum(sign * igst_paise)::bigint AS "igst!: Money"
           FROM gst_line WHERE issued_at >= india_day($1) AND issued_at < india_day($1, 1) AND NOT large AND rate > 0
           GROUP BY place, between_states, rate ORDER BY place, between_states, rate"#,
        day
    )
    .fetch_all(connection)
    .await?;
    let small = rows.into_iter().map(|row| Small {
        place: row.place,
        between_states: row.between_states,
        rate: row.rate,
        tax: Tax { taxable: row.taxable, cgst: row.cgst, sgst: row.sgst, igst: row.igst },
    });
    Ok(small.collect())
}

async fn large(connection: &mut PgConnection, day: &str) -> Result<Vec<Large>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT number AS "number!", issued_at AS "issued_at!", sign < 0 AS "is_credit!", place AS "place!",
                  total_paise AS "value!: Money", rate AS "rate!: Rate",
                  sum(taxable_paise)::bigint AS "taxable!: Money", sum(cgst_paise)::bigint AS "cgst!: Money",
                  sum(sgst_paise)::bigint AS "sgst!: Money", sum(igst_paise)::bigint AS "igst!: Money"
           FROM gst_line WHERE issued_at >= india_day($1) AND issued_at < india_day($1, 1) AND large AND rate > 0
           GROUP BY number, issued_at, sign, place, total_paise, rate ORDER BY number, rate"#,
        day
    )
    .fetch_all(connection)
    .await?;
    let large = rows.into_iter().map(|row| Large {
        number: row.number,
        date: Timestamp::date_in_india(row.issued_at),
        is_credit: row.is_credit,
        place: row.place,
        value: row.value,
        rate: row.rate,
        tax: Tax { taxable: row.taxable, cgst: row.cgst, sgst: row.sgst, igst: row.igst },
    });
    Ok(large.collect())
}

async fn exempt(connection: &mut PgConnection, day: &str) -> Result<Vec<Exempt>, sqlx::Error> {
    sqlx::query_as!(
        Exempt,
        r#"SELECT between_states AS "between_states!", sum(sign * taxable_paise)::bigint AS "value!: Money"
           FROM gst_line WHERE issued_at >= india_day($1) AND issued_at < india_day($1, 1) AND rate = 0
           GROUP BY between_states ORDER BY between_states"#,
        day
    )
    .fetch_all(connection)
    .await
}

async fn by_hsn(connection: &mut PgConnection, day: &str) -> Result<Vec<ByHsn>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT hsn AS "hsn!", rate AS "rate!: Rate", sum(sign * quantity)::bigint AS "pieces!",
                  sum(sign * taxable_paise)::bigint AS "taxable!: Money", sum(sign * cgst_paise)::bigint AS "cgst!: Money",
                  sum(sign * sgst_paise)::bigint AS "sgst!: Money", sum(sign * igst_paise)::bigint AS "igst!: Money"
           FROM gst_line WHERE issued_at >= india_day($1) AND issued_at < india_day($1, 1)
           GROUP BY hsn, rate ORDER BY hsn, rate"#,
        day
    )
    .fetch_all(connection)
    .await?;
    let by_hsn = rows.into_iter().map(|row| ByHsn {
        hsn: row.hsn,
        rate: row.rate,
        pieces: row.pieces,
        tax: Tax { taxable: row.taxable, cgst: row.cgst, sgst: row.sgst, igst: row.igst },
    });
    Ok(by_hsn.collect())
}

async fn series(connection: &mut PgConnection, day: &str, credits: bool) -> Result<Option<Series>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT min(number) AS first, max(number) AS last, count(*) AS "count!" FROM (
             SELECT number, issued_at, false AS is_credit FROM invoice
             UNION ALL SELECT number, issued_at, true FROM credit_note) d
           WHERE issued_at >= india_day($1) AND issued_at < india_day($1, 1) AND is_credit = $2"#,
        day,
        credits
    )
    .fetch_one(connection)
    .await?;
    Ok(row.first.zip(row.last).map(|(first, last)| Series { first, last, count: row.count }))
}
