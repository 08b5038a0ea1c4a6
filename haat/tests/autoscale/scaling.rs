//! Up under load, down after calm, one at a time.

use std::time::Duration;

use haat::autoscale::controller::Lead;
use haat::autoscale::policy::COOLDOWN;
use haat::autoscale::report::Role;
use types::ServiceName;

use super::world::{CHANGE_TAKES, World, databases, id, metric};

#[tokio::test]
async fn a_database_gets_more_under_load_and_gives_it_back_after_a_calm_period() {
    platform::telemetry::install_metrics();
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.live(10, &mut [&mut one]).await;
    assert_eq!(world.changes(), 0, "nothing is to be done yet");

    world.needs(ServiceName::Order, 600, 15);
    world.live(60, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8]);
    // Memory goes with the OCPUs.
    let last = world.oci.postgresql.history(&id(ServiceName::Order)).pop().unwrap();
    assert_eq!((last.1, last.2), (8, 128));
    assert_eq!(metric("haat_autoscale_ocpus{database=\"order\"}").as_deref(), Some("8"));
    assert_eq!(metric("haat_autoscale_load_percent{database=\"order\",metric=\"cpu\"}").as_deref(), Some("75"));
    let accepted = "haat_autoscale_changes_total{database=\"order\",direction=\"up\",outcome=\"accepted\"}";
    assert_eq!(metric(accepted).as_deref(), Some("2"));

    world.needs(ServiceName::Order, 60, 15);
    let calm_since = world.time.now();
    world.live(25, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8], "too early");
    world.live(80, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8, 4, 2]);
    assert!(world.changed_at(ServiceName::Order).since(calm_since) > Duration::from_mins(55));
    assert_eq!(world.changes(), 4, "the other nine were left alone");
    let steady = metric("haat_autoscale_decisions_total{database=\"cart\",decision=\"at_floor\"}");
    assert!(steady.unwrap().parse::<u32>().unwrap() > 150);
}

#[tokio::test]
async fn ten_hot_databases_are_changed_one_after_another_and_the_shortest_first() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    for service in databases() {
        world.needs(service, 185, 15);
    }
    world.needs(ServiceName::Shipping, 199, 15);
    // `live` holds after every pass that no two are being changed.
    world.live(100, &mut [&mut one]).await;
    let mut changed: Vec<_> = databases().into_iter().map(|service| (world.changed_at(service), service)).collect();
    changed.sort_by_key(|(at, _)| *at);
    assert_eq!(changed[0].1, ServiceName::Shipping);
    for pair in changed.windows(2) {
        assert!(pair[1].0.since(pair[0].0) >= CHANGE_TAKES, "{pair:?}");
    }
    assert!(databases().into_iter().all(|service| world.sizes(service) == [2, 4]));
}

#[tokio::test]
async fn at_the_cap_it_is_said_and_nothing_done() {
    platform::telemetry::install_metrics();
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.needs(ServiceName::Order, 20_000, 15);
    world.live(120, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8, 16, 32, 64]);
    let at_cap = metric("haat_autoscale_decisions_total{database=\"order\",decision=\"at_cap\"}");
    assert!(at_cap.unwrap().parse::<u32>().unwrap() > 10);
    assert_eq!(metric("haat_autoscale_ocpus_cap").as_deref(), Some("64"));
}

#[tokio::test]
async fn memory_alone_is_reason_enough() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.needs(ServiceName::Product, 50, 29);
    world.live(40, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Product), [2, 4]);
    world.live(60, &mut [&mut one]).await;
    // On 2 it would be short of memory again.
    assert_eq!(world.sizes(ServiceName::Product), [2, 4]);
}

#[tokio::test]
async fn a_dry_run_decides_and_changes_nothing() {
    platform::telemetry::install_metrics();
    let mut world = World::new().await;
    let mut dry = world.instance_with(Lead::DryRun);
    world.needs(ServiceName::Order, 600, 15);
    world.live(30, &mut [&mut dry]).await;
    assert_eq!(world.changes(), 0);
    assert_eq!(world.kubernetes.writes(), 0, "it takes no lease either");
    assert_eq!(dry.report.role(), Role::DryRun);
    let wanted = "haat_autoscale_changes_total{database=\"order\",direction=\"up\",outcome=\"dry_run\"}";
    assert!(metric(wanted).unwrap().parse::<u32>().unwrap() > 10);
    assert_eq!(metric("haat_autoscale_leader").as_deref(), Some("0"));
}

#[tokio::test]
async fn while_somebody_changes_one_database_no_other_is_changed() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.needs(ServiceName::Order, 600, 15);
    world.oci.postgresql.set_state(&id(ServiceName::Auth), "UPDATING");
    world.live(30, &mut [&mut one]).await;
    assert_eq!(world.changes(), 0);
    world.oci.postgresql.set_state(&id(ServiceName::Auth), "ACTIVE");
    world.live(5, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
}

#[tokio::test]
async fn a_database_that_cannot_be_changed_holds_up_no_other() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    for service in [ServiceName::Order, ServiceName::Auth, ServiceName::Cart] {
        world.needs(service, 300, 15);
    }
    world.oci.postgresql.set_state(&id(ServiceName::Auth), "NEEDS_ATTENTION");
    world.oci.postgresql.set_state(&id(ServiceName::Cart), "INACTIVE");
    world.live(30, &mut [&mut one]).await;
    assert_eq!([ServiceName::Order, ServiceName::Auth, ServiceName::Cart].map(|s| world.sizes(s).len()), [2, 1, 1]);
}

#[tokio::test]
async fn after_a_change_by_hand_it_rests_too() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    world.needs(ServiceName::Order, 300, 15);
    world.live(4, &mut [&mut one]).await;
    let by_hand = world.time.now();
    world.oci.postgresql.touch(&id(ServiceName::Order));
    world.live(30, &mut [&mut one]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    assert!(world.changed_at(ServiceName::Order).since(by_hand) >= COOLDOWN);
}
