//! What parcels mean for their orders.

use std::time::Duration;

use contracts::order::{
    CancelReason, CreditNote, CreditNoteIssued, Order, OrderCancelled, OrderDelivered, OrderShipped, OrderStatus,
    TimelineEntry, TimelineKind,
};
use contracts::payment::PaymentMethod;
use contracts::shipping::{
    Direction, ShipmentCreated, ShipmentDelivered, ShipmentException, ShipmentFacts, ShipmentRto, ShipmentStatus,
    ShipmentStatusChanged,
};
use serde_json::json;
use types::{Money, ReturnId, Role, ShipmentId, Timestamp};

use crate::shop::Shop;

struct Carrier<'a> {
    shop: &'a Shop,
    parcel: ShipmentFacts,
}

impl<'a> Carrier<'a> {
    fn of(shop: &'a Shop, order: &Order) -> Self {
        let parcel = ShipmentFacts {
            shipment_id: ShipmentId::new(),
            order_id: order.id,
            return_id: None,
            customer_id: shop.customer.id(),
            direction: Direction::Outbound,
            carrier: "Delhivery".into(),
            tracking_number: "D123".into(),
            status: ShipmentStatus::Created,
            at: shop.service.clock.now(),
        };
        Carrier { shop, parcel }
    }

    async fn is(&self, status: ShipmentStatus) -> Order {
        self.was(status, self.shop.service.clock.now()).await
    }

    /// The carrier tells late.
    async fn was(&self, status: ShipmentStatus, at: Timestamp) -> Order {
        let (service, shipment) = (&self.shop.service, ShipmentFacts { status, at, ..self.parcel.clone() });
        let id = shipment.shipment_id;
        match status {
            ShipmentStatus::Created => service.deliver(id, 1, &ShipmentCreated { shipment, promised_to: None }).await,
            ShipmentStatus::Delivered => {
                service.deliver(id, 6, &ShipmentDelivered { shipment, cash_collected: Money::ZERO }).await
            }
            ShipmentStatus::Exception => {
                service.deliver(id, 5, &ShipmentException { shipment, reason: "Nobody at home".into() }).await
            }
            ShipmentStatus::Returned => {
                service.deliver(id, 7, &ShipmentRto { shipment, reason: "Refused".into() }).await
            }
            _ => service.deliver(id, 3, &ShipmentStatusChanged { shipment }).await,
        };
        self.shop.read(self.parcel.order_id).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_follows_its_parcel() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let carrier = Carrier::of(&shop, &order);
    let created = carrier.is(ShipmentStatus::Created).await;
    assert_eq!((created.status, created.shipping.tracking_number.as_deref()), (OrderStatus::Confirmed, Some("D123")));
    assert_eq!(carrier.is(ShipmentStatus::Packed).await.status, OrderStatus::Processing);
    assert_eq!(carrier.is(ShipmentStatus::PickedUp).await.status, OrderStatus::Shipped);
    assert_eq!(carrier.is(ShipmentStatus::InTransit).await.status, OrderStatus::Shipped);
    assert_eq!(carrier.is(ShipmentStatus::Exception).await.status, OrderStatus::Shipped);
    let delivered = carrier.is(ShipmentStatus::Delivered).await;
    assert_eq!(delivered.status, OrderStatus::Delivered);
    assert!(delivered.shipping.delivered_at.is_some());

    let shipped = shop.service.publishes(|event: &OrderShipped| event.order_id == order.id).await;
    assert_eq!(shipped.data.tracking_number, "D123");
    shop.service.publishes(|event: &OrderDelivered| event.order_id == order.id).await;
    assert_eq!(shop.service.published::<OrderShipped>().await.len(), 1);
    let timeline = shop.timeline(order.id).await;
    let expected = ["shipment_update", "processing", "shipped", "shipment_update", "shipment_update", "delivered"];
    assert_eq!(timeline[4..], expected);
    shop.customer
        .post(&format!("/api/v1/orders/{}/cancel", order.id), &json!({}))
        .await
        .is(409)
        .problem("order-status");
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_parcel_in_any_order_ends_the_same() {
    let shop = Shop::open().await;
    let news = [ShipmentStatus::Created, ShipmentStatus::Packed, ShipmentStatus::PickedUp, ShipmentStatus::Delivered];
    for turn in 0..news.len() {
        let order = shop.order(PaymentMethod::CashOnDelivery).await;
        let carrier = Carrier::of(&shop, &order);
        for i in (0..news.len()).rev() {
            carrier.is(news[(i + turn) % news.len()]).await;
        }
        let end = shop.read(order.id).await;
        assert_eq!(end.status, OrderStatus::Delivered, "{turn}");
        assert_eq!(end.shipping.carrier.as_deref(), Some("Delhivery"));
    }
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_comes_back_cancels_its_order() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let carrier = Carrier::of(&shop, &order);
    carrier.is(ShipmentStatus::PickedUp).await;
    assert_eq!(carrier.is(ShipmentStatus::Returning).await.status, OrderStatus::Shipped);
    let now = shop.service.clock.now();
    let came_back = now.minus(Duration::from_secs(40 * 24 * 3600));
    let back = carrier.was(ShipmentStatus::Returned, came_back).await;
    assert_eq!((back.status, back.cancel_reason), (OrderStatus::Cancelled, Some(CancelReason::Undelivered)));
    shop.service.publishes(|event: &OrderCancelled| event.order_id == order.id).await;
    let note = shop.service.publishes(|event: &CreditNoteIssued| event.order_id == order.id).await;
    assert_eq!(note.data.total, order.amounts.total);
    // The carrier told late: last month's documents are with the tax office.
    let path = format!("/api/v1/orders/{}", order.id);
    let notes: Vec<CreditNote> = shop.customer.get(&format!("{path}/credit-notes")).await.is(200).read();
    assert_eq!(notes[0].date, now.date_in_india());
    let timeline: Vec<TimelineEntry> = shop.customer.get(&format!("{path}/timeline")).await.is(200).read();
    let cancelled = timeline.iter().find(|entry| entry.kind == TimelineKind::Cancelled).unwrap();
    assert_eq!(cancelled.at, came_back);

    // News that came too late changes nothing, and staff can see it.
    assert_eq!(carrier.is(ShipmentStatus::Delivered).await.status, OrderStatus::Cancelled);
    assert!(!shop.timeline(order.id).await.contains(&"came_too_late".to_owned()));
    let staff = shop.service.as_staff(Role::Operator);
    let desk = staff.get(&format!("/api/v1/orders/desk/{}", order.id)).await.is(200).json;
    let last = desk["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["kind"], "came_too_late");
    assert_eq!(last["detail"], "an order that is cancelled does not allow: deliver");
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_is_lost_cancels_its_order() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    let (staff, carrier) = (shop.service.as_staff(Role::Support), Carrier::of(&shop, &order));
    let path = format!("/api/v1/orders/desk/{}/lost", order.id);
    let words = json!({ "comment": "The carrier searched in vain" });
    staff.post(&path, &words).await.is(409).problem("order-status");
    carrier.is(ShipmentStatus::PickedUp).await;
    carrier.is(ShipmentStatus::Exception).await;

    shop.service.clock.advance(Duration::from_secs(31 * 24 * 3600));
    let rules: Vec<String> = shop.violations().await.into_iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, ["shipped-orders-arrive"]);
    let lost: Order = staff.post(&path, &words).await.is(200).read();
    assert_eq!((lost.status, lost.cancel_reason), (OrderStatus::Cancelled, Some(CancelReason::Lost)));
    let told = shop.service.publishes(|event: &OrderCancelled| event.order_id == order.id).await;
    assert_eq!((told.data.reason, told.data.total), (CancelReason::Lost, order.amounts.total));
    let note = shop.service.publishes(|event: &CreditNoteIssued| event.order_id == order.id).await;
    assert_eq!(note.data.total, order.amounts.total);
    staff.post(&path, &words).await.is(409).problem("order-status");
    assert_eq!(shop.violations().await, []);
    // Found after all: staff see it.
    assert_eq!(carrier.is(ShipmentStatus::Returned).await.cancel_reason, Some(CancelReason::Lost));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parcel_of_a_return_does_not_move_the_order() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    Carrier::of(&shop, &order).is(ShipmentStatus::Delivered).await;
    let mut back = Carrier::of(&shop, &order);
    back.parcel.direction = Direction::Inbound;
    back.parcel.return_id = Some(ReturnId::new());
    back.parcel.tracking_number = "BACK".into();
    for status in [ShipmentStatus::PickedUp, ShipmentStatus::Returned, ShipmentStatus::Delivered] {
        let same = back.is(status).await;
        assert_eq!(same.status, OrderStatus::Delivered);
        assert_eq!(same.shipping.tracking_number.as_deref(), Some("D123"));
    }
}
