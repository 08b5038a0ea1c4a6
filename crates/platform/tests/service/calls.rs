use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use contracts::cart::{CheckoutCart, GetCheckoutCart};
use contracts::returns::ReturnStatus;
use contracts::shipping::QuoteShipping;
use http::{HeaderMap, StatusCode};
use platform::Problem;
use platform::client::{Addresses, CallError, Client, connections};
use platform::clock::Clock;
use platform::identity::{ServiceTokens, SigningKey};
use platform::scope::Scope;
use platform::telemetry::TraceContext;
use serde_json::json;
use types::{ServiceName, UserId};

/// A callee that answers each attempt as told; the last answer is for all that follow.
async fn callee(answers: Vec<(StatusCode, serde_json::Value)>) -> (u16, Arc<AtomicU32>) {
    let attempts = Arc::new(AtomicU32::new(0));
    let seen = attempts.clone();
    let answer = move || {
        let n = seen.fetch_add(1, Ordering::SeqCst) as usize;
        let (status, body) = answers[n.min(answers.len() - 1)].clone();
        async move { (status, Json(body)) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/internal/v1/get-checkout-cart", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, attempts)
}

#[tokio::test]
async fn a_call_says_for_whom_it_is_made_and_in_which_trace() {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let answer = move |headers: HeaderMap| {
        told.send(headers).unwrap();
        async { Json(cart().1) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/internal/v1/get-checkout-cart", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = client(ServiceName::Order, port);

    let (asha, trace) = (UserId::new(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let trace = TraceContext::from_texts(trace, Some("congo=t61rcWkgMzE")).unwrap();
    let scope = Scope { trace: trace.clone(), asker: Arc::new(asha.into()), ..Scope::root() };
    scope.run(client.call(&call())).await.unwrap();
    let headers = heard.recv().await.unwrap();
    assert_eq!(headers["x-asker"], asha.to_string());
    let passed_on = TraceContext::from_headers(&headers).unwrap();
    assert_eq!((passed_on.trace_id, &passed_on.state), (trace.trace_id, &trace.state));
    assert_ne!(passed_on.span_id, trace.span_id);

    client.call(&call()).await.unwrap();
    assert!(!heard.recv().await.unwrap().contains_key("x-asker"), "for nobody");
}

fn client(caller: ServiceName, port: u16) -> Client {
    let tokens = ServiceTokens::new(caller, SigningKey::generate().unwrap(), Clock::system());
    Client::new(caller, Addresses::on_loopback([(ServiceName::Cart, port)]), tokens, connections())
}

fn call() -> GetCheckoutCart {
    GetCheckoutCart { customer_id: UserId::new() }
}

fn cart() -> (StatusCode, serde_json::Value) {
    (StatusCode::OK, json!(CheckoutCart { cart_id: None, version: 0, lines: vec![], coupon_code: None }))
}

fn busy() -> (StatusCode, serde_json::Value) {
    (StatusCode::SERVICE_UNAVAILABLE, json!(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "later")))
}

#[tokio::test]
async fn a_call_that_the_topology_does_not_allow_never_leaves() {
    let (port, attempts) = callee(vec![cart()]).await;
    let error = client(ServiceName::Shipping, port).call(&call()).await.unwrap_err();
    assert!(matches!(error, CallError::NotAllowed { caller: ServiceName::Shipping, callee: ServiceName::Cart }));
    assert_eq!(attempts.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_callee_that_is_busy_is_asked_again() {
    let (port, attempts) = callee(vec![busy(), busy(), cart()]).await;
    assert_eq!(client(ServiceName::Order, port).call(&call()).await.unwrap().version, 0);
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_refusal_is_final_and_keeps_its_problem() {
    let refusal = Problem::conflict("amount-differs", "Another amount");
    let (port, attempts) = callee(vec![(StatusCode::CONFLICT, json!(refusal))]).await;
    match client(ServiceName::Order, port).call(&call()).await.unwrap_err() {
        CallError::Refused { callee: ServiceName::Cart, problem } => assert!(problem.is("amount-differs")),
        other => panic!("{other}"),
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_callee_that_keeps_failing_is_left_alone() {
    let (port, attempts) = callee(vec![busy()]).await;
    let client = client(ServiceName::Order, port);
    for _ in 0..20 {
        let error = client.call(&call()).await.unwrap_err();
        assert_eq!(Problem::from(error).status, 503);
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 8, "the breaker opened");
}

#[tokio::test]
async fn nobody_waits_longer_than_the_deadline() {
    // Accepts, and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(ServiceName::Order, listener.local_addr().unwrap().port());
    let scope = Scope { deadline: tokio::time::Instant::now() + Duration::from_millis(150), ..Scope::root() };
    let started = std::time::Instant::now();
    let error = scope.run(client.call(&call())).await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn callers_in_a_hurry_do_not_have_a_callee_left_alone() {
    let answer = || async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Json(cart().1)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(ServiceName::Order, listener.local_addr().unwrap().port());
    let router = Router::new().route("/internal/v1/get-checkout-cart", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let hurried = || Scope { deadline: tokio::time::Instant::now() + Duration::from_millis(20), ..Scope::root() };
    for _ in 0..20 {
        hurried().run(client.call(&call())).await.unwrap_err();
    }
    let late = Scope { deadline: tokio::time::Instant::now(), ..Scope::root() };
    late.run(client.call(&call())).await.unwrap_err();
    client.call(&call()).await.expect("it was never given the time to answer");
}

#[test]
fn a_calls_callee_and_path_are_in_its_type() {
    use contracts::Call as _;
    assert_eq!((QuoteShipping::CALLEE, QuoteShipping::PATH), (ServiceName::Shipping, "quote-shipping"));
    assert_eq!(ReturnStatus::ALL.len(), 7);
}
