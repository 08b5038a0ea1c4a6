//! Storing a new order.

use contracts::order::{Actor, TimelineKind};
use contracts::payment::PaymentMethod;
use contracts::user::Address;
use sqlx::PgConnection;
use sqlx::types::Json;
use types::{CartId, Money, OrderId, Rate, ShippingMethodId, StateCode, Timestamp, UserId};

use super::row::LineRow;
use crate::domain::Order;
use crate::domain::documents::order_month;

/// Stores the order with its lines and the first entry of its history, and has its checkout go on, all in one statement. A
/// customer who was forgotten, or is in this moment, is to be forgotten once more when the order is done: they are still logged in.
/// Returns the order's number; none if the checkout is no longer this one's to go on with.
pub async fn place(connection: &mut PgConnection, order: &Order) -> Result<Option<String>, sqlx::Error> {
    let lines: Vec<LineRow> = order.lines.iter().map(LineRow::from).collect();
    let delivery = &order.delivery;
    sqlx::query_scalar!(
        r#"WITH checked AS (
             UPDATE checkout SET step = 'placed' WHERE order_id = $1 AND step = 'begun' RETURNING order_id
         ), serial AS (
             SELECT nextval('order_number')::text AS n FROM checked
         ), placed AS (
             INSERT INTO customer_order
                 (id, number, customer_id, status, cart_id, coupon_code, notes, address, place_of_supply,
                  shipping_method_id, shipping_method, promised_from, promised_to, weight_grams,
                  shipping_charge_paise, shipping_discount_paise, shipping_hsn, shipping_gst_rate,
                  shipping_taxable_paise, shipping_cgst_paise, shipping_sgst_paise, shipping_igst_paise,
                  total_paise, payment_method, expires_at, settle_after, paid_at, created_at)
             SELECT $1, 'HT-' || $2 || '-' || lpad(n, greatest(6, length(n)), '0'), $3, 'pending', $4, $5, $6, $7, $8,
                    $9, $10, $11::text::date, $12::text::date, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                    $22, $23, $24, $24, $25, $26
             FROM serial
             RETURNING number
         ), lines AS (
             INSERT INTO order_line
                 (order_id, position, id, variant_id, product_id, category_ids, sku, title, options, image, quantity,
                  unit_price_paise, mrp_paise, discount_paise, total_paise, hsn, gst_rate,
                  taxable_paise, cgst_paise, sgst_paise, igst_paise, weight_grams, return_days)
             SELECT $1, l.* FROM checked, jsonb_to_recordset($27) AS l
                 (position smallint, id uuid, variant_id uuid, product_id uuid, category_ids uuid[], sku text, title text,
                  options text, image text, quantity integer, unit_price_paise bigint, mrp_paise bigint,
                  discount_paise bigint, total_paise bigint, hsn text, gst_rate integer, taxable_paise bigint,
                  cgst_paise bigint, sgst_paise bigint, igst_paise bigint, weight_grams integer, return_days smallint)
         ), history AS (
             INSERT INTO order_history (order_id, at, kind, status, actor, actor_id)
             SELECT $1, $26, $28, 'pending', $29, $3 FROM checked
         ), erasure AS (
             UPDATE erasure SET done_at = NULL WHERE customer_id = $3
         )
         SELECT number AS "number!" FROM placed"#,
        order.id as OrderId,
        order_month(order.created_at.date_in_india()),
        order.customer_id as UserId,
        order.cart_id as Option<CartId>,
        order.coupon_code,
        order.notes,
        Json(&order.address) as Json<&Address>,
        order.place_of_supply as StateCode,
        delivery.method_id as ShippingMethodId,
        delivery.method,
        delivery.promised_from.to_string(),
        delivery.promised_to.to_string(),
        i32::try_from(delivery.weight_grams).unwrap_or(i32::MAX),
        delivery.charge as Money,
        delivery.discount as Money,
        delivery.hsn,
        delivery.gst_rate as Rate,
        delivery.tax.taxable as Money,
        delivery.tax.cgst as Money,
        delivery.tax.sgst as Money,
        delivery.tax.igst as Money,
        order.total as Money,
        order.payment_method as PaymentMethod,
        order.expires_at as Timestamp,
        order.paid_at as Option<Timestamp>,
        order.created_at as Timestamp,
        Json(lines) as Json<Vec<LineRow>>,
        TimelineKind::Placed as TimelineKind,
        Actor::Customer as Actor,
    )
    .fetch_optional(connection)
    .await
}
