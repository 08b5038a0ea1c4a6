//! What concerns an order and its parcel.

use contracts::notification::NotificationKind as Kind;
use contracts::order::{
    CreditNoteIssued, InvoiceIssued, OrderCancelled, OrderConfirmed, OrderCreated, OrderDelivered, OrderShipped,
};
use contracts::payment::PaymentMethod;
use contracts::shipping::{
    Direction, ShipmentException, ShipmentFacts, ShipmentRto, ShipmentStatus, ShipmentStatusChanged,
};
use serde_json::{Value, json};
use types::{OrderId, UserId};

use super::Tells;
use crate::domain::Message;

impl Tells for OrderCreated {
    /// Cash on delivery waits for no payment.
    fn messages(&self) -> Vec<Message> {
        if self.payment_method == PaymentMethod::CashOnDelivery {
            return Vec::new();
        }
        let data = json!({ "order_number": self.order_number, "total": self.total, "expires_at": self.expires_at });
        about(Kind::OrderAwaitingPayment, self.customer_id, self.order_id, data)
    }
}

impl Tells for OrderConfirmed {
    fn messages(&self) -> Vec<Message> {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| json!({ "title": line.title, "quantity": line.quantity, "total": line.total }))
            .collect();
        let data = json!({
            "order_number": self.order_number,
            "lines": lines,
            "total": self.total,
            "cash_to_collect": self.cash_to_collect,
            "promised_to": self.promised_to,
        });
        about(Kind::OrderConfirmed, self.customer_id, self.order_id, data)
    }
}

impl Tells for OrderShipped {
    fn messages(&self) -> Vec<Message> {
        let data = json!({
            "order_number": self.order_number,
            "carrier": self.carrier,
            "tracking_number": self.tracking_number,
        });
        about(Kind::OrderShipped, self.customer_id, self.order_id, data)
    }
}

impl Tells for OrderDelivered {
    fn messages(&self) -> Vec<Message> {
        let data = json!({ "order_number": self.order_number, "delivered_at": self.delivered_at });
        about(Kind::OrderDelivered, self.customer_id, self.order_id, data)
    }
}

impl Tells for OrderCancelled {
    fn messages(&self) -> Vec<Message> {
        let data = json!({ "order_number": self.order_number, "reason": self.reason });
        about(Kind::OrderCancelled, self.customer_id, self.order_id, data)
    }
}

impl Tells for InvoiceIssued {
    fn messages(&self) -> Vec<Message> {
        let data = json!({
            "order_number": self.order_number,
            "invoice_number": self.invoice_number,
            "total": self.total,
        });
        about(Kind::InvoiceIssued, self.customer_id, self.order_id, data)
    }
}

impl Tells for CreditNoteIssued {
    fn messages(&self) -> Vec<Message> {
        let data = json!({
            "order_number": self.order_number,
            "credit_note_number": self.credit_note_number,
            "invoice_number": self.invoice_number,
            "total": self.total,
        });
        about(Kind::CreditNoteIssued, self.customer_id, self.order_id, data)
    }
}

impl Tells for ShipmentStatusChanged {
    /// Of the carrier's many steps, only the one that asks the customer to be at home.
    fn messages(&self) -> Vec<Message> {
        if self.shipment.status != ShipmentStatus::OutForDelivery {
            return Vec::new();
        }
        parcel(Kind::OutForDelivery, &self.shipment, "")
    }
}

impl Tells for ShipmentException {
    fn messages(&self) -> Vec<Message> {
        parcel(Kind::DeliveryException, &self.shipment, &self.reason)
    }
}

impl Tells for ShipmentRto {
    fn messages(&self) -> Vec<Message> {
        parcel(Kind::ReturnedToSender, &self.shipment, &self.reason)
    }
}

/// A parcel on its way to the customer; one on its way back is told of by its return.
fn parcel(kind: Kind, shipment: &ShipmentFacts, reason: &str) -> Vec<Message> {
    if shipment.direction == Direction::Inbound {
        return Vec::new();
    }
    let data = json!({ "carrier": shipment.carrier, "tracking_number": shipment.tracking_number, "reason": reason });
    about(kind, shipment.customer_id, shipment.order_id, data)
}

fn about(kind: Kind, user_id: UserId, order: OrderId, mut data: Value) -> Vec<Message> {
    data["order_id"] = json!(order);
    vec![Message { kind, user_id: Some(user_id), about: Some(order.0), code: None, data }]
}
