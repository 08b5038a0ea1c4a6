//! What concerns goods that come back.

use contracts::notification::NotificationKind as Kind;
use contracts::returns::{
    ReturnApproved, ReturnClosed, ReturnFacts, ReturnReceived, ReturnRefundDue, ReturnRejected, ReturnRequested,
};
use serde_json::{Value, json};

use super::Tells;
use crate::domain::Message;

impl Tells for ReturnRequested {
    fn messages(&self) -> Vec<Message> {
        about(Kind::ReturnRequested, &self.facts, json!({}))
    }
}

impl Tells for ReturnApproved {
    fn messages(&self) -> Vec<Message> {
        about(Kind::ReturnApproved, &self.facts, json!({ "tracking_number": self.tracking_number }))
    }
}

impl Tells for ReturnRejected {
    fn messages(&self) -> Vec<Message> {
        about(Kind::ReturnRejected, &self.facts, json!({ "reason": self.reason }))
    }
}

impl Tells for ReturnReceived {
    fn messages(&self) -> Vec<Message> {
        about(Kind::ReturnReceived, &self.facts, json!({}))
    }
}

impl Tells for ReturnRefundDue {
    fn messages(&self) -> Vec<Message> {
        about(Kind::RefundDue, &self.facts, json!({ "amount": self.amount }))
    }
}

impl Tells for ReturnClosed {
    fn messages(&self) -> Vec<Message> {
        about(Kind::ReturnClosed, &self.facts, json!({}))
    }
}

fn about(kind: Kind, facts: &ReturnFacts, mut data: Value) -> Vec<Message> {
    data["order_number"] = json!(facts.order_number);
    data["return_id"] = json!(facts.return_id);
    vec![Message { kind, user_id: Some(facts.customer_id), about: Some(facts.return_id.0), code: None, data }]
}
