use contracts::order::ReturnableLine;
use contracts::returns::{Inspection, NewReturnLine, ReturnLine, ReturnReason};
use sqlx::PgConnection;
use types::{Money, OrderId, OrderLineId, ReturnId, ReturnLineId, VariantId};

/// What an order's line is refunded from.
#[derive(Clone, Copy, Debug)]
pub struct Paid {
    pub ordered: u32,
    pub paid: Money,
    /// Pieces that were accepted before.
    pub before: u32,
}

/// Takes `quantity` pieces of an order's line for a return, if that many are left: false, and nothing is taken, otherwise.
/// The first who asks writes down how many there are.
pub async fn claim(
    connection: &mut PgConnection,
    order: OrderId,
    line: &ReturnableLine,
    quantity: u32,
) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query!(
        "INSERT INTO returnable_line (order_line_id, order_id, ordered, paid_paise, claimed) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (order_line_id) DO UPDATE SET claimed = returnable_line.claimed + excluded.claimed
         WHERE returnable_line.claimed + excluded.claimed <= returnable_line.ordered",
        line.order_line_id as OrderLineId,
        order as OrderId,
        column(line.quantity),
        line.paid as Money,
        column(quantity)
    )
    .execute(connection)
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Pieces that can still be asked back.
pub async fn left(connection: &mut PgConnection, line: OrderLineId) -> Result<u32, sqlx::Error> {
    let left = sqlx::query_scalar!(
        r#"SELECT ordered - claimed AS "left!" FROM returnable_line WHERE order_line_id = $1"#,
        line as OrderLineId
    )
    .fetch_one(connection)
    .await?;
    Ok(count(left))
}

/// Gives pieces back that were asked for and did not come.
pub async fn release(connection: &mut PgConnection, line: OrderLineId, quantity: u32) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE returnable_line SET claimed = claimed - $2 WHERE order_line_id = $1",
        line as OrderLineId,
        column(quantity)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Of the `asked` pieces, `accepted` came back; the others can be asked for again.
pub async fn accept(
    connection: &mut PgConnection,
    line: OrderLineId,
    asked: u32,
    accepted: u32,
) -> Result<Paid, sqlx::Error> {
    let row = sqlx::query!(
        r#"UPDATE returnable_line SET claimed = claimed - ($2::integer - $3::integer), accepted = accepted + $3
           WHERE order_line_id = $1
           RETURNING ordered, paid_paise AS "paid: Money", accepted - $3 AS "before!""#,
        line as OrderLineId,
        column(asked),
        column(accepted)
    )
    .fetch_one(connection)
    .await?;
    Ok(Paid { ordered: count(row.ordered), paid: row.paid, before: count(row.before) })
}

pub async fn insert(
    connection: &mut PgConnection,
    id: ReturnId,
    position: usize,
    asked: &NewReturnLine,
    line: &ReturnableLine,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO return_line (id, return_id, position, order_line_id, variant_id, title, options, quantity, reason, comment,
                                  photo_url)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        ReturnLineId::new() as ReturnLineId,
        id as ReturnId,
        i16::try_from(position).unwrap_or(i16::MAX),
        line.order_line_id as OrderLineId,
        line.variant_id as VariantId,
        line.title,
        line.options,
        column(asked.quantity),
        asked.reason as ReturnReason,
        asked.comment,
        asked.photo_url
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down what was found.
pub async fn inspect(connection: &mut PgConnection, id: ReturnLineId, found: &Inspection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE return_line SET accepted = $2, restock = $3, note = $4, refund_paise = $5 WHERE id = $1",
        id as ReturnLineId,
        column(found.accepted),
        column(found.restock),
        found.note,
        found.refund as Money
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// In the order of the request.
pub async fn of_case(connection: &mut PgConnection, id: ReturnId) -> Result<Vec<ReturnLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ReturnLineId", order_line_id AS "order_line_id: OrderLineId", variant_id AS "variant_id: VariantId",
                  title, options, quantity, reason AS "reason: ReturnReason", comment, photo_url, accepted, restock, note,
                  refund_paise AS "refund: Money"
           FROM return_line WHERE return_id = $1 ORDER BY position"#,
        id as ReturnId
    )
    .fetch_all(connection)
    .await?;
    let lines = rows.into_iter().map(|row| ReturnLine {
        id: row.id,
        order_line_id: row.order_line_id,
        variant_id: row.variant_id,
        title: row.title,
        options: row.options,
        quantity: count(row.quantity),
        reason: row.reason,
        comment: row.comment,
        photo_url: row.photo_url,
        inspection: row.accepted.map(|accepted| Inspection {
            accepted: count(accepted),
            restock: count(row.restock.unwrap_or(0)),
            note: row.note.unwrap_or_default(),
            refund: row.refund.unwrap_or(Money::ZERO),
        }),
    });
    Ok(lines.collect())
}

fn count(column: i32) -> u32 {
    u32::try_from(column).unwrap_or(0)
}

fn column(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
