//! What customers say.

use contracts::Page;
use contracts::product::{ProductDetail, RatingSummary, Review, ReviewSubmitted};
use contracts::user::{ErasureCompleted, ErasureRequested};
use serde_json::json;
use types::{ProductId, ServiceName};

use crate::store;

#[tokio::test]
async fn each_customer_rates_a_product_once_and_the_average_follows() {
    let store = store::open().await;
    sqlx::raw_sql("DELETE FROM review; UPDATE product SET rating_sum = 0, rating_count = 0")
        .execute(&store.service.pool)
        .await
        .unwrap();
    let path = format!("{}/reviews", store.kurta_path());
    let guest = store.service.guest();
    let before = guest.get(&store.kurta_path()).await.is(200).header("etag").to_owned();
    for rating in [5, 4, 4] {
        let customer = store.service.customer();
        let opinion = json!({ "rating": rating, "title": " Fine ", "text": "It fits." });
        let review: Review = customer.post(&path, &opinion).await.is(201).read();
        assert_eq!((review.rating, review.title.as_str()), (rating, "Fine"));
        customer.post(&path, &opinion).await.is(409).problem("already-reviewed");
        let told = store.service.publishes::<ReviewSubmitted>(|event| event.review_id == review.id).await;
        assert_eq!((told.data.user_id, told.data.rating), (customer.id(), rating));
    }
    let shown = guest.with("if-none-match", before).get(&store.kurta_path()).await.is(200);
    let expected = RatingSummary { average_hundredths: 433, count: 3 };
    assert_eq!(shown.read::<ProductDetail>().rating, expected);
    assert_eq!(store.violations().await, []);

    let first: Page<Review> = guest.get(&format!("{path}?limit=2")).await.is(200).read();
    let ratings: Vec<u8> = first.items.iter().map(|review| review.rating).collect();
    assert_eq!(ratings, [4, 4], "the latest first");
    let rest = format!("{path}?limit=2&cursor={}", first.next_cursor.unwrap());
    let rest: Page<Review> = guest.get(&rest).await.is(200).read();
    assert_eq!((rest.items[0].rating, rest.items.len(), rest.next_cursor), (5, 1, None));
}

#[tokio::test]
async fn an_opinion_needs_a_customer_a_product_and_one_to_five_stars() {
    let store = store::open().await;
    let opinion = json!({ "rating": 5, "title": "Fine", "text": "" });
    let path = format!("{}/reviews", store.kurta_path());
    store.service.guest().post(&path, &opinion).await.is(401);
    let customer = store.service.customer();
    customer.post(&format!("/api/v1/products/{}/reviews", ProductId::new()), &opinion).await.is(404);
    for (rating, title, field) in [(0, "Fine", "rating"), (6, "Fine", "rating"), (3, "  ", "title")] {
        let answer = customer.post(&path, &json!({ "rating": rating, "title": title, "text": "" })).await.is(422);
        assert_eq!(answer.problem("invalid-fields").errors[0].field, field);
    }
}

#[tokio::test]
async fn a_forgotten_customers_words_stay_and_nobody_knows_whose_they_are() {
    let store = store::open().await;
    let (guest, asha, ravi) = (store.service.guest(), store.service.customer(), store.service.customer());
    let path = format!("{}/reviews", store.kurta_path());
    for customer in [&asha, &ravi] {
        customer.post(&path, &json!({ "rating": 2, "title": "Thin", "text": "After a wash." })).await.is(201);
        let alert = json!({ "variant_id": store.kurta.variant_id });
        customer.post(&format!("{}/stock-alerts", store.kurta_path()), &alert).await.is(204);
    }
    let before: ProductDetail = guest.get(&store.kurta_path()).await.is(200).read();

    let id = store.service.deliver(asha.id(), 4, &ErasureRequested { user_id: asha.id() }).await;
    store.service.deliver_as(id, asha.id(), 4, &ErasureRequested { user_id: asha.id() }).await;
    let done = store.service.publishes::<ErasureCompleted>(|event| event.user_id == asha.id()).await;
    assert_eq!((done.data.service, done.version), (ServiceName::Product, 4));
    assert_eq!(store.service.published::<ErasureCompleted>().await.len(), 1);

    let listed: Page<Review> = guest.get(&format!("{path}?limit=2")).await.is(200).read();
    assert!(listed.items.iter().all(|review| review.title == "Thin"));
    assert_eq!(guest.get(&store.kurta_path()).await.read::<ProductDetail>().rating, before.rating);
    assert_eq!(store.violations().await, []);
    let left = "SELECT (SELECT count(*) FROM review WHERE customer_id = $1) + (SELECT count(*) FROM stock_alert WHERE customer_id = $1)
                     + (SELECT count(*) FROM idempotency_key WHERE owner = $1::text)";
    let left = async |customer| {
        sqlx::query_scalar::<_, i64>(left).bind(customer).fetch_one(&store.service.pool).await.unwrap()
    };
    assert_eq!((left(asha.id()).await, left(ravi.id()).await), (0, 3));
}
