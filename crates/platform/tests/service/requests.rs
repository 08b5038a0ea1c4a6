use serde_json::{Value, json};
use types::ServiceName;
use uuid::Uuid;

use crate::shelves::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_body_is_named_by_field() {
    let service = Setup::of(ServiceName::Order).start().await;
    let send = async |body: String, kind: &str| {
        let request = service.http.post(service.at("/api/v1/things")).header("idempotency-key", "k");
        let response = request.header("content-type", kind).body(body).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let shelf = Uuid::now_v7();
    let (status, problem) = send(json!({ "shelf": shelf, "things": 0 }).to_string(), "application/json").await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("things")));
    let (status, problem) = send(json!({ "shelf": "x", "things": 1 }).to_string(), "application/json").await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("shelf")));
    let (status, problem) = send(json!({ "shelf": shelf, "things": 1, "x": 1 }).to_string(), "application/json").await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("x")));
    assert_eq!(send("{".to_owned(), "application/json").await.0, 400);
    assert_eq!(send("{}".to_owned(), "text/plain").await.0, 415);
    assert_eq!(send(format!("\"{}\"", "x".repeat(2 << 20)), "application/json").await.0, 413);
    assert_eq!(service.count(shelf).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request() {
    let service = Setup::of(ServiceName::Order).start().await;
    let known = service.http.get(service.at("/nowhere")).header("x-request-id", "req-7").send().await.unwrap();
    assert_eq!((known.status().as_u16(), &known.headers()["x-request-id"]), (404, &"req-7".parse().unwrap()));
    let problem: Value = known.json().await.unwrap();
    assert_eq!((&problem["type"], &problem["request_id"]), (&json!("urn:haat:problem:not-found"), &json!("req-7")));
    let odd = service.http.get(service.at("/health")).header("x-request-id", "a b").send().await.unwrap();
    assert!(odd.headers()["x-request-id"].to_str().unwrap().parse::<Uuid>().is_ok(), "an odd id is replaced");
    let wrong_method = service.http.delete(service.at("/api/v1/things")).send().await.unwrap();
    assert_eq!(wrong_method.status(), 405);
    assert_eq!(wrong_method.json::<Value>().await.unwrap()["type"], "urn:haat:problem:method-not-allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_becomes_a_500_that_tells_nothing_and_the_service_goes_on() {
    let service = Setup::of(ServiceName::Order).start().await;
    let response = service.http.get(service.at("/api/v1/panic")).send().await.unwrap();
    assert_eq!(response.status(), 500);
    let text = response.text().await.unwrap();
    assert!(text.contains("urn:haat:problem:internal") && !text.contains("hunter2"), "{text}");
    assert_eq!(service.http.get(service.at("/health")).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_ends_at_its_callers_deadline() {
    let service = Setup::of(ServiceName::Order).start().await;
    let started = std::time::Instant::now();
    let request = service.http.get(service.at("/api/v1/slow/8000")).header("x-time-left", "100");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 504);
    assert!(started.elapsed().as_secs() < 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nobody_is_anybody() {
    let service = Setup::of(ServiceName::Order).start().await;
    let whoami = |token: Option<&str>| {
        let request = service.http.get(service.at("/api/v1/whoami"));
        token.map_or(request.try_clone().unwrap(), |token| request.bearer_auth(token))
    };
    assert_eq!(whoami(None).send().await.unwrap().status(), 401);
    let forged = whoami(Some("eyJhbGciOiJub25lIn0.e30.")).send().await.unwrap();
    assert_eq!(forged.status(), 401);
    assert_eq!(forged.headers()["www-authenticate"], "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_requests_by_route() {
    let service = Setup::of(ServiceName::Order).start().await;
    platform::telemetry::install_metrics();
    service.count(Uuid::now_v7()).await;
    let text = service.http.get(service.at("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find(|l| l.starts_with("http_requests_total{") && l.contains("/api/v1/things/{shelf}"));
    assert!(line.is_some_and(|l| l.contains("status=\"404\"") && l.ends_with(" 1")), "{text}");
}
