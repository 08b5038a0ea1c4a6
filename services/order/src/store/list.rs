//! Lists of orders, the newest first.

use contracts::order::{DeskOrderSummary, OrderStatus, OrderSummary};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use types::{Money, OrderId, Timestamp, UserId};

use crate::domain::order::refund_status;

/// Where an order stands in a list.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Place {
    pub at: Timestamp,
    pub id: OrderId,
}

/// Which orders: placed in `from..to`, before `place` in the list.
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub after: Option<Place>,
    pub rows: i64,
}

impl Window {
    fn from(&self) -> Timestamp {
        self.from.unwrap_or(Timestamp::from_microseconds(0))
    }

    /// Orders strictly before this point, of those at the same time those with a smaller id.
    fn end(&self) -> Place {
        let end = self.to.unwrap_or(Timestamp::from_microseconds(YEAR_9999));
        let end = Place { at: end, id: OrderId(uuid::Uuid::nil()) };
        self.after.into_iter().chain([end]).min_by_key(|place| (place.at, place.id)).unwrap_or(end)
    }
}

/// 9999-01-01: after every order.
const YEAR_9999: i64 = 253_370_764_800_000_000;

/// One text for all lists; each has an index in whose order it reads.
macro_rules! list {
    ($connection:expr, $window:expr, $whose:tt, $($argument:expr),*) => {{
        let (from, end, rows) = ($window.from(), $window.end(), $window.rows);
        sqlx::query_as!(
            SummaryRow,
            r#"SELECT o.id AS "id: OrderId", o.number, o.customer_id AS "customer_id: UserId",
                      o.status AS "status: OrderStatus", o.refunded_paise AS "refunded: Money",
                      o.total_paise AS "total: Money", o.created_at, l.pieces AS "pieces!", l.title AS "title!", l.image
               FROM customer_order o
               CROSS JOIN LATERAL (
                   SELECT sum(quantity)::integer AS pieces, (array_agg(title ORDER BY position))[1] AS title,
                          (array_agg(image ORDER BY position))[1] AS image
                   FROM order_line WHERE order_id = o.id) l
               WHERE o.created_at >= $1 AND (o.created_at, o.id) < ($2, $3)"#
                + $whose
                + " ORDER BY o.created_at DESC, o.id DESC LIMIT $4",
            from as Timestamp,
            end.at as Timestamp,
            end.id as OrderId,
            rows,
            $($argument),*
        )
        .fetch_all($connection)
        .await
        .map(|rows| rows.into_iter().map(DeskOrderSummary::from).collect())
    }};
}

pub async fn of_customer(
    connection: &mut PgConnection,
    customer_id: UserId,
    status: Option<OrderStatus>,
    window: &Window,
) -> Result<Vec<DeskOrderSummary>, sqlx::Error> {
    list!(
        connection,
        window,
        " AND o.customer_id = $5 AND ($6::text IS NULL OR o.status = $6)",
        customer_id as UserId,
        status as Option<OrderStatus>
    )
}

pub async fn in_status(
    connection: &mut PgConnection,
    status: OrderStatus,
    window: &Window,
) -> Result<Vec<DeskOrderSummary>, sqlx::Error> {
    list!(connection, window, " AND o.status = $5", status as OrderStatus)
}

pub async fn with_number(
    connection: &mut PgConnection,
    number: &str,
    window: &Window,
) -> Result<Vec<DeskOrderSummary>, sqlx::Error> {
    list!(connection, window, " AND o.number = $5", number)
}

pub async fn all(connection: &mut PgConnection, window: &Window) -> Result<Vec<DeskOrderSummary>, sqlx::Error> {
    list!(connection, window, "",)
}

struct SummaryRow {
    id: OrderId,
    number: String,
    customer_id: UserId,
    status: OrderStatus,
    refunded: Money,
    total: Money,
    created_at: Timestamp,
    pieces: i32,
    title: String,
    image: Option<String>,
}

impl From<SummaryRow> for DeskOrderSummary {
    fn from(row: SummaryRow) -> Self {
        DeskOrderSummary {
            customer_id: row.customer_id,
            order: OrderSummary {
                id: row.id,
                number: row.number,
                status: row.status,
                refund_status: refund_status(row.refunded, row.total),
                total: row.total,
                pieces: u32::try_from(row.pieces).unwrap_or(0),
                title: row.title,
                image: row.image,
                created_at: row.created_at,
            },
        }
    }
}
