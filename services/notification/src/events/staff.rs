//! What the staff should look at.

use contracts::notification::NotificationKind as Kind;
use contracts::product::{ReviewSubmitted, StockLow};
use serde_json::{Value, json};

use super::Tells;
use crate::domain::Message;

impl Tells for StockLow {
    fn messages(&self) -> Vec<Message> {
        let StockLow { sku, title, available, threshold, .. } = self;
        let data = json!({ "sku": sku, "title": title, "available": available, "threshold": threshold });
        vec![to_desk(Kind::StockLow, data)]
    }
}

impl Tells for ReviewSubmitted {
    fn messages(&self) -> Vec<Message> {
        let data = json!({ "product_id": self.product_id, "review_id": self.review_id, "rating": self.rating });
        vec![to_desk(Kind::ReviewSubmitted, data)]
    }
}

fn to_desk(kind: Kind, data: Value) -> Message {
    Message { kind, user_id: None, about: None, code: None, data }
}
