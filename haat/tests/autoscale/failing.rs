//! The cloud is not well, or somebody else was faster.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use haat::autoscale::policy::COOLDOWN;
use haat::autoscale::report;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use testkit::oci::Fault;
use tower::ServiceExt as _;
use types::ServiceName;

use super::world::{Instance, World, id, metric};

/// A world in which the order database is short, and one instance has not done anything about it yet.
async fn about_to_change() -> (World, Instance) {
    platform::telemetry::install_metrics();
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.needs(ServiceName::Order, 300, 15);
    world.live(3, &mut [&mut one]).await;
    assert_eq!(world.changes(), 0);
    (world, one)
}

fn outcome(outcome: &str) -> u32 {
    let sample = format!("haat_autoscale_changes_total{{database=\"order\",direction=\"up\",outcome=\"{outcome}\"}}");
    metric(&sample).map_or(0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn without_metrics_nothing_is_changed() {
    let (world, mut one) = about_to_change().await;
    world.oci.monitoring.faults.plant(Method::POST, Fault::Refused(StatusCode::INTERNAL_SERVER_ERROR), 20);
    world.oci.monitoring.faults.plant(Method::POST, Fault::Refused(StatusCode::TOO_MANY_REQUESTS), 20);
    world.live(20, &mut [&mut one]).await;
    assert_eq!((world.changes(), world.oci.monitoring.faults.left()), (0, 0));
    assert_eq!(metric("haat_autoscale_failures_total{part=\"metrics\"}").as_deref(), Some("40"));
    assert_eq!(metric("haat_autoscale_metric_missing{database=\"order\",metric=\"cpu\"}").as_deref(), Some("1"));
    assert!(one.leads(), "it leads all the same");
    world.live(3, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    assert_eq!(metric("haat_autoscale_metric_missing{database=\"order\",metric=\"cpu\"}").as_deref(), Some("0"));
}

#[tokio::test]
async fn a_stream_that_ended_changes_nothing_and_is_told() {
    let (mut world, mut one) = about_to_change().await;
    world.live(20, &mut [&mut one]).await;
    world.needs(ServiceName::Order, 20, 5);
    world.live(10, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    // Nothing is known of its memory any more: no reason to take anything from it.
    for _ in 0..60 {
        world.live(1, &mut [&mut one]).await;
        world.oci.monitoring.forget(&id(ServiceName::Order), "MemoryUtilization");
    }
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    let unknown = metric("haat_autoscale_decisions_total{database=\"order\",decision=\"memory_unknown\"}");
    assert!(unknown.unwrap().parse::<u32>().unwrap() > 40);
}

#[tokio::test]
async fn a_database_that_cannot_be_read_might_be_changing_so_none_is_changed() {
    let (world, mut one) = about_to_change().await;
    for minute in 0..20_u16 {
        let status = if minute % 2 == 0 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::TOO_MANY_REQUESTS };
        world.oci.postgresql.faults.plant(Method::GET, Fault::Refused(status), 1);
        world.live(1, &mut [&mut one]).await;
    }
    assert_eq!((world.changes(), world.oci.postgresql.faults.left()), (0, 0));
    // One that is not there holds up nobody.
    for _ in 0..5 {
        world.oci.postgresql.faults.plant(Method::GET, Fault::Refused(StatusCode::NOT_FOUND), 1);
        world.live(1, &mut [&mut one]).await;
    }
    assert_eq!(world.changes(), 1);
}

#[tokio::test]
async fn a_cloud_that_does_not_answer_costs_neither_the_lead_nor_a_change() {
    let (world, mut one) = about_to_change().await;
    for _ in 0..4 {
        world.oci.postgresql.faults.plant(Method::GET, Fault::Silence, 1);
        world.oci.monitoring.faults.plant(Method::POST, Fault::Silence, 1);
        world.live(1, &mut [&mut one]).await;
        assert!(one.leads());
    }
    assert_eq!(world.changes(), 0);
    world.live(2, &mut [&mut one]).await;
    assert_eq!(world.changes(), 1);
}

#[tokio::test]
async fn somebody_else_was_faster_so_it_looks_again() {
    let (world, mut one) = about_to_change().await;
    world.oci.postgresql.faults.plant(Method::PUT, Fault::Overtaken, 1);
    let mut refused_at = world.time.now();
    while outcome("refused") == 0 {
        world.live(1, &mut [&mut one]).await;
        refused_at = world.time.now();
        assert_eq!(world.changes(), 0);
    }
    assert_eq!(world.oci.postgresql.faults.left(), 0);
    // What the other one did is a change, too, and is followed by its rest.
    world.live(8, &mut [&mut one]).await;
    assert_eq!(world.changes(), 0);
    world.live(12, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    assert!(world.changed_at(ServiceName::Order).since(refused_at) >= COOLDOWN - Duration::from_mins(1));
}

#[tokio::test]
async fn a_refusal_that_will_pass_is_followed_by_another_look() {
    for status in [StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS] {
        let (world, mut one) = about_to_change().await;
        let before = outcome("refused");
        world.oci.postgresql.faults.plant(Method::PUT, Fault::Refused(status), 1);
        while outcome("refused") == before {
            world.live(1, &mut [&mut one]).await;
        }
        assert_eq!(world.changes(), 0);
        world.live(2, &mut [&mut one]).await;
        assert_eq!(world.changes(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_that_stays_is_not_asked_for_again_and_again() {
    let (mut world, mut one) = about_to_change().await;
    world.needs(ServiceName::Cart, 170, 15);
    world.oci.postgresql.faults.plant(Method::PUT, Fault::Refused(StatusCode::BAD_REQUEST), 1);
    while outcome("refused") == 0 {
        world.live(1, &mut [&mut one]).await;
    }
    // The order database was first, being the shortest; the other has its turn while that one rests.
    world.live(9, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2]);
    assert_eq!(world.sizes(ServiceName::Cart), [2, 4]);
    world.live(12, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_made_twice() {
    for (fault, sizes) in [(Fault::DoneInSilence, vec![2, 4]), (Fault::Silence, vec![2])] {
        let (world, mut one) = about_to_change().await;
        let before = outcome("unknown");
        world.oci.postgresql.faults.plant(Method::PUT, fault, 1);
        while outcome("unknown") == before {
            world.live(1, &mut [&mut one]).await;
        }
        world.live(9, &mut [&mut one]).await;
        assert_eq!(world.sizes(ServiceName::Order), sizes, "{fault:?}");
        world.live(20, &mut [&mut one]).await;
        assert_eq!(world.sizes(ServiceName::Order), [2, 4], "{fault:?}: what was not done is made up for");
    }
}

#[tokio::test]
async fn what_cannot_be_written_into_the_lease_is_not_done() {
    let (world, mut one) = about_to_change().await;
    // Each pass renews, and one that changes something writes once more: that one fails.
    for _ in 0..20 {
        for _ in 0..4 {
            world.kubernetes.fail_after_writes(1);
            world.time.advance(Duration::from_secs(15));
            one.controller.pass().await;
        }
        world.measure_now();
    }
    assert_eq!(world.changes(), 0);
    assert!(metric("haat_autoscale_failures_total{part=\"lease\"}").unwrap().parse::<u32>().unwrap() > 5);
    world.kubernetes.set_down(false);
    world.live(2, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
}

async fn get(instance: &Instance, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = report::router(Arc::clone(&instance.report)).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn it_says_how_it_is() {
    platform::telemetry::install_metrics();
    let world = World::new().await;
    let (mut one, mut two) = (world.instance("one"), world.instance("two"));
    assert_eq!(get(&one, "/health").await.0, StatusCode::OK);
    assert_eq!(get(&one, "/ready").await.0, StatusCode::SERVICE_UNAVAILABLE, "nothing was reached yet");
    world.live(1, &mut [&mut one, &mut two]).await;
    let (status, body) = get(&one, "/ready").await;
    assert!(status == StatusCode::OK && body.contains("leader") && body.contains("last_success\":\"20"), "{body}");
    let (status, body) = get(&two, "/ready").await;
    assert!(status == StatusCode::OK && body.contains("standby"), "{body}");
    let (status, text) = get(&one, "/metrics").await;
    assert!(status == StatusCode::OK && text.contains("haat_autoscale_last_success_timestamp 1"), "{text}");

    // The leader sees the cloud no more; who stands by reaches its lease.
    world.oci.monitoring.faults.plant(Method::POST, Fault::Refused(StatusCode::INTERNAL_SERVER_ERROR), 100);
    world.live(6, &mut [&mut one, &mut two]).await;
    assert_eq!(get(&one, "/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&two, "/ready").await.0, StatusCode::OK);
    world.oci.monitoring.faults.clear();
    world.live(2, &mut [&mut one, &mut two]).await;
    assert_eq!(get(&one, "/ready").await.0, StatusCode::OK);

    // It hangs.
    world.live(2, &mut [&mut two]).await;
    assert_eq!(get(&one, "/health").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&two, "/health").await.0, StatusCode::OK);
}
