//! What the services' books must say together: each order's money, stock, coupon and parcel agree with its status, and each
//! return's refund with what was paid back.

use std::collections::BTreeMap;

use contracts::order::{CancelReason, OrderStatus};
use contracts::payment::{IntentStatus, PaymentMethod, RefundState};
use contracts::returns::ReturnStatus;
use contracts::shipping::ShipmentStatus;
use discount_service::reconcile::CouponFact;
use order_service::reconcile::OrderFacts;
use payment_service::reconcile::{Fact as PaymentFact, RefundFact};
use product_service::reconcile::StockFact;
use return_service::reconcile::ReturnFact;
use shipping_service::reconcile::ShipmentFact;
use types::{Money, OrderId, ReturnId};

#[derive(Default)]
pub struct Books {
    pub orders: Vec<OrderFacts>,
    pub payments: Vec<PaymentFact>,
    pub stock: Vec<StockFact>,
    pub coupons: Vec<CouponFact>,
    pub shipments: Vec<ShipmentFact>,
    pub returns: Vec<ReturnFact>,
    /// Those of returns.
    pub refunds: Vec<RefundFact>,
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

/// A return, and what was paid back for it.
#[derive(Default)]
struct ToldOfReturn<'b> {
    case: Option<&'b ReturnFact>,
    refund: Option<&'b RefundFact>,
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
        let of_orders =
            told.iter().flat_map(|(id, told)| told.differences().into_iter().map(move |d| format!("order {id}: {d}")));
        let of_returns = self.refunds_of_returns();
        of_orders
            .chain(of_returns.iter().filter_map(|(id, told)| Some(format!("return {id}: {}", told.difference()?))))
            .collect()
    }

    fn refunds_of_returns(&self) -> BTreeMap<ReturnId, ToldOfReturn<'_>> {
        let mut told: BTreeMap<ReturnId, ToldOfReturn> = BTreeMap::new();
        for case in &self.returns {
            told.entry(case.return_id).or_default().case = Some(case);
        }
        for refund in &self.refunds {
            told.entry(refund.return_id).or_default().refund = Some(refund);
        }
        told
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
            let is_at_rest =
                |s: &&ShipmentFact| matches!(s.status, ShipmentStatus::Cancelled | ShipmentStatus::Returned);
            if let Some(shipment) = self.shipment.filter(|s| !is_at_rest(s)) {
                found.push(format!("does not exist, but its parcel {} is {}", shipment.shipment_id, shipment.status));
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
                // What the carrier lost stays sold.
                let is_lost = order.cancel_reason == Some(CancelReason::Lost);
                let is_wrong = if is_lost { stock != "committed" } else { takes_stock };
                if is_wrong {
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
                found.extend(self.parcel(order));
                found.extend(self.money(order));
            }
        }
        if let Some(stock) = self.stock.filter(|s| takes_stock && s.pieces != i64::from(order.pieces)) {
            found.push(format!("is of {} pieces, but {} are {}", order.pieces, stock.pieces, stock.state));
        }
        if let Some(refunded) = self.payment.map(PaymentFact::refunded_of_order).filter(|r| *r != order.refunded) {
            found.push(format!("knows of {} refunded, the payment of {refunded}", order.refunded));
        }
        found
    }

    /// Where the parcel of an order that was sold must be.
    fn parcel(&self, order: &OrderFacts) -> Option<String> {
        let status = order.status;
        let Some(shipment) = self.shipment else { return Some(format!("is {status}, but has no parcel")) };
        let cash = match order.payment_method {
            PaymentMethod::CashOnDelivery => order.total,
            PaymentMethod::Upi | PaymentMethod::Card | PaymentMethod::NetBanking => Money::ZERO,
        };
        if shipment.cash_to_collect != cash {
            return Some(format!("has {cash} to pay at the door, but its parcel {}", shipment.cash_to_collect));
        }
        let agrees = match shipment.status {
            ShipmentStatus::PickedUp | ShipmentStatus::InTransit | ShipmentStatus::OutForDelivery => {
                matches!(status, OrderStatus::Shipped | OrderStatus::Delivered)
            }
            ShipmentStatus::Delivered => status == OrderStatus::Delivered,
            ShipmentStatus::Returned | ShipmentStatus::Cancelled => false,
            ShipmentStatus::Created
            | ShipmentStatus::Packed
            | ShipmentStatus::Exception
            | ShipmentStatus::Returning => true,
        };
        (!agrees).then(|| format!("is {status}, but its parcel is {}", shipment.status))
    }

    /// What an order that was sold must have brought in.
    fn money(&self, order: &OrderFacts) -> Option<String> {
        let Some(payment) = self.payment else {
            return order.total.is_positive().then(|| "was sold, but has no payment".to_owned());
        };
        // What was paid twice goes back.
        let beyond = payment.captured - order.total;
        let due = order.payment_method == PaymentMethod::CashOnDelivery && payment.status == IntentStatus::CashDue;
        if payment.amount != order.total {
            Some(format!("costs {}, but {} is asked for it", order.total, payment.amount))
        } else if !due && (beyond.is_negative() || beyond > payment.refunded) {
            Some(format!("costs {}, but {} was captured", order.total, payment.captured))
        } else if payment.status == IntentStatus::Paid && !order.is_paid {
            Some(format!("does not know that its {} are paid", payment.captured))
        } else {
            None
        }
    }
}

impl ToldOfReturn<'_> {
    fn difference(&self) -> Option<String> {
        // One that failed moved no money.
        let refund = self.refund.filter(|refund| refund.state != RefundState::Failed);
        let Some(case) = self.case else {
            return refund.map(|refund| format!("its goods are not here, but {} is refunded", refund.amount));
        };
        let status = case.status;
        let is_due = matches!(status, ReturnStatus::RefundDue | ReturnStatus::Closed) && !case.refund.is_zero();
        match self.refund {
            None if is_due => Some(format!("is {status}, but nothing of {} is refunded", case.refund)),
            None => None,
            Some(refund) if !is_due => {
                (refund.state != RefundState::Failed).then(|| format!("is {status}, but {} is refunded", refund.amount))
            }
            Some(refund) if refund.amount != case.refund || refund.order_id != case.order_id => Some(format!(
                "brings {} of order {} back, but {} of order {} is refunded",
                case.refund, case.order_id, refund.amount, refund.order_id
            )),
            Some(refund) => {
                let ended = refund.state == RefundState::Succeeded;
                (ended != (status == ReturnStatus::Closed))
                    .then(|| format!("is {status}, but its refund is {}", refund.state))
            }
        }
    }
}

#[cfg(test)]
mod tests;
