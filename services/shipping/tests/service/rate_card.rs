use contracts::shipping::{DeliveryPromise, QuoteShipping, RateCard, Serviceability};
use serde_json::json;
use types::{Money, Role, ServiceName};

use crate::start;

const PROMISE: &str = "/api/v1/shipping/promise";

#[tokio::test]
async fn anybody_is_told_what_sending_costs_and_when_it_arrives() {
    let service = start().await;
    let promise: DeliveryPromise =
        service.guest().get(&format!("{PROMISE}?pin_code=500081&weight_grams=700&value=30000")).await.is(200).read();
    assert!(promise.serviceable);
    assert_eq!(promise.options[0].code, "standard");
    assert_eq!(promise.options[0].charge, Money::from_rupees(60));
    assert!(promise.options[0].promised_from > service.clock.now().date_in_india());
    assert!(promise.cash_on_delivery.allowed);

    let quote =
        QuoteShipping { pin_code: "500081".parse().unwrap(), weight_grams: 700, value: Money::from_rupees(300) };
    assert_eq!(service.call(ServiceName::Cart, &quote).await.options, promise.options);
}

#[tokio::test]
async fn where_nothing_is_sent_the_answer_says_why() {
    let service = start().await;
    let promise: DeliveryPromise = service.guest().get(&format!("{PROMISE}?pin_code=744301")).await.is(200).read();
    assert_eq!((promise.serviceable, promise.reason.as_str()), (false, "No carrier goes to the Nicobar Islands."));
    assert!(promise.options.is_empty());
    let path = "/api/v1/shipping/serviceability?pin_code=194101";
    let leh: Serviceability = service.guest().get(path).await.is(200).read();
    assert!(leh.serviceable);
    assert_eq!(leh.zone.as_deref(), Some("North-East and the Himalaya"));
    assert_eq!(leh.state.unwrap().name(), "Ladakh");
    assert_eq!(leh.cash_on_delivery.reason, "Cash on delivery is not offered in Leh and Kargil.");
}

#[tokio::test]
async fn a_question_without_a_pin_code_or_with_a_wrong_one_is_refused() {
    let service = start().await;
    for query in ["", "?pin_code=050008", "?pin_code=500081&weight_grams=0", "?pin_code=500081&value=-1"] {
        service.guest().get(&format!("{PROMISE}{query}")).await.is(400).problem("malformed-request");
    }
}

#[tokio::test]
async fn an_edit_counts_at_once_and_only_for_the_version_it_began_with() {
    let service = start().await;
    let staff = service.as_staff(Role::Operator);
    let path = "/api/v1/shipping/rates/hyderabad/standard";
    let rate = json!({ "min_days": 1, "max_days": 2, "slabs": [{ "up_to_grams": 1000, "charge": 1200 }] });
    let read = staff.get("/api/v1/shipping/rate-card").await.is(200);
    assert_eq!(read.read::<RateCard>().methods.len(), 2);
    let etag = read.header("etag").to_owned();
    let promised = async || {
        let promise =
            service.guest().get(&format!("{PROMISE}?pin_code=500081")).await.is(200).read::<DeliveryPromise>();
        promise.options[0].charge
    };
    assert_eq!(promised().await, Money::from_rupees(40));

    staff.put(path, &rate).await.is(428);
    let edited = staff.with("if-match", &etag).put(path, &rate).await.is(200);
    assert_ne!(edited.header("etag"), etag);
    assert_eq!(promised().await, Money::from_rupees(12));
    staff.with("if-match", &etag).put(path, &rate).await.is(412).problem("stale-version");

    let dearer_when_light = json!({ "min_days": 1, "max_days": 2,
        "slabs": [{ "up_to_grams": 500, "charge": 1200 }, { "up_to_grams": 1000, "charge": 1100 }] });
    let staff = staff.with("if-match", edited.header("etag"));
    let refused = staff.put(path, &dearer_when_light).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "slabs[1].charge");
    staff.put("/api/v1/shipping/rates/nowhere/standard", &rate).await.is(404);
    staff.put("/api/v1/shipping/rates/south/by-camel", &rate).await.is(404);
}

#[tokio::test]
async fn a_prefix_belongs_to_one_zone() {
    let service = start().await;
    let staff = service.as_staff(Role::Operator);
    let etag = staff.get("/api/v1/shipping/rate-card").await.is(200).header("etag").to_owned();
    let staff = staff.with("if-match", &etag);
    let zone = |prefix: &str, everywhere_else| json!({ "name": "Mine", "prefixes": [prefix], "everywhere_else": everywhere_else, "cash_on_delivery_limit": 0 });
    staff.put("/api/v1/shipping/zones/mine", &zone("500", false)).await.is(409).problem("prefix-taken");
    staff.put("/api/v1/shipping/zones/mine", &zone("5000", true)).await.is(409).problem("everywhere-else-taken");
    staff.put("/api/v1/shipping/zones/Mine!", &zone("5000", false)).await.is(400);
    let states = json!({ "name": "Mine", "states": ["36"], "cash_on_delivery_limit": 0 });
    staff.put("/api/v1/shipping/zones/mine", &states).await.is(409).problem("state-taken");
    // What was refused changed nothing: the version is the same.
    staff.put("/api/v1/shipping/zones/mine", &zone("5000", false)).await.is(200);
}

#[tokio::test]
async fn a_block_holds_until_it_is_ended() {
    let service = start().await;
    let staff = service.as_staff(Role::Merchandiser);
    let etag = staff.get("/api/v1/shipping/rate-card").await.is(200).header("etag").to_owned();
    let path = "/api/v1/shipping/blocks/500081";
    let block = json!({ "delivery": true, "reason": "Flooded." });
    let blocked = staff.with("if-match", &etag).put(path, &block).await.is(200);
    let promise =
        async || service.guest().get(&format!("{PROMISE}?pin_code=500081")).await.is(200).read::<DeliveryPromise>();
    assert_eq!(promise().await.reason, "Flooded.");
    let staff = staff.with("if-match", blocked.header("etag"));
    staff.put("/api/v1/shipping/blocks/0500", &block).await.is(400);
    let ended = staff.delete(path).await.is(200);
    assert!(promise().await.serviceable);
    staff.with("if-match", ended.header("etag")).delete(path).await.is(404);
}

#[tokio::test]
async fn the_card_is_for_stock_keepers() {
    let service = start().await;
    service.guest().get("/api/v1/shipping/rate-card").await.is(401);
    service.customer().get("/api/v1/shipping/rate-card").await.is(403);
    service.as_staff(Role::Support).get("/api/v1/shipping/rate-card").await.is(403);
    let block = json!({ "delivery": true, "reason": "Flooded." });
    let customer = service.customer().with("if-match", "\"v0\"");
    customer.put("/api/v1/shipping/blocks/500081", &block).await.is(403);
    customer.delete("/api/v1/shipping/blocks/500081").await.is(403);
}
