use http::Method;
use serde_json::json;
use types::Role;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_or_does_what_is_not_theirs() {
    let shop = Shop::open().await;
    let (asha, ravi, offer) = (shop.customer(), shop.customer(), shop.offer(3).await);
    let order = asha.order(&offer, 1).await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());

    ravi.get(&path).await.problem(404, "not-found");
    ravi.post(&format!("{path}/cancel"), json!({})).await.problem(404, "not-found");
    ravi.pay(&order, "success@sandbox").await.problem(404, "not-found");
    shop.guest().get(&path).await.problem(401, "unauthenticated");
    asha.get("/api/v1/orders/desk").await.problem(403, "forbidden");
    shop.staff(Role::Merchandiser).get("/api/v1/orders/desk").await.problem(403, "forbidden");
    shop.staff(Role::Support).get("/api/v1/orders/desk").await.is(200);

    let token = "eyJhbGciOiJFZERTQSIsImtpZCI6IngifQ.eyJzdWIiOiJ4In0.c2ln";
    asha.with_token(token).get(&path).await.problem(401, "unauthenticated");
    asha.with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")
        .get("/api/v1/products")
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inside_cannot_be_reached_from_outside() {
    let shop = Shop::open().await;
    let admin = shop.staff(Role::Admin);
    for path in [
        "/internal/v1/reveal-code",
        "/api/v1/auth/../../internal/v1/reveal-code",
        "/api/v1/auth/%2e%2e/%2e%2e/internal/v1/reveal-code",
        "//internal/v1/reveal-code",
        "/api/v1/internal/v1/reveal-code",
    ] {
        let answer = admin.send(Method::POST, path, Some(json!({})), None).await;
        assert!(matches!(answer.status, 404 | 405), "{path}: {} {}", answer.status, answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_refresh_token_ends_the_session() {
    let shop = Shop::open().await;
    let guest = shop.guest();
    let login = json!({ "email": "asha@haat.example", "password": contracts::demo::DEMO_PASSWORD });
    let first = guest.post("/api/v1/auth/login", login).await.is(200).body;
    let refresh = |token: &serde_json::Value| json!({ "refresh_token": token });
    let second = guest.post("/api/v1/auth/refresh", refresh(&first["refresh_token"])).await.is(200).body;
    guest.post("/api/v1/auth/refresh", refresh(&first["refresh_token"])).await.is(401);
    guest.post("/api/v1/auth/refresh", refresh(&second["refresh_token"])).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_document_of_the_whole_public_api_and_pages_to_read() {
    let shop = Shop::open().await;
    let document = shop.guest().get("/api/v1/openapi.json").await.is(200).body;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 80, "{}", paths.len());
    assert!(paths.keys().all(|path| path.starts_with("/api/v1/")));
    let page = shop.guest().get("/docs/").await.is(200).body;
    assert!(page.as_str().unwrap().contains("swagger-ui"));
    let start = shop.guest().get("/").await.is(200).body;
    assert!(start.as_str().unwrap().contains("asha@haat.example"));
    for (path, policy) in [
        ("/", "style-src 'unsafe-inline'"),
        ("/api/v1/notifications/outbox/page", "style-src 'unsafe-inline'"),
        ("/api/v1/products", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        let response = shop.http.get(format!("{}{path}", shop.platform.url())).send().await.unwrap();
        let sent = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(sent.contains(policy) && !sent.contains("script-src"), "{path}: {sent}");
    }
}
