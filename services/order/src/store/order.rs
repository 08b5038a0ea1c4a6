//! Reading orders, and changing their status.

use contracts::order::{Actor, CancelReason, OrderStatus, TimelineKind};
use contracts::payment::PaymentMethod;
use contracts::shipping::ShipmentFacts;
use contracts::user::Address;
use jiff::civil::Date;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CartId, IntentId, Money, OrderId, Rate, ShipmentId, ShippingMethodId, StateCode, Timestamp, UserId};

use super::history::Entry;
use super::row::LineRow;
use crate::domain::{Delivery, Order, Parcel, Tax};

pub async fn find(connection: &mut PgConnection, id: OrderId) -> Result<Option<Order>, sqlx::Error> {
    Ok(load(connection, &[id]).await?.pop())
}

/// Reads an order that the transaction is going to change: others wait for its end.
pub async fn lock(connection: &mut PgConnection, id: OrderId) -> Result<Option<Order>, sqlx::Error> {
    sqlx::query!("SELECT id FROM customer_order WHERE id = $1 FOR UPDATE", id as OrderId)
        .fetch_optional(&mut *connection)
        .await?;
    find(connection, id).await
}

/// Those that are there, in no order.
pub async fn load(connection: &mut PgConnection, ids: &[OrderId]) -> Result<Vec<Order>, sqlx::Error> {
    let rows = sqlx::query_as!(
        OrderRow,
        r#"SELECT id AS "id: OrderId", number, customer_id AS "customer_id: UserId", status AS "status: OrderStatus",
                  version, cancel_reason AS "cancel_reason: CancelReason", cart_id AS "cart_id: CartId", coupon_code, notes,
                  address AS "address: Json<Address>", place_of_supply AS "place_of_supply: StateCode",
                  shipping_method_id AS "shipping_method_id: ShippingMethodId", shipping_method,
                  promised_from::text AS "promised_from!", promised_to::text AS "promised_to!", weight_grams,
                  shipping_charge_paise AS "shipping_charge: Money", shipping_discount_paise AS "shipping_discount: Money",
                  shipping_hsn, shipping_gst_rate AS "shipping_gst_rate: Rate",
                  shipping_taxable_paise AS "shipping_taxable: Money", shipping_cgst_paise AS "shipping_cgst: Money",
                  shipping_sgst_paise AS "shipping_sgst: Money", shipping_igst_paise AS "shipping_igst: Money",
                  total_paise AS "total: Money", payment_method AS "payment_method: PaymentMethod",
                  intent_id AS "intent_id: IntentId", expires_at, paid_at, refunded_paise AS "refunded: Money",
                  shipment_id AS "shipment_id: ShipmentId", carrier, tracking_number,
                  created_at, confirmed_at, shipped_at, delivered_at, cancelled_at,
                  (SELECT jsonb_agg(to_jsonb(l) ORDER BY position) FROM order_line l WHERE l.order_id = o.id)
                      AS "lines!: Json<Vec<LineRow>>"
           FROM customer_order o WHERE id = ANY($1)"#,
        ids as &[OrderId]
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(OrderRow::into_order).collect()
}

/// Changes the status from `order.status` to `to`, and writes it into the history. Returns the new version; none if the
/// order has another status by now.
pub async fn change_status(
    connection: &mut PgConnection,
    order: &Order,
    to: OrderStatus,
    reason: Option<CancelReason>,
    entry: &Entry,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH changed AS (
             UPDATE customer_order SET
                 status = $3, version = version + 1, cancel_reason = $4,
                 confirmed_at = CASE $3 WHEN 'confirmed' THEN $5 ELSE confirmed_at END,
                 shipped_at = CASE $3 WHEN 'shipped' THEN $5 ELSE shipped_at END,
                 delivered_at = CASE $3 WHEN 'delivered' THEN $5 ELSE delivered_at END,
                 cancelled_at = CASE $3 WHEN 'cancelled' THEN $5 ELSE cancelled_at END
             WHERE id = $1 AND status = $2
             RETURNING version
         ), history AS (
             INSERT INTO order_history (order_id, at, kind, status, actor, actor_id, detail)
             SELECT $1, $5, $6, $3, $7, $8, $9 FROM changed
         )
         SELECT version FROM changed"#,
        order.id as OrderId,
        order.status as OrderStatus,
        to as OrderStatus,
        reason as Option<CancelReason>,
        entry.at as Timestamp,
        entry.kind as TimelineKind,
        entry.actor as Actor,
        entry.actor_id as Option<UserId>,
        entry.detail,
    )
    .fetch_optional(connection)
    .await
}

/// Which parcel it is in.
pub async fn note_parcel(connection: &mut PgConnection, parcel: &ShipmentFacts) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customer_order SET shipment_id = $2, carrier = $3, tracking_number = $4, version = version + 1
         WHERE id = $1 AND (shipment_id, carrier, tracking_number) IS DISTINCT FROM ($2, $3, $4)",
        parcel.order_id as OrderId,
        parcel.shipment_id as ShipmentId,
        parcel.carrier,
        parcel.tracking_number
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes pending orders that are paid or have expired, so that no other worker looks at them before `lease_until`.
pub async fn take_to_settle(
    connection: &mut PgConnection,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> Result<Vec<Order>, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        r#"UPDATE customer_order SET settle_after = $2
           WHERE id IN (SELECT id FROM customer_order WHERE status = 'pending' AND settle_after <= $1
                        ORDER BY settle_after LIMIT $3 FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: OrderId""#,
        now as Timestamp,
        lease_until as Timestamp,
        limit
    )
    .fetch_all(&mut *connection)
    .await?;
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    load(connection, &taken).await
}

struct OrderRow {
    id: OrderId,
    number: String,
    customer_id: UserId,
    status: OrderStatus,
    version: i64,
    cancel_reason: Option<CancelReason>,
    cart_id: Option<CartId>,
    coupon_code: Option<String>,
    notes: Option<String>,
    address: Json<Address>,
    place_of_supply: StateCode,
    shipping_method_id: ShippingMethodId,
    shipping_method: String,
    promised_from: String,
    promised_to: String,
    weight_grams: i32,
    shipping_charge: Money,
    shipping_discount: Money,
    shipping_hsn: String,
    shipping_gst_rate: Rate,
    shipping_taxable: Money,
    shipping_cgst: Money,
    shipping_sgst: Money,
    shipping_igst: Money,
    total: Money,
    payment_method: PaymentMethod,
    intent_id: Option<IntentId>,
    expires_at: Timestamp,
    paid_at: Option<Timestamp>,
    refunded: Money,
    shipment_id: Option<ShipmentId>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    created_at: Timestamp,
    confirmed_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
    lines: Json<Vec<LineRow>>,
}

impl OrderRow {
    fn into_order(self) -> Result<Order, sqlx::Error> {
        let parcel = match (self.shipment_id, self.carrier, self.tracking_number) {
            (Some(shipment_id), Some(carrier), Some(tracking_number)) => {
                Some(Parcel { shipment_id, carrier, tracking_number })
            }
            _ => None,
        };
        let delivery = Delivery {
            method_id: self.shipping_method_id,
            method: self.shipping_method,
            promised_from: date(&self.promised_from)?,
            promised_to: date(&self.promised_to)?,
            weight_grams: u32::try_from(self.weight_grams).unwrap_or(0),
            charge: self.shipping_charge,
            discount: self.shipping_discount,
            hsn: self.shipping_hsn,
            gst_rate: self.shipping_gst_rate,
            tax: Tax {
                taxable: self.shipping_taxable,
                cgst: self.shipping_cgst,
                sgst: self.shipping_sgst,
                igst: self.shipping_igst,
            },
        };
        Ok(Order {
            id: self.id,
            number: self.number,
            customer_id: self.customer_id,
            status: self.status,
            version: self.version,
            cancel_reason: self.cancel_reason,
            cart_id: self.cart_id,
            coupon_code: self.coupon_code,
            notes: self.notes,
            address: self.address.0,
            place_of_supply: self.place_of_supply,
            lines: self.lines.0.into_iter().map(Into::into).collect(),
            delivery,
            total: self.total,
            payment_method: self.payment_method,
            intent_id: self.intent_id,
            expires_at: self.expires_at,
            paid_at: self.paid_at,
            refunded: self.refunded,
            parcel,
            created_at: self.created_at,
            confirmed_at: self.confirmed_at,
            shipped_at: self.shipped_at,
            delivered_at: self.delivered_at,
            cancelled_at: self.cancelled_at,
        })
    }
}

/// sqlx reads no `date` into jiff's.
fn date(text: &str) -> Result<Date, sqlx::Error> {
    text.parse().map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))
}
