use sqlx::PgConnection;
use types::OrderId;

/// Writes down that something was heard of an order, and says whether it is cancelled by now. The row's lock makes those who
/// hear of one order at once come one after the other.
pub async fn hear(connection: &mut PgConnection, order: OrderId, cancelled: bool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO heard_order (order_id, cancelled) VALUES ($1, $2)
         ON CONFLICT (order_id) DO UPDATE SET cancelled = heard_order.cancelled OR excluded.cancelled
         RETURNING cancelled",
        order as OrderId,
        cancelled
    )
    .fetch_one(connection)
    .await
}
