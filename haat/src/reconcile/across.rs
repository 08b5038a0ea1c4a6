//! What the services' books must say together: each order's money, stock, coupon and parcel agree with its status.

use std::collections::BTreeMap;

use contracts::order::OrderStatus;
use contracts::payment::{IntentStatus, PaymentMethod};
use contracts::shipping::ShipmentStatus;
use discount_service::reconcile::CouponFact;
use order_service::reconcile::OrderFacts;
use payment_service::reconcile::Fact as PaymentFact;
use product_service::reconcile::StockFact;
use shipping_service::reconcile::ShipmentFact;
use types::OrderId;

#[derive(Default)]
pub struct Books {
    pub orders: Vec<OrderFacts>,
    pub payments: Vec<PaymentFact>,
    pub stock: Vec<StockFact>,
    pub coupons: Vec<CouponFact>,
    pub shipments: Vec<ShipmentFact>,
}

/// Everything that is told of one order.
#[derive(Default)]
struct Told<'b> {
    order: Option<&'b OrderFacts>,
    payment: Option<&'b PaymentFact>,
    stock: Option<&'b StockFact>,
    coupon: Option<&'b CouponFact>,
    shipment: Option<&'b ShipmentFact>,
}

impl Books {
    /// One sentence for each difference.
    pub fn differences(&self) -> Vec<String> {
        let mut told: BTreeMap<OrderId, Told> = BTreeMap::new();
        for order in &self.orders {
            told.entry(order.order_id).or_default().order = Some(order);
        }
        for payment in &self.payments {
            told.entry(payment.order_id).or_default().payment = Some(payment);
        }
        for stock in &self.stock {
            told.entry(stock.order_id).or_default().stock = Some(stock);
        }
        for coupon in &self.coupons {
            told.entry(coupon.order_id).or_default().coupon = Some(coupon);
        }
        for shipment in &self.shipments {
            told.entry(shipment.order_id).or_default().shipment = Some(shipment);
        }
        told.iter()
            .flat_map(|(id, told)| told.differences().into_iter().map(move |d| format!("order {id}: {d}")))
            .collect()
    }
}

impl Told<'_> {
    fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        let stock = self.stock.map_or("nothing", |s| s.state.as_str());
        let coupon = self.coupon.map_or("nothing", |c| c.state.as_str());
        let takes_stock = matches!(stock, "held" | "committed");
        let takes_coupon = matches!(coupon, "held" | "redeemed");
        let Some(order) = self.order else {
            if takes_stock {
                found.push(format!("does not exist, but its stock is {stock}"));
            }
            if takes_coupon {
                found.push(format!("does not exist, but its coupon is {coupon}"));
            }
            if let Some(payment) = self.payment.filter(|p| p.captured != p.refunded) {
                found.push(format!("does not exist, but {} was charged for it", payment.captured - payment.refunded));
            }
            return found;
        };
        let status = order.status;
        match status {
            OrderStatus::Pending => {
                if stock != "held" {
                    found.push(format!("is pending, but its stock is {stock}"));
                }
            }
            OrderStatus::Cancelled => {
                if takes_stock {
                    found.push(format!("is cancelled, but its stock is {stock}"));
                }
                if takes_coupon {
                    found.push(format!("is cancelled, but its coupon is {coupon}"));
                }
                if let Some(payment) = self.payment.filter(|p| p.captured != p.refunded) {
                    found
                        .push(format!("is cancelled, but {} of {} was given back", payment.refunded, payment.captured));
                }
                if let Some(shipment) = self.shipment.filter(|s| s.status == ShipmentStatus::Delivered) {
                    found.push(format!("is cancelled, but its parcel {} was delivered", shipment.shipment_id));
                }
            }
            OrderStatus::Confirmed | OrderStatus::Processing | OrderStatus::Shipped | OrderStatus::Delivered => {
                if stock != "committed" {
                    found.push(format!("is {status}, but its stock is {stock}"));
                }
                if order.coupon_code.is_some() && coupon != "redeemed" {
                    found.push(format!("is {status}, but its coupon is {coupon}"));
                }
                if self.shipment.is_none() {
                    found.push(format!("is {status}, but has no parcel"));
                }
                found.extend(self.money(order));
            }
        }
        if let Some(payment) = self.payment.filter(|p| p.refunded != order.refunded) {
            found.push(format!("knows of {} refunded, the payment of {}", order.refunded, payment.refunded));
        }
        found
    }

    /// What an order that was sold must have brought in.
    fn money(&self, order: &OrderFacts) -> Option<String> {
        let Some(payment) = self.payment else { return Some("was sold, but has no payment".to_owned()) };
        let due = order.payment_method == PaymentMethod::CashOnDelivery && payment.status == IntentStatus::CashDue;
        if payment.amount != order.total {
            Some(format!("costs {}, but {} is asked for it", order.total, payment.amount))
        } else if !due && payment.captured != order.total {
            Some(format!("costs {}, but {} was captured", order.total, payment.captured))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Money, ShipmentId, UserId};

    /// A paid order with a coupon and a parcel, all in order.
    fn books() -> Books {
        let order_id = OrderId::new();
        let total = Money::from_rupees(500);
        Books {
            orders: vec![OrderFacts {
                order_id,
                customer_id: UserId::new(),
                status: OrderStatus::Confirmed,
                total,
                coupon_code: Some("ONCE".into()),
                payment_method: PaymentMethod::Upi,
                is_paid: true,
                refunded: Money::ZERO,
                pieces: 1,
            }],
            payments: vec![PaymentFact {
                order_id,
                amount: total,
                captured: total,
                refunded: Money::ZERO,
                status: IntentStatus::Paid,
            }],
            stock: vec![StockFact { order_id, state: "committed".into() }],
            coupons: vec![CouponFact { order_id, code: "ONCE".into(), state: "redeemed".into() }],
            shipments: vec![ShipmentFact {
                order_id,
                shipment_id: ShipmentId::new(),
                status: ShipmentStatus::Created,
                cash_to_collect: Money::ZERO,
            }],
        }
    }

    fn finds(what: &str, plant: impl FnOnce(&mut Books)) {
        let mut books = books();
        plant(&mut books);
        let found = books.differences();
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
    }

    #[test]
    fn finds_nothing_where_all_is_well() {
        assert!(books().differences().is_empty());
    }

    #[test]
    fn finds_each_difference_alone() {
        finds("its stock is held", |b| b.stock[0].state = "held".into());
        finds("its stock is nothing", |b| b.stock.clear());
        finds("its coupon is released", |b| b.coupons[0].state = "released".into());
        finds("has no parcel", |b| b.shipments.clear());
        finds("has no payment", |b| b.payments.clear());
        finds("but ₹499.99 was captured", |b| b.payments[0].captured = Money::from_paise(49_999));
        finds("but ₹1.00 is asked", |b| b.payments[0].amount = Money::from_rupees(1));
        finds("knows of ₹0.00 refunded, the payment of ₹1.00", |b| b.payments[0].refunded = Money::from_rupees(1));
        finds("does not exist, but its stock is held", |b| {
            b.stock.push(StockFact { order_id: OrderId::new(), state: "held".into() });
        });
        finds("does not exist, but its coupon is held", |b| {
            b.coupons.push(CouponFact { order_id: OrderId::new(), code: "ONCE".into(), state: "held".into() });
        });
        finds("does not exist, but ₹500.00 was charged", |b| {
            let payment = PaymentFact { order_id: OrderId::new(), ..b.payments[0].clone() };
            b.payments.push(payment);
        });
    }

    /// The order above, cancelled and given back whole.
    fn cancelled(b: &mut Books) {
        b.orders[0].status = OrderStatus::Cancelled;
        b.orders[0].refunded = b.orders[0].total;
        b.payments[0].refunded = b.orders[0].total;
        b.stock[0].state = "released".into();
        b.coupons[0].state = "released".into();
        b.shipments[0].status = ShipmentStatus::Cancelled;
    }

    #[test]
    fn finds_what_a_cancelled_order_still_holds() {
        let mut books = books();
        cancelled(&mut books);
        assert!(books.differences().is_empty());
        let finds = |what, plant: fn(&mut Books)| {
            finds(what, |b| {
                cancelled(b);
                plant(b);
            });
        };
        finds("its stock is committed", |b| b.stock[0].state = "committed".into());
        finds("its coupon is redeemed", |b| b.coupons[0].state = "redeemed".into());
        finds("was delivered", |b| b.shipments[0].status = ShipmentStatus::Delivered);
        finds("but ₹1.00 of ₹500.00 was given back", |b| {
            b.payments[0].refunded = Money::from_rupees(1);
            b.orders[0].refunded = Money::from_rupees(1);
        });
    }
}
