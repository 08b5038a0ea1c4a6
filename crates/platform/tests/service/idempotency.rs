use futures::future::join_all;
use serde_json::Value;
use types::ServiceName;
use uuid::Uuid;

use crate::shelves::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_and_nothing_is_done_twice() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    let first = service.put("a", shelf, 5).await;
    assert_eq!(first.status(), 201);
    assert!(!first.headers().contains_key("idempotency-replayed"));
    service.put("b", shelf, 5).await;
    let repeat = service.put("a", shelf, 5).await;
    assert_eq!(repeat.status(), 201);
    assert_eq!(repeat.headers()["idempotency-replayed"], "true");
    assert_eq!(repeat.json::<Value>().await.unwrap()["things"], 5);
    assert_eq!(service.count(shelf).await, Some(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_repeats_at_once_have_one_effect_and_the_same_answer() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    let answers = join_all((0..50).map(|_| service.put("same", shelf, 1))).await;
    for answer in answers {
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.json::<Value>().await.unwrap()["things"], 1);
    }
    assert_eq!(service.count(shelf).await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    service.put("a", shelf, 5).await;
    let other = service.put("a", shelf, 6).await;
    assert_eq!(other.status(), 422);
    let problem: Value = other.json().await.unwrap();
    assert_eq!(problem["type"], "urn:haat:problem:idempotency-key-reused");
    assert_eq!(problem["errors"][0]["field"], "idempotency-key");
    assert_eq!(service.count(shelf).await, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_leaves_its_key_free() {
    let service = Setup::of(ServiceName::Order).start().await;
    let shelf = Uuid::now_v7();
    service.put("a", shelf, 999).await;
    let refused = service.put("b", shelf, 2).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["type"], "urn:haat:problem:shelf-full");
    assert_eq!(service.put("b", shelf, 1).await.status(), 201, "the key was not used up");
    assert_eq!(service.count(shelf).await, Some(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_good_key_is_refused_by_name() {
    let service = Setup::of(ServiceName::Order).start().await;
    let body = serde_json::json!({ "shelf": Uuid::now_v7(), "things": 1 });
    let without = service.http.post(service.at("/api/v1/things")).json(&body).send().await.unwrap();
    assert_eq!(without.status(), 400);
    assert_eq!(without.json::<Value>().await.unwrap()["errors"][0]["field"], "idempotency-key");
    assert_eq!(service.put(&"x".repeat(256), Uuid::now_v7(), 1).await.status(), 400);
}
