//! What may bring a customer back to the shop.

use contracts::cart::CartAbandoned;
use contracts::notification::NotificationKind as Kind;
use contracts::product::BackInStock;
use serde_json::json;

use super::Tells;
use crate::domain::Message;

impl Tells for BackInStock {
    /// One to each who asked for it.
    fn messages(&self) -> Vec<Message> {
        let message = |user_id: &types::UserId| Message {
            kind: Kind::BackInStock,
            user_id: Some(*user_id),
            about: None,
            code: None,
            data: json!({ "product_id": self.product_id, "title": self.title }),
        };
        self.subscribers.iter().map(message).collect()
    }
}

impl Tells for CartAbandoned {
    fn messages(&self) -> Vec<Message> {
        let pieces: u64 = self.lines.iter().map(|line| u64::from(line.quantity)).sum();
        let data = json!({ "pieces": pieces });
        vec![Message {
            kind: Kind::CartAbandoned,
            user_id: Some(self.customer_id),
            about: Some(self.cart_id.0),
            code: None,
            data,
        }]
    }
}
