//! Pick-ups that come to nothing, and customers who keep it after all.

use std::time::Duration;

use contracts::returns::{DeskReturn, Return, ReturnApproved, ReturnClosed, ReturnStatus};
use contracts::shipping::{BookPickup, Direction, ShipmentFacts, ShipmentRto, ShipmentStatus, ShipmentStatusChanged};
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{ReturnId, Role, ShipmentId, Timestamp};

use crate::{Shop, booked, inspected, tracking_number};

impl Shop {
    /// Asked back and approved, with its first pick-up booked.
    async fn approved(&self) -> Return {
        let asked = self.ask(0, 3).await;
        self.staff(asked.id, "approve", json!({})).await.is(200);
        self.is_fetched_by(asked.id, 1).await;
        asked
    }

    async fn is_fetched_by(&self, id: ReturnId, attempt: u32) {
        let number = Some(tracking_number(id, attempt));
        eventually(PATIENCE, async || self.see(id).await.pickup.map(|pickup| pickup.tracking_number) == number).await;
    }

    /// News of the parcel of an attempt.
    async fn parcel(&self, id: ReturnId, attempt: u32, status: ShipmentStatus) {
        let shipment = ShipmentFacts {
            shipment_id: ShipmentId(id.0),
            order_id: self.order_id,
            return_id: Some(id),
            customer_id: self.asha.id(),
            direction: Direction::Inbound,
            carrier: "sandbox".to_owned(),
            tracking_number: tracking_number(id, attempt),
            status,
            at: self.service.clock.now(),
        };
        match status {
            ShipmentStatus::Returned => {
                self.service.deliver(id, 9, &ShipmentRto { shipment, reason: "Nobody was at home".to_owned() }).await
            }
            _ => self.service.deliver(id, 9, &ShipmentStatusChanged { shipment }).await,
        };
    }

    fn attempts(&self) -> Vec<u32> {
        self.service.stubs.calls::<BookPickup>().iter().map(|call| call.attempt).collect()
    }
}

#[tokio::test]
async fn a_pick_up_that_came_to_nothing_is_followed_by_another() {
    let shop = Shop::open().await;
    let id = shop.approved().await.id;
    shop.parcel(id, 1, ShipmentStatus::Cancelled).await;
    shop.is_fetched_by(id, 2).await;
    shop.service.publishes::<ReturnApproved>(|event| event.tracking_number == tracking_number(id, 2)).await;

    // What else is heard of the first changes nothing; that the second came back does.
    shop.parcel(id, 1, ShipmentStatus::Returned).await;
    assert_eq!(shop.attempts(), [1, 2]);
    shop.parcel(id, 2, ShipmentStatus::PickedUp).await;
    shop.parcel(id, 2, ShipmentStatus::Returned).await;
    let due = sqlx::query_scalar::<_, Timestamp>("SELECT pickup_due_at FROM customer_return");
    let due = due.fetch_one(&shop.service.pool).await.unwrap();
    let rest = due.since(shop.service.clock.now());
    assert!(
        rest > Duration::from_secs(23 * 3600),
        "a carrier that calls off everything is asked without end: {rest:?}"
    );
    shop.service.clock.advance(Duration::from_secs(24 * 3600));
    shop.is_fetched_by(id, 3).await;
    assert_eq!(shop.attempts(), [1, 2, 3]);
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn news_that_a_pick_up_came_to_nothing_may_overtake_its_booking() {
    let shop = Shop::open().await;
    shop.service.stubs.down::<BookPickup>();
    let id = shop.ask(0, 1).await.id;
    shop.staff(id, "approve", json!({})).await.is(200);
    eventually(PATIENCE, async || !shop.attempts().is_empty()).await;
    shop.parcel(id, 1, ShipmentStatus::Cancelled).await;
    eventually(PATIENCE, async || shop.attempts().contains(&2)).await;

    // A shipping service that is a version behind knows of one attempt only: it is asked again until it knows better.
    shop.service.stubs.answer::<BookPickup>(|call| booked(&call, 1));
    let asked = shop.attempts().len();
    eventually(PATIENCE, async || {
        shop.service.clock.advance(Duration::from_secs(60));
        shop.attempts().len() > asked + 1
    })
    .await;
    assert!(shop.see(id).await.pickup.is_none());
    shop.service.stubs.answer::<BookPickup>(|call| booked(&call, call.attempt));
    eventually(PATIENCE, async || {
        shop.service.clock.advance(Duration::from_secs(60));
        shop.see(id).await.pickup
    })
    .await;
    shop.is_fetched_by(id, 2).await;
}

#[tokio::test]
async fn a_customer_may_keep_it_until_it_is_fetched() {
    let shop = Shop::open().await;
    let kept = shop.approved().await.id;
    let cancel = format!("/api/v1/returns/{kept}/cancel");
    let cancelled: Return = shop.asha.post(&cancel, &json!({})).await.is(200).read();
    assert_eq!(cancelled.status, ReturnStatus::Cancelled);
    let told = shop.service.publishes::<ReturnClosed>(|event| event.facts.return_id == kept).await;
    assert_eq!(told.data.facts.status, ReturnStatus::Cancelled);
    // Nobody is sent again for what is kept, and it can be asked back once more.
    shop.parcel(kept, 1, ShipmentStatus::Cancelled).await;
    let fetched = shop.approved().await;
    assert_eq!(shop.attempts(), [1, 1]);

    shop.parcel(fetched.id, 1, ShipmentStatus::PickedUp).await;
    let cancel = format!("/api/v1/returns/{}/cancel", fetched.id);
    shop.asha.post(&cancel, &json!({})).await.is(409).problem("goods-on-their-way");
    shop.staff(fetched.id, "receive", inspected(&fetched, 3)).await.is(200);
    shop.asha.post(&cancel, &json!({})).await.is(409).problem("wrong-return-status");
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn staff_cancel_what_cannot_be_fetched_and_say_why() {
    let shop = Shop::open().await;
    let id = shop.approved().await.id;
    let staff = shop.service.as_staff(Role::Support);
    let path = format!("/api/v1/returns/desk/{id}/cancel");
    staff.post(&path, &json!({ "reason": "" })).await.is(422);
    let nowhere = format!("/api/v1/returns/desk/{}/cancel", ReturnId::new());
    let why = json!({ "reason": "Nobody fetches from this address." });
    staff.post(&nowhere, &why).await.is(404);
    let cancelled: DeskReturn = staff.post(&path, &why).await.is(200).read();
    assert_eq!(cancelled.details.status, ReturnStatus::Cancelled);
    assert_eq!(shop.see(id).await.timeline.last().unwrap().detail, "Nobody fetches from this address.");
    staff.post(&path, &why).await.is(409).problem("wrong-return-status");
    shop.ask(0, 3).await;
}

#[tokio::test]
async fn goods_that_come_although_their_pick_up_came_to_nothing_are_received() {
    let shop = Shop::open().await;
    let asked = shop.approved().await;
    shop.service.publishes::<ReturnApproved>(|event| event.facts.return_id == asked.id).await;
    shop.service.stubs.down::<BookPickup>();
    shop.parcel(asked.id, 1, ShipmentStatus::Cancelled).await;
    shop.staff(asked.id, "receive", inspected(&asked, 3)).await.is(200);
    shop.service.settled().await;
    assert_eq!(shop.service.published::<ReturnApproved>().await.len(), 1);
}
