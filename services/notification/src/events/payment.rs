//! What concerns money.

use contracts::notification::NotificationKind as Kind;
use contracts::payment::{
    PaymentFacts, PaymentFailed, PaymentLateAuthorized, RefundFacts, RefundFailed, RefundSucceeded,
};
use serde_json::json;

use super::Tells;
use crate::domain::Message;

impl Tells for PaymentFailed {
    fn messages(&self) -> Vec<Message> {
        payment(Kind::PaymentFailed, &self.payment, &self.reason)
    }
}

impl Tells for PaymentLateAuthorized {
    fn messages(&self) -> Vec<Message> {
        payment(Kind::LatePaymentReturned, &self.payment, "")
    }
}

impl Tells for RefundSucceeded {
    fn messages(&self) -> Vec<Message> {
        refund(Kind::RefundSucceeded, &self.refund)
    }
}

impl Tells for RefundFailed {
    /// Why is the provider's affair and staff's: the customer is told that somebody looks after it.
    fn messages(&self) -> Vec<Message> {
        refund(Kind::RefundFailed, &self.refund)
    }
}

fn payment(kind: Kind, payment: &PaymentFacts, reason: &str) -> Vec<Message> {
    let data = json!({ "order_id": payment.order_id, "amount": payment.amount, "reason": reason });
    vec![Message { kind, user_id: Some(payment.customer_id), about: Some(payment.order_id.0), code: None, data }]
}

fn refund(kind: Kind, refund: &RefundFacts) -> Vec<Message> {
    let data = json!({ "order_id": refund.order_id, "amount": refund.amount });
    let about = refund.return_id.map_or(refund.order_id.0, |id| id.0);
    vec![Message { kind, user_id: Some(refund.customer_id), about: Some(about), code: None, data }]
}
