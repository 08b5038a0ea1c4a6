//! Making an order, or a quote, of a priced cart.

use std::time::Duration;

use contracts::order::{NewOrder, OrderAmounts, OrderQuote, OrderStatus, QuotedLine};
use contracts::payment::PaymentMethod;
use types::{Money, OrderId, OrderLineId, Timestamp, UserId};

use super::gather::Gathered;
use crate::domain::pricing::{LinePrice, Wanted, subtotal};
use crate::domain::{Delivery, Line, Order, Tax};

/// The order as it will be stored, but for its number.
pub fn order(
    id: OrderId,
    customer_id: UserId,
    gathered: &Gathered,
    new: &NewOrder,
    now: Timestamp,
    payment_window: Duration,
) -> Order {
    let (price, chosen) = (&gathered.price, &gathered.chosen);
    let lines = gathered
        .wanted
        .iter()
        .zip(&price.lines)
        .zip(1..)
        .map(|((wanted, price), position)| line(wanted, price, position));
    Order {
        id,
        number: String::new(),
        customer_id,
        status: OrderStatus::Pending,
        version: 1,
        cancel_reason: None,
        cart_id: gathered.cart.cart_id,
        coupon_code: gathered.cart.coupon_code.clone(),
        notes: new.notes.clone().filter(|notes| !notes.trim().is_empty()),
        place_of_supply: gathered.address.state,
        address: gathered.address.clone(),
        lines: lines.collect(),
        delivery: Delivery {
            method_id: chosen.method_id,
            method: chosen.name.clone(),
            promised_from: chosen.promised_from,
            promised_to: chosen.promised_to,
            weight_grams: crate::domain::pricing::weight(&gathered.wanted),
            charge: price.delivery.charge,
            discount: price.delivery.discount,
            hsn: price.delivery.hsn.clone(),
            gst_rate: price.delivery.gst_rate,
            tax: price.delivery.tax,
        },
        total: price.total,
        payment_method: new.payment_method,
        intent_id: None,
        expires_at: now.plus(payment_window),
        // Where nothing is to be paid, everything is.
        paid_at: (price.total.is_zero() && new.payment_method != PaymentMethod::CashOnDelivery).then_some(now),
        refunded: Money::ZERO,
        parcel: None,
        created_at: now,
        confirmed_at: None,
        shipped_at: None,
        delivered_at: None,
        cancelled_at: None,
    }
}

pub fn quote(gathered: &Gathered) -> OrderQuote {
    let price = &gathered.price;
    let line = |(wanted, price): (&Wanted, &LinePrice)| QuotedLine {
        variant_id: wanted.variant.variant_id,
        product_id: wanted.variant.product_id,
        title: wanted.variant.title.clone(),
        options: wanted.variant.options.clone(),
        image: wanted.variant.image.clone(),
        quantity: wanted.quantity,
        available: wanted.variant.available,
        price: contracts::order::LinePrice {
            unit_price: wanted.variant.unit_price,
            mrp: wanted.variant.mrp,
            discount: price.discount,
            total: price.total,
            hsn: wanted.variant.hsn.clone(),
            gst_rate: price.gst_rate,
            tax: price.tax.into(),
        },
    };
    let tax = price.lines.iter().map(|line| line.tax).sum::<Tax>() + price.delivery.tax;
    OrderQuote {
        lines: gathered.wanted.iter().zip(&price.lines).map(line).collect(),
        amounts: OrderAmounts {
            subtotal: gathered.wanted.iter().map(subtotal).sum(),
            discount: price.lines.iter().map(|line| line.discount).sum(),
            shipping_charge: price.delivery.charge,
            shipping_discount: price.delivery.discount,
            total: price.total,
            tax: tax.into(),
        },
        place_of_supply: gathered.address.state,
        shipping_method_id: gathered.chosen.method_id,
        shipping_options: gathered.shipping.options.clone(),
        cash_on_delivery: gathered.shipping.cash_on_delivery.clone(),
        coupon: gathered.discounts.coupon.clone(),
        receipt: gathered.discounts.receipt.clone(),
    }
}

fn line(wanted: &Wanted, price: &LinePrice, position: i16) -> Line {
    let variant = wanted.variant.clone();
    Line {
        position,
        id: OrderLineId::new(),
        variant_id: variant.variant_id,
        product_id: variant.product_id,
        category_ids: variant.category_ids,
        sku: variant.sku,
        title: variant.title,
        options: variant.options,
        image: variant.image,
        quantity: wanted.quantity,
        unit_price: variant.unit_price,
        mrp: variant.mrp,
        discount: price.discount,
        total: price.total,
        hsn: variant.hsn,
        gst_rate: price.gst_rate,
        tax: price.tax,
        weight_grams: variant.weight_grams,
        return_days: variant.return_days,
        credited: Money::ZERO,
    }
}
