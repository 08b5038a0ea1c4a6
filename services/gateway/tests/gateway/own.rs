//! The gateway's own endpoints.

use futures::future::join_all;

use crate::world::World;

const STATUS: &str = "/api/v1/status";

#[tokio::test]
async fn the_gateways_own_endpoints_are_limited_as_all_others() {
    let world = World::with([("GATEWAY_LIMIT_PER_ADDRESS", "3")]).await;
    world.begin_a_minute();
    for path in [STATUS, "/docs/", "/"] {
        world.get(path).await.is(200);
    }
    for path in [STATUS, "/docs/", "/", "/api/v1/openapi.json", "/api/v1/products"] {
        world.get(path).await.is(429);
    }
    world.get("/health").await.is(200);
}

#[tokio::test]
async fn many_who_ask_for_the_status_ask_each_service_once() {
    let world = World::start().await;
    let services = types::ServiceName::ALL.len() - 1;
    for answer in join_all((0..20).map(|_| world.get(STATUS))).await {
        answer.is(200);
    }
    assert_eq!(world.behind.asked_if_ready(), services);
}

#[tokio::test]
async fn browsers_are_told_what_to_forbid_on_every_page() {
    let world = World::start().await;
    for (path, policy) in [
        (STATUS, "default-src 'none'; frame-ancestors 'none'"),
        ("/api/v1/products", "default-src 'none'; frame-ancestors 'none'"),
        ("/", "style-src 'unsafe-inline'"),
        ("/docs/", "default-src 'self'"),
    ] {
        let answer = world.get(path).await.is(200);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let sent = answer.header("content-security-policy");
        assert!(sent.contains(policy) && sent.contains("frame-ancestors 'none'"), "{path}: {sent}");
    }
}
