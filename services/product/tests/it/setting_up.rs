//! What a new shop needs before its first product: HSN codes with GST rates, and places for the stock.

use contracts::Page;
use contracts::product::{CategoryNode, Location, ProductDetail, StockOfVariant, TaxCode};
use serde_json::{Value, json};
use testkit::{Person, TestService};
use types::{LocationId, Money, Rate, Role, Timestamp};

const RATES: &str = "/api/v1/products/gst-rates";
const LOCATIONS: &str = "/api/v1/stock/locations";

async fn empty_shop() -> (TestService, Person) {
    let service = TestService::start(product_service::service()).await;
    let editor = service.as_staff(Role::Merchandiser);
    (service, editor)
}

fn rate(day: &str, above: i64, basis_points: i64) -> Value {
    json!({ "effective_from": day, "above": above, "rate": basis_points })
}

fn shirts() -> Value {
    let rates = [rate("2025-09-22", 262_500, 1800), rate("2025-09-22", 0, 500)];
    json!({ "code": "6109", "description": " T-shirts, knitted ", "rates": rates })
}

/// A day so many days from now, in India.
fn day(service: &TestService, days: i64) -> String {
    let today = Timestamp::date_in_india(service.clock.now());
    today.saturating_add(jiff::Span::new().days(days)).to_string()
}

#[tokio::test]
async fn a_shop_is_set_up_from_nothing_and_sells() {
    let (service, editor) = empty_shop().await;
    let code: TaxCode = editor.post(RATES, &shirts()).await.is(201).read();
    assert_eq!(code.description, "T-shirts, knitted");
    let rates: Vec<_> = code.rates.iter().map(|rate| (rate.above, rate.rate)).collect();
    assert_eq!(rates, [(Money::ZERO, Rate::from_percent(5)), (Money::from_rupees(2625), Rate::from_percent(18))]);
    let place: Location = editor.post(LOCATIONS, &json!({ "name": "Hyderabad", "position": 1 })).await.is(201).read();
    let category = json!({ "slug": "shirts", "name": "Shirts" });
    let category: CategoryNode = editor.post("/api/v1/categories", &category).await.is(201).read();
    let variant = |sku: &str, size: &str, price: i64| json!({ "sku": sku, "options": [size], "price": price, "mrp": price, "weight_grams": 200 });
    let product = json!({
        "title": "T-shirt", "brand": "Haat", "description": "", "category_id": category.id, "status": "active",
        "hsn": "6109", "return_days": 30, "options": ["Size"],
        "variants": [variant("T-M", "M", 262_500), variant("T-L", "L", 262_501)],
    });
    let product: ProductDetail = editor.post("/api/v1/products", &product).await.is(201).read();
    let rates: Vec<Rate> = product.variants.iter().map(|variant| variant.gst_rate).collect();
    assert_eq!(rates, [Rate::from_percent(5), Rate::from_percent(18)], "above Rs 2,625 and not from it on");
    let opening = json!({
        "variant_id": product.variants[0].id, "location_id": place.id, "change": 7, "reason": "opening",
    });
    let stock: StockOfVariant =
        service.as_staff(Role::Operator).post("/api/v1/stock/adjustments", &opening).await.is(201).read();
    assert_eq!((stock.locations[0].name.as_str(), stock.locations[0].on_hand), ("Hyderabad", 7));
}

#[tokio::test]
async fn a_notified_rate_is_entered_before_its_day_and_counts_from_it_on() {
    let store = crate::store::open().await;
    let service = &store.service;
    let editor = service.as_staff(Role::Merchandiser);
    let path = format!("{RATES}/6211");
    let read = editor.get(&path).await.is(200);
    let mut code = read.json.clone();
    code.as_object_mut().unwrap().remove("code");
    code["rates"].as_array_mut().unwrap().push(rate(&day(service, 2), 0, 1200));
    let changed = editor.with("if-match", read.header("etag")).put(&path, &code).await.is(200);
    assert_ne!(changed.header("etag"), read.header("etag"));
    assert_eq!(changed.json["rates"].as_array().unwrap().len(), 5);
    let rate_now = async || {
        let call = contracts::product::LookUpVariants { variant_ids: vec![store.kurta.variant_id] };
        service.call(types::ServiceName::Cart, &call).await.variants[0].gst_rate
    };
    assert_eq!(rate_now().await, Rate::from_percent(5));
    service.clock.advance(std::time::Duration::from_secs(2 * 24 * 3600));
    assert_eq!(rate_now().await, Rate::from_percent(12));
}

#[tokio::test]
async fn of_two_edits_at_once_the_second_reads_again() {
    let (_service, editor) = empty_shop().await;
    editor.post(RATES, &shirts()).await.is(201);
    let place: Location = editor.post(LOCATIONS, &json!({ "name": "A", "position": 1 })).await.is(201).read();
    let change = json!({ "description": "Shirts", "rates": [rate("2025-09-22", 0, 500)] });
    for (path, change) in [
        (format!("{RATES}/6109"), change),
        (format!("{LOCATIONS}/{}", place.id), json!({ "name": "B", "position": 2 })),
    ] {
        editor.put(&path, &change).await.is(428).problem("version-required");
        let read = editor.get(&path).await.is(200);
        let known = editor.with("if-none-match", read.header("etag")).get(&path).await;
        assert_eq!(known.status, 304);
        let edit = editor.with("if-match", read.header("etag"));
        let (one, other) = tokio::join!(edit.put(&path, &change), edit.put(&path, &change));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{path}");
        assert_ne!(editor.get(&path).await.is(200).header("etag"), read.header("etag"));
    }
    for path in [format!("{RATES}/9999"), format!("{LOCATIONS}/{}", LocationId::new())] {
        editor.get(&path).await.is(404).problem("not-found");
        let change = match path.starts_with(RATES) {
            true => json!({ "description": "x", "rates": [rate("2025-09-22", 0, 500)] }),
            false => json!({ "name": "C", "position": 3 }),
        };
        editor.with("if-match", "\"v1\"").put(&path, &change).await.is(404).problem("not-found");
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_the_field() {
    let (service, editor) = empty_shop().await;
    let refused = async |rates: Value, field: &str| {
        let code = json!({ "code": "6109", "description": "Shirts", "rates": rates });
        let problem = editor.post(RATES, &code).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field, "{}", problem.errors[0].rule);
    };
    refused(json!([]), "rates").await;
    refused(json!([rate("2025-09-22", 100, 500)]), "rates").await;
    refused(json!([rate(&day(&service, 1), 0, 500)]), "rates").await;
    refused(json!([rate("2025-09-22", 0, 500), rate("2025-09-22", 0, 1800)]), "rates[1].above").await;
    refused(json!([rate("2025-09-22", -1, 500)]), "rates[0].above").await;
    refused(json!([rate("2025-09-22", 0, 10_001)]), "rates[0].rate").await;

    editor.post(RATES, &shirts()).await.is(201);
    editor.post(RATES, &shirts()).await.is(409).problem("tax-code-exists");
    editor.post(LOCATIONS, &json!({ "name": "A", "position": 1 })).await.is(201);
    editor.post(LOCATIONS, &json!({ "name": "A", "position": 2 })).await.is(409).problem("name-taken");
    editor.post(LOCATIONS, &json!({ "name": "B", "position": 1 })).await.is(409).problem("position-taken");
    let problem = editor.post(LOCATIONS, &json!({ "name": "B", "position": 0 })).await.is(422);
    assert_eq!(problem.problem("invalid-fields").errors[0].field, "position");
}

#[tokio::test]
async fn codes_are_listed_in_pages_and_locations_in_their_order() {
    let (service, editor) = empty_shop().await;
    for code in ["0902", "6109", "0901"] {
        let mut new = shirts();
        new["code"] = json!(code);
        editor.post(RATES, &new).await.is(201);
    }
    let first: Page<TaxCode> = editor.get(&format!("{RATES}?limit=2")).await.is(200).read();
    let cursor = first.next_cursor.unwrap();
    let second: Page<TaxCode> = editor.get(&format!("{RATES}?limit=2&cursor={cursor}")).await.is(200).read();
    let codes: Vec<_> = first.items.iter().chain(&second.items).map(|code| code.code.as_str()).collect();
    assert_eq!((codes, second.next_cursor), (vec!["0901", "0902", "6109"], None));

    for (name, position) in [("Warangal", 2), ("Hyderabad", 1)] {
        editor.post(LOCATIONS, &json!({ "name": name, "position": position })).await.is(201);
    }
    let keeper = service.as_staff(Role::Operator);
    let places: Vec<Location> = keeper.get(LOCATIONS).await.is(200).read();
    assert_eq!(places.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(), ["Hyderabad", "Warangal"]);
    // Keepers of the stock use the places; editors decide on them.
    keeper.post(LOCATIONS, &json!({ "name": "C", "position": 3 })).await.is(403);
    keeper.get(RATES).await.is(403);
}
