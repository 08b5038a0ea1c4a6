use contracts::shipping::{Direction, ShipmentFacts, ShipmentFilter, ShipmentStatus};
use contracts::user::Address;
use jiff::civil::Date;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{Money, OrderId, ReturnId, ShipmentId, Timestamp, UserId};

/// A parcel, ours to send or to fetch.
#[derive(Clone)]
pub struct Parcel {
    pub id: ShipmentId,
    pub order_id: OrderId,
    pub order_number: String,
    pub return_id: Option<ReturnId>,
    pub customer_id: UserId,
    pub direction: Direction,
    pub status: ShipmentStatus,
    pub status_at: Timestamp,
    pub version: i64,
    pub address: Option<Json<Address>>,
    pub weight_grams: i32,
    pub cash_to_collect: Money,
    promised: Option<String>,
    pub carrier: String,
    pub tracking_number: Option<String>,
    pub booking_attempts: i32,
    pub booking_error: Option<String>,
}

impl Parcel {
    pub fn promised_to(&self) -> Option<Date> {
        self.promised.as_deref().and_then(|day| day.parse().ok())
    }

    /// `None` while the carrier has not given it a number: others are not told of it before.
    pub fn facts(&self) -> Option<ShipmentFacts> {
        Some(ShipmentFacts {
            shipment_id: self.id,
            order_id: self.order_id,
            return_id: self.return_id,
            customer_id: self.customer_id,
            direction: self.direction,
            carrier: self.carrier.clone(),
            tracking_number: self.tracking_number.clone()?,
            status: self.status,
            at: self.status_at,
        })
    }
}

/// What a parcel begins with.
pub struct NewParcel<'a> {
    pub id: ShipmentId,
    pub order_id: OrderId,
    pub order_number: &'a str,
    pub return_id: Option<ReturnId>,
    /// To fetch a return, from 1.
    pub attempt: u32,
    pub customer_id: UserId,
    pub address: &'a Address,
    pub weight_grams: u32,
    pub cash_to_collect: Money,
    pub promised_to: Option<Date>,
    pub carrier: &'a str,
}

/// A query for parcels: what follows `FROM shipment`, and its arguments.
macro_rules! parcels {
    ($rest:literal $(+ $more:literal)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Parcel,
            r#"SELECT id AS "id: ShipmentId", order_id AS "order_id: OrderId", order_number,
                      return_id AS "return_id: ReturnId", customer_id AS "customer_id: UserId",
                      direction AS "direction: Direction", status AS "status: ShipmentStatus", status_at, version,
                      address AS "address: Json<Address>", weight_grams, cash_to_collect_paise AS "cash_to_collect: Money",
                      promised_to::text AS promised, carrier, tracking_number, booking_attempts, booking_error
               FROM shipment "# + $rest $(+ $more)*
            $(, $argument)*
        )
    };
}

/// False if there is one for this order, or this attempt to fetch a return, already.
pub async fn insert(
    connection: &mut PgConnection,
    parcel: &NewParcel<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let direction = if parcel.return_id.is_some() { Direction::Inbound } else { Direction::Outbound };
    let inserted = sqlx::query!(
        "INSERT INTO shipment (id, order_id, order_number, return_id, customer_id, direction, status, status_at, address,
                               weight_grams, cash_to_collect_paise, promised_to, carrier, created_at, booking_due_at, attempt)
         VALUES ($1, $2, $3, $4, $5, $6, 'created', $7, $8, $9, $10, $11::text::date, $12, $7, $7, $13)
         ON CONFLICT DO NOTHING",
        parcel.id as ShipmentId,
        parcel.order_id as OrderId,
        parcel.order_number,
        parcel.return_id as Option<ReturnId>,
        parcel.customer_id as UserId,
        direction as Direction,
        now as Timestamp,
        Json(parcel.address) as Json<&Address>,
        i32::try_from(parcel.weight_grams).unwrap_or(i32::MAX),
        parcel.cash_to_collect as Money,
        parcel.promised_to.map(|day| day.to_string()),
        parcel.carrier,
        i32::try_from(parcel.attempt).unwrap_or(i32::MAX)
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn find(connection: &mut PgConnection, id: ShipmentId) -> Result<Option<Parcel>, sqlx::Error> {
    parcels!("WHERE id = $1", id as ShipmentId).fetch_optional(connection).await
}

/// The same, kept from others' changes until the transaction ends.
pub async fn lock(connection: &mut PgConnection, id: ShipmentId) -> Result<Option<Parcel>, sqlx::Error> {
    parcels!("WHERE id = $1 FOR UPDATE", id as ShipmentId).fetch_optional(connection).await
}

/// The parcel to the customer.
pub async fn lock_of_order(connection: &mut PgConnection, order: OrderId) -> Result<Option<Parcel>, sqlx::Error> {
    parcels!("WHERE order_id = $1 AND direction = 'outbound' FOR UPDATE", order as OrderId)
        .fetch_optional(connection)
        .await
}

pub async fn lock_by_number(
    connection: &mut PgConnection,
    carrier: &str,
    number: &str,
) -> Result<Option<Parcel>, sqlx::Error> {
    parcels!("WHERE carrier = $1 AND tracking_number = $2 FOR UPDATE", carrier, number).fetch_optional(connection).await
}

pub async fn find_of_return(
    connection: &mut PgConnection,
    id: ReturnId,
    attempt: u32,
) -> Result<Option<Parcel>, sqlx::Error> {
    let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
    parcels!("WHERE return_id = $1 AND attempt = $2", id as ReturnId, attempt).fetch_optional(connection).await
}

/// The parcel of the last attempt to fetch a return.
pub async fn lock_of_return(connection: &mut PgConnection, id: ReturnId) -> Result<Option<Parcel>, sqlx::Error> {
    parcels!("WHERE return_id = $1 ORDER BY attempt DESC LIMIT 1 FOR UPDATE", id as ReturnId)
        .fetch_optional(connection)
        .await
}

/// The customer's parcels of an order, the oldest first.
pub async fn of_order(
    connection: &mut PgConnection,
    order: OrderId,
    customer: UserId,
) -> Result<Vec<Parcel>, sqlx::Error> {
    parcels!("WHERE order_id = $1 AND customer_id = $2 ORDER BY id", order as OrderId, customer as UserId)
        .fetch_all(connection)
        .await
}

/// The newest first. What they are looked up by stands first, with an index of its own: one plan for all values cannot know which
/// of the filters there are.
pub async fn list(
    connection: &mut PgConnection,
    filter: &ShipmentFilter,
    before: Option<ShipmentId>,
    rows: i64,
) -> Result<Vec<Parcel>, sqlx::Error> {
    macro_rules! found_by {
        ($key:literal) => {
            parcels!(
                $key + " AND ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR direction = $2)
                         AND ($3::uuid IS NULL OR order_id = $3) AND ($4::text IS NULL OR tracking_number = $4)
                         AND ($5::uuid IS NULL OR id < $5)
                       ORDER BY id DESC LIMIT $6",
                filter.status as Option<ShipmentStatus>,
                filter.direction as Option<Direction>,
                filter.order_id as Option<OrderId>,
                filter.tracking_number,
                before as Option<ShipmentId>,
                rows
            )
            .fetch_all(connection)
            .await
        };
    }
    match filter {
        ShipmentFilter { tracking_number: Some(_), .. } => found_by!("WHERE tracking_number = $4"),
        ShipmentFilter { order_id: Some(_), .. } => found_by!("WHERE order_id = $3"),
        ShipmentFilter { status: Some(_), .. } => found_by!("WHERE status = $1"),
        _ => found_by!("WHERE true"),
    }
}

/// Writes where the parcel is; a finished one needs neither asking after nor, if its customer was forgotten, an address.
pub async fn write_status(connection: &mut PgConnection, parcel: &Parcel, finished: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE shipment SET status = $2, status_at = $3, version = $4,
                follow_up_due_at = CASE WHEN $5 THEN NULL ELSE follow_up_due_at END,
                address = CASE WHEN $5 AND erase_address THEN NULL ELSE address END
         WHERE id = $1",
        parcel.id as ShipmentId,
        parcel.status as ShipmentStatus,
        parcel.status_at as Timestamp,
        parcel.version,
        finished
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes up to `limit` parcels that the carrier is to be asked to take; they come again at `again_at` unless that is done.
pub async fn claim_bookings(
    connection: &mut PgConnection,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<ShipmentId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE shipment SET booking_due_at = $2, booking_attempts = booking_attempts + 1
           WHERE id IN (SELECT id FROM shipment WHERE booking_due_at <= $1 ORDER BY booking_due_at LIMIT $3
                        FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: ShipmentId""#,
        now as Timestamp,
        again_at as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

/// The carrier has taken it. It is asked after at that time unless it is heard of before; `None`: it need not be.
pub async fn booked(
    connection: &mut PgConnection,
    parcel: &Parcel,
    number: &str,
    follow_up_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE shipment SET tracking_number = $2, version = $3, booking_due_at = NULL, booking_error = NULL,
                follow_up_due_at = $4
         WHERE id = $1",
        parcel.id as ShipmentId,
        number,
        parcel.version,
        follow_up_at as Option<Timestamp>
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn booking_failed(
    connection: &mut PgConnection,
    id: ShipmentId,
    error: &str,
    again_at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE shipment SET booking_error = $2, booking_due_at = $3 WHERE id = $1 AND booking_due_at IS NOT NULL",
        id as ShipmentId,
        error,
        again_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The carrier has not been asked, and need not be.
pub async fn forget_booking(connection: &mut PgConnection, id: ShipmentId) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE shipment SET booking_due_at = NULL WHERE id = $1", id as ShipmentId)
        .execute(connection)
        .await?;
    Ok(())
}

/// The carrier is to be told to give it back; `None`: it was.
pub async fn turn_back_at(
    connection: &mut PgConnection,
    id: ShipmentId,
    at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE shipment SET turn_back_due_at = $2 WHERE id = $1", id as ShipmentId, at as Option<Timestamp>)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes up to `limit` parcels whose carrier is to be told to give them back.
pub async fn claim_turning_back(
    connection: &mut PgConnection,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<ShipmentId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE shipment SET turn_back_due_at = $2
           WHERE id IN (SELECT id FROM shipment WHERE turn_back_due_at <= $1 ORDER BY turn_back_due_at LIMIT $3
                        FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: ShipmentId""#,
        now as Timestamp,
        again_at as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

/// The carrier is to be asked where it is, until it is delivered or comes back.
pub async fn follow_up_at(connection: &mut PgConnection, id: ShipmentId, at: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE shipment SET follow_up_due_at = $2 WHERE id = $1", id as ShipmentId, at as Timestamp)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes up to `limit` parcels whose carrier is to be asked where they are.
pub async fn claim_follow_ups(
    connection: &mut PgConnection,
    now: Timestamp,
    again_at: Timestamp,
    limit: i64,
) -> Result<Vec<ShipmentId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE shipment SET follow_up_due_at = $2
           WHERE id IN (SELECT id FROM shipment WHERE follow_up_due_at <= $1 ORDER BY follow_up_due_at LIMIT $3
                        FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: ShipmentId""#,
        now as Timestamp,
        again_at as Timestamp,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Erases the customer's addresses: at once of finished parcels, of the others when they are finished.
pub async fn erase_addresses(connection: &mut PgConnection, customer: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE shipment SET erase_address = true,
                address = CASE WHEN status IN ('delivered', 'returned', 'cancelled') THEN NULL ELSE address END
         WHERE customer_id = $1",
        customer as UserId
    )
    .execute(connection)
    .await?;
    Ok(())
}
