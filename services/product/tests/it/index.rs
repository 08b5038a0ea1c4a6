//! Lists are kept in memory: what changes is in them a second later, and they are there while the database is not.

use std::time::{Duration, Instant};

use contracts::Page;
use contracts::product::{NewReview, ProductCard, ProductDetail, SearchResult};
use product_service::MIGRATIONS;
use product_service::demo::{self, HYDERABAD};
use serde_json::{Value, json};
use sqlx::Connection as _;
use testkit::service::PATIENCE;
use testkit::{Person, TcpProxy, TestDatabase, TestService, eventually};
use types::Role;

use crate::store::{self, Store};

const SLUG: &str = "steel-tiffin-under-test";

async fn on_sale(guest: &Person) -> Option<ProductCard> {
    let list: Page<ProductCard> = guest.get("/api/v1/products?brand=Underhill").await.is(200).read();
    assert!(list.items.len() <= 1);
    list.items.into_iter().next()
}

async fn found(guest: &Person, word: &str) -> bool {
    let found: SearchResult = guest.get(&format!("/api/v1/products/search?q={word}")).await.is(200).read();
    found.items.iter().any(|card| card.slug == SLUG)
}

async fn create(store: &Store) -> ProductDetail {
    let editor = store.service.as_staff(Role::Merchandiser);
    let other: ProductDetail = editor.get(&store.kurta_path()).await.is(200).read();
    let new = json!({
        "slug": SLUG, "title": "Quillon", "brand": "Underhill", "description": "", "status": "active",
        "category_id": other.categories[0].id, "hsn": "6211", "return_days": 7, "options": [], "media": [],
        "variants": [{ "sku": "UNDER-1", "options": [], "price": 50_000, "mrp": 60_000, "weight_grams": 200 }],
    });
    editor.post("/api/v1/products", &new).await.is(201).read()
}

#[tokio::test]
async fn whatever_changes_is_in_the_lists_a_second_later() {
    let store = store::open().await;
    let (guest, editor) = (store.service.guest(), store.service.as_staff(Role::Merchandiser));
    assert!(on_sale(&guest).await.is_none() && !found(&guest, "quillon").await);
    let product = create(&store).await;
    let path = format!("/api/v1/products/{}", product.id);
    let shows = async |fits: &dyn Fn(&ProductCard) -> bool| {
        eventually(PATIENCE, async || on_sale(&guest).await.is_some_and(|card| fits(&card))).await;
    };
    let edit = async |path: &str, change: &Value| {
        let etag = editor.get(&format!("/api/v1/products/{}", product.id)).await.header("etag").to_owned();
        editor.with("if-match", etag).patch(path, change).await.is(200);
    };
    shows(&|card| card.price.paise() == 50_000 && !card.in_stock && card.rating.count == 0).await;
    eventually(PATIENCE, async || found(&guest, "quillon").await).await;

    edit(&format!("{path}/variants/{}", product.variants[0].id), &json!({ "price": 40_000 })).await;
    shows(&|card| card.price.paise() == 40_000).await;

    let keeper = store.service.as_staff(Role::Operator);
    let moved = |change: i32| {
        let variant = product.variants[0].id;
        json!({ "variant_id": variant, "location_id": HYDERABAD, "change": change, "reason": "correction", "note": "Counted" })
    };
    keeper.post("/api/v1/stock/adjustments", &moved(1)).await.is(201);
    shows(&|card| card.in_stock).await;
    keeper.post("/api/v1/stock/adjustments", &moved(-1)).await.is(201);
    shows(&|card| !card.in_stock).await;

    let opinion = NewReview { rating: 4, title: "Fine".to_owned(), text: "It holds.".to_owned() };
    store.service.customer().post(&format!("{path}/reviews"), &opinion).await.is(201);
    shows(&|card| card.rating.average_hundredths == 400).await;

    edit(&path, &json!({ "title": "Ricasso" })).await;
    shows(&|card| card.title == "Ricasso").await;
    eventually(PATIENCE, async || found(&guest, "ricasso").await && !found(&guest, "quillon").await).await;

    edit(&path, &json!({ "status": "draft" })).await;
    eventually(PATIENCE, async || on_sale(&guest).await.is_none() && !found(&guest, "ricasso").await).await;
    edit(&path, &json!({ "status": "active" })).await;
    eventually(PATIENCE, async || on_sale(&guest).await.is_some() && found(&guest, "ricasso").await).await;
}

#[tokio::test]
async fn lists_are_there_while_the_database_is_not() {
    let store = store::open().await;
    let guest = store.service.guest();
    let before: Page<ProductCard> = guest.get("/api/v1/products?limit=3").await.is(200).read();
    let sql = async |statement: &'static str| sqlx::raw_sql(statement).execute(&store.service.pool).await.unwrap();
    sql("ALTER TABLE product RENAME TO away").await;
    store.service.clock.advance(Duration::from_secs(5));
    let list: Page<ProductCard> = guest.get("/api/v1/products?limit=4").await.is(200).read();
    assert_eq!(list.items[..3], before.items, "as it was");
    store.service.clock.advance(Duration::from_secs(60));
    guest.get("/api/v1/products?limit=5").await.is(500);
    guest.get("/api/v1/products?limit=7").await.is(503);
    sql("ALTER TABLE away RENAME TO product").await;
    store.service.clock.advance(Duration::from_secs(1));
    guest.get("/api/v1/products?limit=6").await.is(200);
}

#[tokio::test]
async fn a_database_that_is_gone_without_a_word_holds_no_list_up() {
    let tables = TestDatabase::create(&MIGRATIONS).await;
    let server = tables.service_url.split(['@', '/']).nth(3).unwrap();
    let way = TcpProxy::start(server).await;
    let url = tables.service_url.replace(server, &way.address.to_string());
    let service = TestService::of(product_service::service()).env("DATABASE_URL", url).start().await;
    let mut owner = sqlx::PgConnection::connect(&tables.owner_url).await.unwrap();
    demo::seed(&mut owner, service.clock.now()).await.unwrap();
    let guest = &service.guest();
    guest.get("/api/v1/products?limit=1").await.is(200);
    guest.get("/api/v1/products/search?q=kurta&limit=1").await.is(200);

    service.clock.advance(Duration::from_secs(5));
    way.drop_responses();
    let asked = Instant::now();
    let all = (2..22).map(|limit| async move {
        let path = if limit % 2 == 0 { "/api/v1/products?" } else { "/api/v1/products/search?q=kurta&" };
        guest.get(&format!("{path}limit={limit}")).await.is(200)
    });
    for answer in futures::future::join_all(all).await {
        assert!(!answer.json["items"].as_array().unwrap().is_empty());
    }
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}
