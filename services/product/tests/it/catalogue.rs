//! What editors do to the catalogue.

use contracts::product::{CategoryNode, PriceChanged, ProductCreated, ProductDeleted, ProductDetail, ProductUpdated};
use serde_json::{Value, json};
use testkit::{Answer, Person};
use types::{CategoryId, Money, Rate, Role};

use crate::store::{self, Store};

fn new_product(category_id: CategoryId) -> Value {
    json!({
        "title": "Pashmina Shawl", "brand": "Dal Lake", "description": "Warm.", "category_id": category_id, "status": "active",
        "hsn": "6214", "return_days": 15, "options": ["Colour"],
        "media": [{ "url": "/api/v1/products/images/PASH-1.svg", "alt": "A shawl" }],
        "variants": [variant("PASH-1", "Cream", 249_900, 299_900), variant("PASH-2", "Rust", 269_900, 299_900)],
    })
}

fn variant(sku: &str, colour: &str, price: i64, mrp: i64) -> Value {
    json!({ "sku": sku, "options": [colour], "price": price, "mrp": mrp, "weight_grams": 200 })
}

async fn category(person: &Person, slug: &str) -> CategoryId {
    let tree: Vec<CategoryNode> = person.get("/api/v1/categories").await.is(200).read();
    let mut all = tree.iter().flat_map(|top| top.children.iter().chain([top]));
    all.find(|category| category.slug == slug).unwrap().id
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").to_owned()
}

async fn create(store: &Store) -> ProductDetail {
    let editor = store.service.as_staff(Role::Merchandiser);
    let product = new_product(category(&editor, "dupattas").await);
    editor.post("/api/v1/products", &product).await.is(201).read()
}

#[tokio::test]
async fn a_new_product_can_be_found_and_bought() {
    let store = store::open().await;
    let product = create(&store).await;
    assert_eq!(product.slug, "pashmina-shawl");
    let guest = store.service.guest();
    let shown: ProductDetail = guest.get("/api/v1/products/pashmina-shawl").await.is(200).read();
    assert_eq!(shown, product);
    let names: Vec<&str> = shown.categories.iter().map(|category| category.name.as_str()).collect();
    assert_eq!(names, ["Fashion", "Dupattas & Stoles"]);
    assert_eq!(shown.variants[0].gst_rate, Rate::from_percent(5), "up to Rs 2,625");
    assert_eq!(shown.variants[1].gst_rate, Rate::from_percent(18), "above");
    assert_eq!(shown.variants[0].available, 0);
    let found = guest.get("/api/v1/products/search?q=pashmeena").await.is(200);
    assert_eq!(found.json["items"][0]["slug"], "pashmina-shawl", "the new word is known to the correction");
    let told = store.service.publishes::<ProductCreated>(|event| event.product_id == product.id).await;
    assert_eq!((told.subject, told.version), (product.id.to_string(), 1));
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_the_field() {
    let store = store::open().await;
    let editor = store.service.as_staff(Role::Merchandiser);
    let dupattas = category(&editor, "dupattas").await;
    let cases: [(&str, Value, u16, &str); 9] = [
        ("/variants/0/price", json!(300_000), 422, "variants[0].price"),
        ("/variants/0/price", json!(0), 422, "variants[0].price"),
        ("/variants/1/options", json!([]), 422, "variants[1].options"),
        ("/variants", json!([]), 422, "variants"),
        ("/hsn", json!("9999"), 422, "hsn"),
        ("/category_id", json!(CategoryId::new()), 422, "category_id"),
        ("/slug", json!("search"), 422, "slug"),
        ("/variants/1/sku", json!("PASH-1"), 409, "sku"),
        ("/variants/1/options", json!(["Cream"]), 409, "options"),
    ];
    for (pointer, value, status, field) in cases {
        let mut product = new_product(dupattas);
        match product.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => product["slug"] = value,
        }
        let answer = editor.post("/api/v1/products", &product).await.is(status);
        let problem: platform::Problem = answer.read();
        assert_eq!(problem.errors[0].field, field, "{}", answer.json);
    }
    store.service.guest().get("/api/v1/products/pashmina-shawl").await.is(404);
}

#[tokio::test]
async fn one_request_sent_twice_makes_one_product() {
    let store = store::open().await;
    let editor = store.service.as_staff(Role::Merchandiser).with("idempotency-key", "the-same");
    let product = new_product(category(&editor, "dupattas").await);
    let first: ProductDetail = editor.post("/api/v1/products", &product).await.is(201).read();
    let again: ProductDetail = editor.post("/api/v1/products", &product).await.is(201).read();
    assert_eq!(first, again);
}

#[tokio::test]
async fn a_new_price_is_shown_at_once_and_told() {
    let store = store::open().await;
    let product = create(&store).await;
    let (guest, editor) = (store.service.guest(), store.service.as_staff(Role::Merchandiser));
    let path = format!("/api/v1/products/{}", product.id);
    let before = guest.get(&path).await.is(200);
    assert_eq!(guest.with("if-none-match", etag(&before)).get(&path).await.status, 304);

    let variant = format!("{path}/variants/{}", product.variants[0].id);
    let editing = editor.with("if-match", etag(&before));
    let refused = editing.patch(&variant, &json!({ "price": 300_000 })).await.is(422);
    assert_eq!(refused.problem("invalid-fields").errors[0].field, "price", "above the MRP of Rs 2,999");
    let refused = editing.patch(&variant, &json!({ "mrp": 200_000 })).await.is(422);
    assert_eq!(refused.problem("invalid-fields").errors[0].rule, "must not exceed the MRP");
    let changed: ProductDetail = editing.patch(&variant, &json!({ "price": 199_900 })).await.is(200).read();
    assert_eq!(changed.variants[0].price, Money::from_rupees(1999));

    let after = guest.with("if-none-match", etag(&before)).get(&path).await.is(200);
    assert_eq!(after.json["variants"][0]["price"], 199_900);
    editing.patch(&variant, &json!({ "price": 1 })).await.is(412).problem("stale-version");
    editor.patch(&variant, &json!({ "price": 1 })).await.is(428).problem("version-required");
    let told = store.service.publishes::<PriceChanged>(|event| event.product_id == product.id).await;
    assert_eq!((told.data.old_price.paise(), told.data.new_price.paise(), told.version), (249_900, 199_900, 2));
    store.service.publishes::<ProductUpdated>(|event| event.product_id == product.id).await;
}

#[tokio::test]
async fn a_sale_changes_the_etag_but_does_not_stand_in_the_way_of_an_edit() {
    let store = store::open().await;
    let (guest, editor) = (store.service.guest(), store.service.as_staff(Role::Merchandiser));
    let before = guest.get(&store.kurta_path()).await.is(200);
    let reserved = "UPDATE stock SET reserved = reserved + 1 WHERE variant_id = $1 AND on_hand = 200";
    sqlx::query(reserved).bind(store.kurta.variant_id).execute(&store.service.pool).await.unwrap();
    let after = guest.with("if-none-match", etag(&before)).get(&store.kurta_path()).await.is(200);
    assert_ne!(etag(&after), etag(&before), "there is one piece less");
    let editing = editor.with("if-match", etag(&before));
    let changed = editing.patch(&store.kurta_path(), &json!({ "title": "Kurta of the Year" })).await.is(200);
    assert_eq!(changed.json["title"], "Kurta of the Year");
    assert_eq!(guest.get(&store.kurta_path()).await.json["title"], "Kurta of the Year");
}

#[tokio::test]
async fn however_an_identifier_is_written_the_product_is_as_it_was_last_edited() {
    let store = store::open().await;
    let (guest, editor) = (store.service.guest(), store.service.as_staff(Role::Merchandiser));
    let id = store.kurta.product_id.to_string();
    let written = [id.clone(), id.to_uppercase(), format!("{{{id}}}"), id.replace('-', "")];
    let paths = written.map(|id| format!("/api/v1/products/{id}").replace('{', "%7B").replace('}', "%7D"));
    for title in ["Kurta of the Year", "Kurta of the Century"] {
        for path in &paths {
            guest.get(path).await.is(200);
        }
        let seen = guest.get(&paths[1]).await;
        editor.with("if-match", etag(&seen)).patch(&paths[1], &json!({ "title": title })).await.is(200);
        for path in &paths {
            assert_eq!(guest.get(path).await.is(200).json["title"], title, "{path}");
        }
    }
}

#[tokio::test]
async fn an_edit_is_seen_even_if_the_process_died_right_after_it() {
    let store = store::open().await;
    let (guest, path) = (store.service.guest(), store.kurta_path());
    let before = guest.get(&path).await.is(200);
    let edit = "UPDATE product SET title = 'Committed', version = version + 1 WHERE id = $1";
    sqlx::query(edit).bind(store.kurta.product_id).execute(&store.service.pool).await.unwrap();
    let after = guest.with("if-none-match", etag(&before)).get(&path).await.is(200);
    assert_eq!(after.json["title"], "Committed");
    let editor = store.service.as_staff(Role::Merchandiser).with("if-match", etag(&after));
    editor.patch(&path, &json!({ "status": "draft" })).await.is(200);
    guest.get(&path).await.is(404);
    let edit = "UPDATE product SET status = 'active', version = version + 1 WHERE id = $1";
    sqlx::query(edit).bind(store.kurta.product_id).execute(&store.service.pool).await.unwrap();
    guest.get(&path).await.is(200);
}

#[tokio::test]
async fn drafts_and_archived_products_are_for_editors_only() {
    let store = store::open().await;
    let (guest, editor) = (store.service.guest(), store.service.as_staff(Role::Merchandiser));
    let mut draft = new_product(category(&editor, "dupattas").await);
    (draft["status"], draft["variants"]) = (json!("draft"), json!([]));
    let draft: ProductDetail = editor.post("/api/v1/products", &draft).await.is(201).read();
    let path = format!("/api/v1/products/{}", draft.id);
    guest.get(&path).await.is(404);
    store.service.customer().get(&path).await.is(404);
    let seen = editor.get(&path).await.is(200);
    assert_eq!(seen.header("cache-control"), "private, no-store");

    let editing = editor.with("if-match", etag(&seen));
    let refused = editing.patch(&path, &json!({ "status": "active" })).await.is(422);
    assert_eq!(refused.problem("invalid-fields").errors[0].field, "status", "there is nothing to sell");
    let twice = variant("PASH-9", "Cream", 100, 100);
    editor.post(&format!("{path}/variants"), &twice).await.is(201);
    editor.post(&format!("{path}/variants"), &twice).await.is(409).problem("sku-taken");
    let seen = editor.get(&path).await.is(200);
    editor.with("if-match", etag(&seen)).patch(&path, &json!({ "status": "active" })).await.is(200);
    let on_sale = guest.get(&path).await.is(200);

    editor.with("if-match", etag(&seen)).delete(&path).await.is(412);
    editor.with("if-match", etag(&on_sale)).delete(&path).await.is(204);
    guest.get(&path).await.is(404);
    store.service.publishes::<ProductDeleted>(|event| event.product_id == draft.id).await;
}

#[tokio::test]
async fn categories_have_a_place_and_a_slug_of_their_own() {
    let store = store::open().await;
    let editor = store.service.as_staff(Role::Merchandiser);
    let sarees = category(&editor, "sarees").await;
    let new = json!({ "parent_id": sarees, "slug": "bridal-sarees", "name": "Bridal Sarees" });
    let node: CategoryNode = editor.post("/api/v1/categories", &new).await.is(201).read();
    editor.post("/api/v1/categories", &new).await.is(409).problem("slug-taken");
    let orphan = json!({ "parent_id": CategoryId::new(), "slug": "lost", "name": "Lost" });
    let refused = editor.post("/api/v1/categories", &orphan).await.is(422);
    assert_eq!(refused.problem("invalid-fields").errors[0].field, "parent_id");
    let mut product = new_product(node.id);
    product["title"] = json!("Red Bridal Saree");
    let product: ProductDetail = editor.post("/api/v1/products", &product).await.is(201).read();
    let way: Vec<&str> = product.categories.iter().map(|category| category.slug.as_str()).collect();
    assert_eq!(way, ["fashion", "sarees", "bridal-sarees"]);
}

#[tokio::test]
async fn only_editors_edit() {
    let store = store::open().await;
    let path = store.kurta_path();
    let everybody_else = [
        (store.service.guest(), 401),
        (store.service.customer(), 403),
        (store.service.as_staff(Role::Support), 403),
        (store.service.as_staff(Role::Operator), 403),
    ];
    for (person, status) in everybody_else {
        let person = person.with("if-match", "\"v1\"");
        person.post("/api/v1/products", &json!({})).await.is(status);
        person.post("/api/v1/categories", &json!({})).await.is(status);
        person.patch(&path, &json!({})).await.is(status);
        person.post(&format!("{path}/variants"), &json!({})).await.is(status);
        person.patch(&format!("{path}/variants/{}", store.kurta.variant_id), &json!({})).await.is(status);
        person.delete(&path).await.is(status);
    }
}
