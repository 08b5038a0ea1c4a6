//! Orders as events tell of them.

use contracts::order::{OrderConfirmed, OrderedLine};

use crate::domain::{Line, Order};

pub fn confirmed(order: &Order) -> OrderConfirmed {
    OrderConfirmed {
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        cart_id: order.cart_id,
        lines: order.lines.iter().map(line).collect(),
        coupon_code: order.coupon_code.clone(),
        total: order.total,
        payment_method: order.payment_method,
        cash_to_collect: order.cash_to_collect(),
        address: order.address.clone(),
        shipping_method_id: order.delivery.method_id,
        weight_grams: order.delivery.weight_grams,
        promised_to: order.delivery.promised_to,
    }
}

fn line(line: &Line) -> OrderedLine {
    OrderedLine {
        order_line_id: line.id,
        variant_id: line.variant_id,
        sku: line.sku.clone(),
        title: line.title.clone(),
        quantity: line.quantity,
        total: line.total,
    }
}
