use contracts::order::ReturnableOrder;
use contracts::returns::{DeskReturnSummary, ReturnFilter, ReturnStatus, ReturnSummary};
use contracts::user::Address;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{Money, OrderId, ReturnId, Timestamp, UserId};

/// A return without its lines.
#[derive(Clone)]
pub struct Case {
    pub id: ReturnId,
    pub order_id: OrderId,
    pub order_number: String,
    pub customer_id: UserId,
    pub status: ReturnStatus,
    pub version: i64,
    pub rejection_reason: Option<String>,
    pub address: Option<Json<Address>>,
    pub weight_grams: i32,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub pickup_attempts: i32,
    /// Tracking numbers of the pick-ups that came to nothing.
    pub failed_pickups: Vec<String>,
    /// When the carrier fetched the goods.
    pub picked_up_at: Option<Timestamp>,
    pub requested_at: Timestamp,
}

/// A query for returns: what follows `FROM customer_return`, and its arguments.
macro_rules! cases {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Case,
            r#"SELECT id AS "id: ReturnId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
                      status AS "status: ReturnStatus", version, rejection_reason, address AS "address: Json<Address>",
                      weight_grams, carrier, tracking_number, pickup_attempts, failed_pickups, picked_up_at, requested_at
               FROM customer_return "# + $rest
            $(, $argument)*
        )
    };
}

pub async fn insert(
    connection: &mut PgConnection,
    id: ReturnId,
    customer: UserId,
    order: &ReturnableOrder,
    weight_grams: u32,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO customer_return (id, order_id, order_number, customer_id, status, address, weight_grams, requested_at)
         VALUES ($1, $2, $3, $4, 'requested', $5, $6, $7)",
        id as ReturnId,
        order.order_id as OrderId,
        order.order_number,
        customer as UserId,
        Json(&order.address) as Json<&Address>,
        i32::try_from(weight_grams).unwrap_or(i32::MAX),
        now as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find(connection: &mut PgConnection, id: ReturnId) -> Result<Option<Case>, sqlx::Error> {
    cases!("WHERE id = $1", id as ReturnId).fetch_optional(connection).await
}

/// The same, kept from others' changes until the transaction ends.
pub async fn lock(connection: &mut PgConnection, id: ReturnId) -> Result<Option<Case>, sqlx::Error> {
    cases!("WHERE id = $1 FOR UPDATE", id as ReturnId).fetch_optional(connection).await
}

/// The newest first; of one customer, or of all. What they are looked up by stands first, with an index of its own: one plan for
/// all values cannot know which of the filters there are.
pub async fn list(
    connection: &mut PgConnection,
    customer: Option<UserId>,
    filter: &ReturnFilter,
    before: Option<ReturnId>,
    rows: i64,
) -> Result<Vec<DeskReturnSummary>, sqlx::Error> {
    macro_rules! found_by {
        ($key:literal) => {
            sqlx::query_as!(
                SummaryRow,
                r#"SELECT id AS "id: ReturnId", order_id AS "order_id: OrderId", order_number, customer_id AS "customer_id: UserId",
                          status AS "status: ReturnStatus", requested_at, pieces AS "pieces!", refund AS "refund!: Money"
                   FROM customer_return r
                   CROSS JOIN LATERAL (SELECT sum(quantity)::integer AS pieces, coalesce(sum(refund_paise), 0)::bigint AS refund
                                       FROM return_line WHERE return_id = r.id) l "#
                    + $key
                    + " AND ($1::uuid IS NULL OR customer_id = $1) AND ($2::text IS NULL OR status = $2)
                        AND ($3::uuid IS NULL OR order_id = $3) AND ($4::uuid IS NULL OR id < $4)
                      ORDER BY id DESC LIMIT $5",
                customer as Option<UserId>,
                filter.status as Option<ReturnStatus>,
                filter.order_id as Option<OrderId>,
                before as Option<ReturnId>,
                rows
            )
            .fetch_all(connection)
            .await?
        };
    }
    let rows = match (filter, customer) {
        (ReturnFilter { order_id: Some(_), .. }, _) => found_by!("WHERE order_id = $3"),
        (_, Some(_)) => found_by!("WHERE customer_id = $1"),
        (ReturnFilter { status: Some(_), .. }, None) => found_by!("WHERE status = $2"),
        _ => found_by!("WHERE true"),
    };
    let summaries = rows.into_iter().map(|row: SummaryRow| DeskReturnSummary {
        customer_id: row.customer_id,
        summary: ReturnSummary {
            id: row.id,
            order_id: row.order_id,
            order_number: row.order_number,
            status: row.status,
            pieces: u32::try_from(row.pieces).unwrap_or(0),
            refund: row.refund,
            requested_at: row.requested_at,
        },
    });
    Ok(summaries.collect())
}

struct SummaryRow {
    id: ReturnId,
    order_id: OrderId,
    order_number: String,
    customer_id: UserId,
    status: ReturnStatus,
    requested_at: Timestamp,
    pieces: i32,
    refund: Money,
}

/// Writes the return's status; `at` is the time of the change. A finished return of a customer who was forgotten needs no
/// address, and one that is no longer approved no pick-up.
pub async fn write_status(
    connection: &mut PgConnection,
    case: &Case,
    finished: bool,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET status = $2, version = $3, rejection_reason = $4,
                address = CASE WHEN $5 AND erase_address THEN NULL ELSE address END,
                pickup_due_at = CASE WHEN $2 = 'approved' THEN $6::timestamptz END,
                pickup_wanted_at = CASE WHEN $2 = 'approved' THEN $6 END,
                refund_due_at = CASE WHEN $2 = 'refund_due' THEN $6 ELSE refund_due_at END
         WHERE id = $1",
        case.id as ReturnId,
        case.status as ReturnStatus,
        case.version,
        case.rejection_reason,
        finished,
        at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes up to `limit` returns whose pick-up is to be booked; they come again at `again_at` unless that is done.
pub async fn claim_pickups(
    connection: &mut PgConnection,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<ReturnId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE customer_return SET pickup_due_at = $2, pickup_attempts = pickup_attempts + 1
           WHERE id IN (SELECT id FROM customer_return WHERE pickup_due_at <= $1 ORDER BY pickup_due_at LIMIT $3
                        FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: ReturnId""#,
        now as Timestamp,
        again_at as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

pub async fn pickup_failed(
    connection: &mut PgConnection,
    id: ReturnId,
    again_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET pickup_due_at = $2 WHERE id = $1 AND pickup_due_at IS NOT NULL",
        id as ReturnId,
        again_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn pickup_booked(connection: &mut PgConnection, case: &Case) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET carrier = $2, tracking_number = $3, version = $4, pickup_due_at = NULL WHERE id = $1",
        case.id as ReturnId,
        case.carrier,
        case.tracking_number,
        case.version
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn picked_up(connection: &mut PgConnection, id: ReturnId, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET picked_up_at = $2 WHERE id = $1 AND picked_up_at IS NULL",
        id as ReturnId,
        at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The pick-up of this number came to nothing: another one is to be booked.
pub async fn pickup_came_to_nothing(
    connection: &mut PgConnection,
    case: &Case,
    tracking_number: &str,
    again_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET carrier = NULL, tracking_number = NULL, picked_up_at = NULL,
                failed_pickups = failed_pickups || $2::text, pickup_due_at = $3, pickup_wanted_at = $3, version = $4
         WHERE id = $1",
        case.id as ReturnId,
        tracking_number,
        again_at as Timestamp,
        case.version
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Erases the customer's addresses: at once of finished returns, of the others when they are finished.
pub async fn erase_addresses(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_return SET erase_address = true,
                address = CASE WHEN status IN ('rejected', 'closed', 'cancelled') THEN NULL ELSE address END
         WHERE customer_id = $1",
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}
