//! What the keepers of the stock do.

use contracts::product::{BackInStock, StockLow, StockOfVariant, StockReason};
use product_service::demo::{HYDERABAD, WARANGAL};
use serde_json::{Value, json};
use types::{LocationId, Role, VariantId};

use crate::store::{self, Store};

fn adjustment(variant: VariantId, change: i32) -> Value {
    json!({ "variant_id": variant, "location_id": HYDERABAD, "change": change, "reason": "correction", "note": "Counted" })
}

const ADJUSTMENTS: &str = "/api/v1/stock/adjustments";

async fn stock(store: &Store) -> StockOfVariant {
    let keeper = store.service.as_staff(Role::Operator);
    keeper.get(&format!("/api/v1/stock/{}", store.kurta.variant_id)).await.is(200).read()
}

#[tokio::test]
async fn an_adjustment_is_done_once_and_the_ledger_says_who_did_it() {
    let store = store::open().await;
    let keeper = store.service.as_staff(Role::Operator).with("idempotency-key", "count-of-monday");
    for _ in 0..2 {
        let after: StockOfVariant =
            keeper.post(ADJUSTMENTS, &adjustment(store.kurta.variant_id, -30)).await.is(201).read();
        assert_eq!(after.locations[0].on_hand, 170);
    }
    let other = keeper.post(ADJUSTMENTS, &adjustment(store.kurta.variant_id, -31)).await.is(422);
    other.problem("idempotency-key-reused");
    let after = stock(&store).await;
    assert_eq!((after.locations[0].on_hand, after.locations[1].on_hand), (170, 100));
    let latest = &after.ledger[0];
    assert_eq!((latest.change, latest.on_hand, latest.reason), (-30, 170, StockReason::Correction));
    assert_eq!((latest.actor_id, latest.note.as_str()), (Some(keeper.id()), "Counted"));
    assert_eq!(after.ledger.len(), 3, "after the two openings");
    assert_eq!(store.violations().await, []);
}

#[tokio::test]
async fn the_ledger_is_read_in_pages() {
    let store = store::open().await;
    let keeper = store.service.as_staff(Role::Merchandiser);
    for change in 1..=4 {
        keeper.post(ADJUSTMENTS, &adjustment(store.kurta.variant_id, change)).await.is(201);
    }
    let path = format!("/api/v1/stock/{}?limit=3", store.kurta.variant_id);
    let first: StockOfVariant = keeper.get(&path).await.is(200).read();
    assert_eq!(first.ledger.iter().map(|entry| entry.change).collect::<Vec<_>>(), [4, 3, 2]);
    let second: StockOfVariant =
        keeper.get(&format!("{path}&cursor={}", first.next_cursor.unwrap())).await.is(200).read();
    assert_eq!(second.ledger.iter().map(|entry| entry.change).collect::<Vec<_>>(), [1, 100, 200]);
    assert_eq!(second.next_cursor, None);
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let store = store::open().await;
    let keeper = store.service.as_staff(Role::Operator);
    let kurta = store.kurta.variant_id;
    keeper.post(ADJUSTMENTS, &adjustment(kurta, -201)).await.is(409).problem("insufficient-stock");
    let field = |problem: platform::Problem| problem.errors[0].field.clone();
    assert_eq!(
        field(keeper.post(ADJUSTMENTS, &adjustment(kurta, 0)).await.is(422).problem("invalid-fields")),
        "change"
    );
    let unknown = keeper.post(ADJUSTMENTS, &adjustment(VariantId::new(), 1)).await.is(422);
    assert_eq!(field(unknown.problem("invalid-fields")), "variant_id");
    let mut nowhere = adjustment(kurta, 1);
    nowhere["location_id"] = json!(LocationId::new());
    assert_eq!(field(keeper.post(ADJUSTMENTS, &nowhere).await.is(422).problem("invalid-fields")), "location_id");
    let mut sale = adjustment(kurta, -1);
    sale["reason"] = json!("sale");
    assert_eq!(field(keeper.post(ADJUSTMENTS, &sale).await.is(422).problem("invalid-fields")), "reason");
    keeper.get(&format!("/api/v1/stock/{}", VariantId::new())).await.is(404);
    for (person, status) in
        [(store.service.guest(), 401), (store.service.customer(), 403), (store.service.as_staff(Role::Support), 403)]
    {
        person.post(ADJUSTMENTS, &adjustment(kurta, 1)).await.is(status);
        person.get(&format!("/api/v1/stock/{kurta}")).await.is(status);
    }
    assert_eq!(stock(&store).await.ledger.len(), 2);
}

#[tokio::test]
async fn who_asked_is_told_once_when_it_can_be_bought_again() {
    let store = store::open().await;
    let (keeper, customer) = (store.service.as_staff(Role::Operator), store.service.customer());
    let kurta = store.kurta.variant_id;
    let alerts = format!("{}/stock-alerts", store.kurta_path());
    keeper.post(ADJUSTMENTS, &adjustment(kurta, -197)).await.is(201);
    let mut rest = adjustment(kurta, -100);
    rest["location_id"] = json!(WARANGAL);
    keeper.post(ADJUSTMENTS, &rest).await.is(201);
    let low = store.service.publishes::<StockLow>(|event| event.variant_id == kurta).await;
    assert_eq!((low.data.available, low.data.threshold, low.data.sku), (3, 5, store.kurta.sku.clone()));
    keeper.post(ADJUSTMENTS, &adjustment(kurta, -3)).await.is(201);

    store.service.guest().post(&alerts, &json!({ "variant_id": kurta })).await.is(401);
    customer.post(&alerts, &json!({ "variant_id": VariantId::new() })).await.is(404);
    for _ in 0..2 {
        customer.post(&alerts, &json!({ "variant_id": kurta })).await.is(204);
    }
    keeper.post(ADJUSTMENTS, &adjustment(kurta, 10)).await.is(201);
    let back = store.service.publishes::<BackInStock>(|event| event.variant_id == kurta).await;
    assert_eq!(back.data.subscribers, [customer.id()]);
    assert_eq!(back.data.title, store.kurta.title);
    // Once: the next time nobody waits for it.
    keeper.post(ADJUSTMENTS, &adjustment(kurta, -10)).await.is(201);
    keeper.post(ADJUSTMENTS, &adjustment(kurta, 10)).await.is(201);
    keeper.post(ADJUSTMENTS, &adjustment(kurta, -6)).await.is(201);
    store.service.publishes::<StockLow>(|event| event.variant_id == kurta && event.available == 4).await;
    assert_eq!(store.service.published::<BackInStock>().await.len(), 1);
}
