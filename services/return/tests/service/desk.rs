use std::time::Duration;

use contracts::Page;
use contracts::returns::{
    DeskReturn, DeskReturnSummary, ReturnApproved, ReturnEntryKind, ReturnReceived, ReturnRefundDue, ReturnRejected,
    ReturnRequested, ReturnStatus,
};
use contracts::shipping::{
    BookPickup, Direction, ShipmentDelivered, ShipmentFacts, ShipmentStatus, ShipmentStatusChanged,
};
use contracts::user::{ErasureCompleted, ErasureRequested};
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{Money, ReturnId, Role, ShipmentId};

use crate::{Shop, inspected, tracking_number};

#[tokio::test]
async fn an_approved_return_is_fetched_and_others_hear_of_it_with_its_number() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 2).await;
    let approved: DeskReturn = shop.staff(asked.id, "approve", json!({})).await.is(200).read();
    assert_eq!(approved.details.status, ReturnStatus::Approved);
    let told = shop.service.publishes::<ReturnApproved>(|e| e.facts.return_id == asked.id).await;
    assert_eq!(told.data.tracking_number, tracking_number(asked.id, 1));
    let seen = shop.see(asked.id).await;
    assert_eq!(seen.pickup.unwrap().tracking_number, told.data.tracking_number);
    let calls = shop.service.stubs.calls::<BookPickup>();
    assert_eq!((calls.len(), calls[0].weight_grams), (1, 600));
    shop.staff(asked.id, "approve", json!({})).await.is(409).problem("wrong-return-status");
}

#[tokio::test]
async fn a_pick_up_that_shipping_does_not_answer_is_booked_later() {
    let shop = Shop::open().await;
    shop.service.stubs.down::<BookPickup>();
    let asked = shop.ask(0, 1).await;
    shop.staff(asked.id, "approve", json!({})).await.is(200);
    eventually(PATIENCE, async || !shop.service.stubs.calls::<BookPickup>().is_empty()).await;
    assert!(shop.see(asked.id).await.pickup.is_none());
    shop.service.clock.advance(Duration::from_secs(3600));
    eventually(PATIENCE, async || shop.violations().await == ["pickups-are-booked"]).await;
    shop.service.stubs.answer::<BookPickup>(|_| contracts::shipping::BookedPickup {
        shipment_id: ShipmentId::new(),
        carrier: "sandbox".to_owned(),
        tracking_number: "SBX1".to_owned(),
    });
    eventually(PATIENCE, async || {
        shop.service.clock.advance(Duration::from_secs(60));
        shop.see(asked.id).await.pickup
    })
    .await;
    assert_eq!(shop.service.published::<ReturnApproved>().await.len(), 1);
}

#[tokio::test]
async fn goods_that_come_before_their_pick_up_is_booked_are_told_of_step_by_step() {
    let shop = Shop::open().await;
    shop.service.stubs.down::<BookPickup>();
    let id = shop.received(1, 1, 1).await.details.id;
    shop.staff(id, "refund", json!({})).await.is(200);
    let due = shop.service.publishes::<ReturnRefundDue>(|e| e.facts.return_id == id).await;
    let received = shop.service.published::<ReturnReceived>().await;
    let approved = shop.service.published::<ReturnApproved>().await;
    assert_eq!((received.len(), approved.len()), (1, 1));
    assert!(approved[0].version < received[0].version && received[0].version < due.version);
    let told = &approved[0].data;
    assert_eq!((told.facts.status, told.tracking_number.as_str()), (ReturnStatus::Approved, ""));
    // Nobody is sent to fetch what is here, and nobody misses it.
    shop.service.clock.advance(Duration::from_secs(3600));
    assert_eq!(shop.violations().await, ["refunds-are-paid"]);
    assert!(shop.see(id).await.pickup.is_none());
}

#[tokio::test]
async fn each_step_of_a_returns_life_is_told_of_once() {
    let shop = Shop::open().await;
    let asked = shop.ask(1, 1).await;
    shop.staff(asked.id, "approve", json!({})).await.is(200);
    shop.service.publishes::<ReturnApproved>(|e| e.facts.return_id == asked.id).await;
    shop.staff(asked.id, "receive", inspected(&asked, 1)).await.is(200);
    shop.staff(asked.id, "refund", json!({})).await.is(200);
    shop.service.publishes::<ReturnRefundDue>(|e| e.facts.return_id == asked.id).await;
    shop.service.settled().await;
    assert_eq!(shop.service.published::<ReturnRequested>().await.len(), 1);
    assert_eq!(shop.service.published::<ReturnApproved>().await.len(), 1);
    assert_eq!(shop.service.published::<ReturnReceived>().await.len(), 1);
    assert_eq!(shop.service.published::<ReturnRefundDue>().await.len(), 1);
}

#[tokio::test]
async fn a_rejected_return_says_why_and_its_pieces_are_free_again() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 3).await;
    shop.staff(asked.id, "reject", json!({ "reason": "" })).await.is(422);
    shop.staff(asked.id, "reject", json!({ "reason": "It was worn." })).await.is(200);
    let seen = shop.see(asked.id).await;
    assert_eq!((seen.status, seen.rejection_reason.as_deref()), (ReturnStatus::Rejected, Some("It was worn.")));
    shop.service.publishes::<ReturnRejected>(|e| e.reason == "It was worn.").await;
    shop.staff(asked.id, "approve", json!({})).await.is(409);
    shop.ask(0, 3).await;
}

#[tokio::test]
async fn what_did_not_come_is_not_refunded_and_can_be_asked_for_again() {
    let shop = Shop::open().await;
    let received = shop.received(0, 3, 1).await;
    let found = received.details.lines[0].inspection.clone().unwrap();
    assert_eq!((found.accepted, found.refund, found.note.as_str()), (1, Money::from_paise(3_333), "Worn"));
    let told = shop.service.publishes::<ReturnReceived>(|e| e.facts.return_id == received.details.id).await;
    assert_eq!((told.data.facts.lines[0].quantity, told.data.facts.lines[0].refund), (1, Money::from_paise(3_333)));
    shop.asha.post("/api/v1/returns", &shop.request(0, 3)).await.is(409);
    shop.ask(0, 2).await;
    assert!(shop.violations().await.is_empty());
}

#[tokio::test]
async fn an_inspection_must_fit_what_was_asked_back() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 2).await;
    shop.staff(asked.id, "receive", inspected(&asked, 2)).await.is(409).problem("wrong-return-status");
    shop.staff(asked.id, "approve", json!({})).await.is(200);
    let refused = shop.staff(asked.id, "receive", inspected(&asked, 3)).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "lines[0].accepted");
    let mut more_to_sell = inspected(&asked, 1);
    more_to_sell["lines"][0]["restock"] = json!(2);
    let refused = shop.staff(asked.id, "receive", more_to_sell).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "lines[0].restock");
    let line = inspected(&asked, 1)["lines"][0].clone();
    let twice = shop.staff(asked.id, "receive", json!({ "lines": [line, line] })).await.is(422);
    assert_eq!(twice.problem("invalid-fields").errors[0].field, "lines[1].return_line_id");
    shop.staff(asked.id, "receive", inspected(&asked, 2)).await.is(200);
    shop.staff(asked.id, "receive", inspected(&asked, 2)).await.is(409);
}

#[tokio::test]
async fn two_who_decide_at_once_do_not_both() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 1).await;
    let (approved, rejected) = tokio::join!(
        shop.staff(asked.id, "approve", json!({})),
        shop.staff(asked.id, "reject", json!({ "reason": "It was worn." })),
    );
    let mut statuses = [approved.status, rejected.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn the_desk_is_for_staff() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 1).await;
    shop.service.guest().get("/api/v1/returns/desk").await.is(401);
    for person in [shop.asha.clone(), shop.service.as_staff(Role::Merchandiser)] {
        person.get("/api/v1/returns/desk").await.is(403);
        person.get(&format!("/api/v1/returns/desk/{}", asked.id)).await.is(403);
        for (what, body) in [
            ("approve", json!({})),
            ("reject", json!({ "reason": "It was worn." })),
            ("receive", inspected(&asked, 1)),
            ("refund", json!({})),
        ] {
            person.post(&format!("/api/v1/returns/{}/{what}", asked.id), &body).await.is(403);
        }
        let why = json!({ "reason": "Nobody was at home." });
        person.post(&format!("/api/v1/returns/desk/{}/cancel", asked.id), &why).await.is(403);
    }
    shop.staff(ReturnId::new(), "approve", json!({})).await.is(404);
    let staff = shop.service.as_staff(Role::Operator);
    let list: Page<DeskReturnSummary> = staff.get("/api/v1/returns/desk?status=requested").await.is(200).read();
    assert_eq!((list.items[0].summary.id, list.items[0].customer_id), (asked.id, shop.asha.id()));
    let none: Page<DeskReturnSummary> = staff.get("/api/v1/returns/desk?status=closed").await.is(200).read();
    assert!(none.items.is_empty());
}

#[tokio::test]
async fn the_parcels_way_is_on_the_timeline() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 1).await;
    let parcel = |status, return_id| ShipmentFacts {
        shipment_id: ShipmentId(asked.id.0),
        order_id: shop.order_id,
        return_id,
        customer_id: shop.asha.id(),
        direction: Direction::Inbound,
        carrier: "sandbox".to_owned(),
        tracking_number: "SBX1".to_owned(),
        status,
        at: shop.service.clock.now(),
    };
    let picked_up = ShipmentStatusChanged { shipment: parcel(ShipmentStatus::PickedUp, Some(asked.id)) };
    shop.service.deliver(asked.id, 2, &picked_up).await;
    let shipment = parcel(ShipmentStatus::Delivered, Some(asked.id));
    shop.service.deliver(asked.id, 3, &ShipmentDelivered { shipment, cash_collected: Money::ZERO }).await;
    // A parcel to the customer, and one of a return that is not known, are nobody's news.
    let other = parcel(ShipmentStatus::Delivered, None);
    shop.service.deliver(asked.id, 3, &ShipmentDelivered { shipment: other, cash_collected: Money::ZERO }).await;
    let unknown = ShipmentStatusChanged { shipment: parcel(ShipmentStatus::PickedUp, Some(ReturnId::new())) };
    shop.service.deliver(asked.id, 2, &unknown).await;
    let timeline = shop.see(asked.id).await.timeline;
    let news: Vec<_> = timeline.iter().filter(|entry| entry.kind == ReturnEntryKind::ParcelUpdate).collect();
    assert_eq!(news.iter().map(|entry| entry.detail.as_str()).collect::<Vec<_>>(), ["picked_up", "delivered"]);
}

#[tokio::test]
async fn a_forgotten_customers_address_goes_when_the_return_is_done() {
    let shop = Shop::open().await;
    let asked = shop.ask(0, 1).await;
    let user_id = shop.asha.id();
    shop.service.deliver(user_id, 4, &ErasureRequested { user_id }).await;
    let answers = "SELECT count(*) FROM idempotency_key WHERE owner = $1";
    let answers = sqlx::query_scalar::<_, i64>(answers).bind(user_id.to_string());
    shop.service.publishes::<ErasureCompleted>(|e| e.user_id == user_id).await;
    assert_eq!(answers.fetch_one(&shop.service.pool).await.unwrap(), 0, "what they were answered is forgotten");
    let staff = shop.service.as_staff(Role::Support);
    let address = async || {
        let path = format!("/api/v1/returns/desk/{}", asked.id);
        staff.get(&path).await.is(200).read::<DeskReturn>().address
    };
    assert!(address().await.is_some());
    shop.staff(asked.id, "reject", json!({ "reason": "It was worn." })).await.is(200);
    assert!(address().await.is_none());
}
