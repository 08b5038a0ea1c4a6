//! What may come back.

use contracts::order::{OrderStatus, ReturnableLine, ReturnableOrder};
use contracts::returns::NewReturn;
use jiff::ToSpan;
use jiff::civil::Date;
use types::Timestamp;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the order is not delivered yet")]
    NotDelivered,
    /// The field, and the rule that it breaks.
    #[error("{field} {rule}")]
    Line { field: String, rule: String },
}

/// The lines of the order that are asked back, in the order of the request. How many of their pieces are left is for the
/// database to say.
///
/// # Errors
/// The first thing that is wrong.
pub fn check<'order>(
    order: &'order ReturnableOrder,
    request: &NewReturn,
    now: Timestamp,
) -> Result<Vec<&'order ReturnableLine>, Refusal> {
    let Some(delivered_at) = order.delivered_at.filter(|_| order.status == OrderStatus::Delivered) else {
        return Err(Refusal::NotDelivered);
    };
    let mut lines: Vec<&ReturnableLine> = Vec::with_capacity(request.lines.len());
    for (i, asked) in request.lines.iter().enumerate() {
        let refused = |field: &str, rule: String| Refusal::Line { field: format!("lines[{i}].{field}"), rule };
        let found = order.lines.iter().find(|line| line.order_line_id == asked.order_line_id);
        let line = found.ok_or_else(|| refused("order_line_id", "is not a line of this order".to_owned()))?;
        if lines.iter().any(|before| before.order_line_id == line.order_line_id) {
            return Err(refused("order_line_id", "stands twice: add the quantities".to_owned()));
        }
        if line.return_days == 0 {
            return Err(refused("order_line_id", "cannot be returned".to_owned()));
        }
        let last = last_day(delivered_at, line.return_days);
        if now.date_in_india() > last {
            return Err(refused("order_line_id", format!("could be returned until {last}")));
        }
        if asked.quantity > line.quantity {
            return Err(refused("quantity", format!("must be at most {}, which were ordered", line.quantity)));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The whole of this day, in India, is in time.
pub fn last_day(delivered_at: Timestamp, return_days: u16) -> Date {
    delivered_at.date_in_india().saturating_add(i64::from(return_days).days())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::payment::PaymentMethod;
    use contracts::returns::{NewReturnLine, ReturnReason};
    use contracts::user::Address;
    use jiff::civil::date;
    use types::{Money, OrderId, OrderLineId, ProductId, VariantId};

    fn at(time: &str) -> Timestamp {
        Timestamp::new(time.parse().unwrap())
    }

    fn line(quantity: u32, return_days: u16) -> ReturnableLine {
        ReturnableLine {
            order_line_id: OrderLineId::new(),
            variant_id: VariantId::new(),
            product_id: ProductId::new(),
            category_ids: Vec::new(),
            title: "Kurta".to_owned(),
            options: "Blue, XL".to_owned(),
            quantity,
            paid: Money::from_rupees(999),
            weight_grams: 300,
            return_days,
        }
    }

    fn order(lines: Vec<ReturnableLine>) -> ReturnableOrder {
        ReturnableOrder {
            order_id: OrderId::new(),
            order_number: "HT-2611-000001".to_owned(),
            status: OrderStatus::Delivered,
            delivered_at: Some(at("2026-11-01T23:00:00+05:30")),
            payment_method: PaymentMethod::Upi,
            address: Address {
                name: "Asha Rao".to_owned(),
                phone: "+919000000001".to_owned(),
                line1: "12-2-417".to_owned(),
                line2: String::new(),
                landmark: String::new(),
                city: "Hyderabad".to_owned(),
                state: "36".parse().unwrap(),
                pin_code: "500081".parse().unwrap(),
            },
            lines,
        }
    }

    fn request(order: &ReturnableOrder, quantities: &[u32]) -> NewReturn {
        let asked = |(line, quantity): (&ReturnableLine, &u32)| NewReturnLine {
            order_line_id: line.order_line_id,
            quantity: *quantity,
            reason: ReturnReason::DoesNotFit,
            comment: String::new(),
            photo_url: None,
        };
        NewReturn { order_id: order.order_id, lines: order.lines.iter().zip(quantities).map(asked).collect() }
    }

    fn refusal(order: &ReturnableOrder, request: &NewReturn, now: &str) -> Option<Refusal> {
        check(order, request, at(now)).err()
    }

    #[test]
    fn the_last_day_is_whole() {
        let order = order(vec![line(2, 30)]);
        let request = request(&order, &[1]);
        assert_eq!(last_day(order.delivered_at.unwrap(), 30), date(2026, 12, 1));
        assert_eq!(refusal(&order, &request, "2026-12-01T23:59:59+05:30"), None);
        let refused = refusal(&order, &request, "2026-12-02T00:00:00+05:30").unwrap();
        assert_eq!(refused.to_string(), "lines[0].order_line_id could be returned until 2026-12-01");
    }

    #[test]
    fn each_line_has_its_own_time() {
        let order = order(vec![line(2, 30), line(1, 7), line(1, 0)]);
        let now = "2026-11-20T12:00:00+05:30";
        assert_eq!(refusal(&order, &request(&order, &[2]), now), None);
        let refused = refusal(&order, &request(&order, &[1, 1]), now).unwrap();
        assert_eq!(refused.to_string(), "lines[1].order_line_id could be returned until 2026-11-08");
        let refused = refusal(&order, &request(&order, &[1, 1, 1]), "2026-11-02T12:00:00+05:30").unwrap();
        assert_eq!(refused.to_string(), "lines[2].order_line_id cannot be returned");
    }

    #[test]
    fn more_than_was_ordered_another_orders_line_or_a_line_twice_is_refused() {
        let (order, now) = (order(vec![line(2, 30)]), "2026-11-02T12:00:00+05:30");
        let refused = refusal(&order, &request(&order, &[3]), now).unwrap();
        assert_eq!(refused.to_string(), "lines[0].quantity must be at most 2, which were ordered");
        let mut twice = request(&order, &[1]);
        twice.lines.push(twice.lines[0].clone());
        let refused = refusal(&order, &twice, now).unwrap();
        assert_eq!(refused.to_string(), "lines[1].order_line_id stands twice: add the quantities");
        twice.lines[0].order_line_id = OrderLineId::new();
        let refused = refusal(&order, &twice, now).unwrap();
        assert_eq!(refused.to_string(), "lines[0].order_line_id is not a line of this order");
    }

    #[test]
    fn nothing_comes_back_before_it_was_delivered() {
        let mut order = order(vec![line(2, 30)]);
        let request = request(&order, &[1]);
        order.status = OrderStatus::Shipped;
        assert_eq!(refusal(&order, &request, "2026-11-02T12:00:00+05:30"), Some(Refusal::NotDelivered));
        order.status = OrderStatus::Delivered;
        order.delivered_at = None;
        assert_eq!(refusal(&order, &request, "2026-11-02T12:00:00+05:30"), Some(Refusal::NotDelivered));
    }
}
