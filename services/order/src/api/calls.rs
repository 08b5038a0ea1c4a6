//! What other services ask.

use contracts::order::{
    FoundReturnableOrder, GetPayability, GetReturnableOrder, Payability, ReturnableLine, ReturnableOrder,
};
use platform::Result;

use crate::app::Orders;
use crate::domain::{Line, Order};
use crate::store;

/// May it be paid now, and how much?
pub async fn payability(app: Orders, call: GetPayability) -> Result<Payability> {
    let mut connection = app.db.primary().await?;
    Ok(match store::order::find(&mut connection, call.order_id).await? {
        None => Payability::Absent,
        Some(order) if order.awaits_payment() && app.now() < order.expires_at => {
            Payability::Payable { amount: order.total, expires_at: order.expires_at }
        }
        Some(order) => Payability::NotPayable { status: order.status },
    })
}

/// What of an order can its customer send back?
pub async fn returnable_order(app: Orders, call: GetReturnableOrder) -> Result<FoundReturnableOrder> {
    let mut connection = app.db.primary().await?;
    let order = store::order::find(&mut connection, call.order_id).await?;
    Ok(match order.filter(|order| order.customer_id == call.customer_id) {
        Some(order) => FoundReturnableOrder::Found(Box::new(returnable(order))),
        None => FoundReturnableOrder::Absent,
    })
}

fn returnable(order: Order) -> ReturnableOrder {
    let line = |line: Line| ReturnableLine {
        order_line_id: line.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        category_ids: line.category_ids,
        title: line.title,
        options: line.options,
        quantity: line.quantity,
        paid: line.total,
        weight_grams: line.weight_grams,
        return_days: line.return_days,
    };
    ReturnableOrder {
        order_id: order.id,
        order_number: order.number,
        status: order.status,
        delivered_at: order.delivered_at,
        payment_method: order.payment_method,
        address: order.address,
        lines: order.lines.into_iter().map(line).collect(),
    }
}
