//! The return service as customers, staff and other services meet it.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up is best told by a test that fails")]

mod desk;
mod pickups;
mod reconcile;
mod refunds;
mod requests;

use std::time::Duration;

use contracts::order::{FoundReturnableOrder, GetReturnableOrder, OrderStatus, ReturnableLine, ReturnableOrder};
use contracts::payment::PaymentMethod;
use contracts::returns::{DeskReturn, Return};
use contracts::shipping::{BookPickup, BookedPickup};
use contracts::user::Address;
use serde_json::{Value, json};
use testkit::{Answer, Person, TestService};
use types::{Money, OrderId, OrderLineId, ProductId, ReturnId, Role, ShipmentId, Timestamp, VariantId};

/// A delivered order of one customer, with what the order service says of it.
pub struct Shop {
    pub service: TestService,
    pub asha: Person,
    pub order_id: OrderId,
    /// Three pieces for 100.00 in all, and one for 500.00 that may be returned for a week.
    pub lines: [OrderLineId; 2],
}

impl Shop {
    pub async fn open() -> Self {
        Self::with_order(|_| {}).await
    }

    /// The order as `change` leaves it.
    pub async fn with_order(change: impl FnOnce(&mut ReturnableOrder)) -> Self {
        let service = TestService::start(return_service::service()).await;
        let asha = service.customer();
        let mut order = order(service.clock.now());
        change(&mut order);
        let (order_id, lines) = (order.order_id, [order.lines[0].order_line_id, order.lines[1].order_line_id]);
        let owner = asha.id();
        service.stubs.answer::<GetReturnableOrder>(move |call| {
            match call.order_id == order_id && call.customer_id == owner {
                true => FoundReturnableOrder::Found(Box::new(order.clone())),
                false => FoundReturnableOrder::Absent,
            }
        });
        service.stubs.answer::<BookPickup>(|call| booked(&call, call.attempt));
        Shop { service, asha, order_id, lines }
    }

    pub fn request(&self, line: usize, quantity: u32) -> Value {
        let asked = json!({ "order_line_id": self.lines[line], "quantity": quantity, "reason": "does_not_fit" });
        json!({ "order_id": self.order_id, "lines": [asked] })
    }

    pub async fn ask(&self, line: usize, quantity: u32) -> Return {
        self.asha.post("/api/v1/returns", &self.request(line, quantity)).await.is(201).read()
    }

    /// A member of staff does something with a return.
    pub async fn staff(&self, id: ReturnId, what: &str, body: Value) -> Answer {
        self.service.as_staff(Role::Support).post(&format!("/api/v1/returns/{id}/{what}"), &body).await
    }

    /// Asked back, approved, and here, of which this many pieces are accepted.
    pub async fn received(&self, line: usize, quantity: u32, accepted: u32) -> DeskReturn {
        let asked = self.ask(line, quantity).await;
        self.staff(asked.id, "approve", json!({})).await.is(200);
        self.staff(asked.id, "receive", inspected(&asked, accepted)).await.is(200).read()
    }

    pub async fn see(&self, id: ReturnId) -> Return {
        self.asha.get(&format!("/api/v1/returns/{id}")).await.is(200).read()
    }

    pub async fn violations(&self) -> Vec<String> {
        let mut connection = self.service.pool.acquire().await.unwrap();
        let found = return_service::reconcile::violations(&mut connection, self.service.clock.now()).await.unwrap();
        found.into_iter().map(|violation| violation.rule).collect()
    }
}

/// What the carrier calls the parcel of each attempt to fetch a return.
pub fn tracking_number(id: ReturnId, attempt: u32) -> String {
    format!("SBX-{id}-{attempt}")
}

pub fn booked(call: &BookPickup, attempt: u32) -> BookedPickup {
    let (shipment_id, tracking_number) = (ShipmentId(call.return_id.0), tracking_number(call.return_id, attempt));
    BookedPickup { shipment_id, carrier: "sandbox".to_owned(), tracking_number }
}

pub fn inspected(asked: &Return, accepted: u32) -> Value {
    let line = json!({ "return_line_id": asked.lines[0].id, "accepted": accepted, "restock": 0, "note": "Worn" });
    json!({ "lines": [line] })
}

pub const DAY: Duration = Duration::from_secs(24 * 3600);

fn order(now: Timestamp) -> ReturnableOrder {
    ReturnableOrder {
        order_id: OrderId::new(),
        order_number: "HT-2611-000001".to_owned(),
        status: OrderStatus::Delivered,
        delivered_at: Some(now),
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
        lines: vec![line(3, 100, 30), line(1, 500, 7)],
    }
}

fn line(quantity: u32, rupees: i64, return_days: u16) -> ReturnableLine {
    ReturnableLine {
        order_line_id: OrderLineId::new(),
        variant_id: VariantId::new(),
        product_id: ProductId::new(),
        category_ids: Vec::new(),
        title: "Kurta".to_owned(),
        options: "Blue, XL".to_owned(),
        quantity,
        paid: Money::from_rupees(rupees),
        weight_grams: 300,
        return_days,
    }
}
