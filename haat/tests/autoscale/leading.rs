//! Several instances, of which one acts.

use std::path::Path;
use std::time::Duration;

use haat::autoscale::election::{self, DURATION, NOTE, RENEW_DEADLINE, Turn};
use haat::autoscale::kubernetes::{LeaseName, Leases};
use haat::autoscale::policy::COOLDOWN;
use testkit::ScratchDirectory;
use testkit::oci::{Fault, Oci};
use types::{ServiceName, Timestamp};

use super::kubernetes::TOKEN;
use super::world::{CHANGE_TAKES, World};

#[tokio::test]
async fn of_two_instances_one_acts() {
    let mut world = World::new().await;
    let (mut one, mut two) = (world.instance("one"), world.instance("two"));
    world.needs(ServiceName::Order, 600, 15);
    for _ in 0..50 {
        world.live(1, &mut [&mut one, &mut two]).await;
        assert!(one.leads() && !two.leads());
    }
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8]);
    assert_eq!(world.kubernetes.holder(), "one");
    assert_eq!(world.kubernetes.lease()["spec"]["leaseTransitions"], 0);
}

/// Lets `one` change the order database once, and gives the time of that.
async fn changed_once(world: &mut World, one: &mut super::world::Instance) -> Timestamp {
    world.needs(ServiceName::Order, 600, 15);
    for _ in 0..15 {
        world.live(1, &mut [one]).await;
        if world.changes() > 0 {
            break;
        }
    }
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    world.changed_at(ServiceName::Order)
}

#[tokio::test]
async fn who_follows_a_leader_that_died_keeps_to_its_rest() {
    // The cloud does not say when the size was changed: the lease must.
    let mut world = World::new().await;
    world.oci.postgresql.set_dates_changes(false);
    let mut one = world.instance("one");
    let changed = changed_once(&mut world, &mut one).await;
    // The change is over when the other comes, so that it never sees it under way.
    world.time.advance(CHANGE_TAKES);
    drop(one);
    let mut two = world.instance("two");
    world.live(2, &mut [&mut two]).await;
    assert!(two.leads());
    assert_eq!(world.kubernetes.lease()["spec"]["leaseTransitions"], 1);
    world.live(40, &mut [&mut two]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8], "it does go on");
    assert!(world.changed_at(ServiceName::Order).since(changed) >= COOLDOWN);
}

#[tokio::test]
async fn without_the_lease_the_databases_themselves_say_when_they_were_changed() {
    let mut world = World::new().await;
    let mut one = world.instance("one");
    let changed = changed_once(&mut world, &mut one).await;
    world.time.advance(CHANGE_TAKES);
    drop(one);
    world.kubernetes.delete();
    let mut two = world.instance("two");
    world.live(40, &mut [&mut two]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8]);
    assert!(world.changed_at(ServiceName::Order).since(changed) >= COOLDOWN);
}

#[tokio::test]
async fn a_leader_that_dies_in_the_middle_of_a_change_has_left_a_note_of_it() {
    let mut world = World::new().await;
    world.oci.postgresql.set_dates_changes(false);
    let mut one = world.instance("one");
    world.needs(ServiceName::Order, 600, 15);
    world.live(4, &mut [&mut one]).await;
    assert_eq!(world.changes(), 0);
    world.oci.postgresql.faults.plant(http::Method::PUT, Fault::DoneInSilence, 1);
    // It dies when the cloud has done it and before it hears of that.
    for _ in 0..10 {
        world.live(1, &mut []).await;
        let died = tokio::select! {
            biased;
            () = one.controller.pass() => false,
            () = testkit::eventually(Duration::from_secs(5), async || world.changes() > 0) => true,
        };
        if died {
            break;
        }
    }
    drop(one);
    assert_eq!(world.sizes(ServiceName::Order), [2, 4]);
    let changed = world.changed_at(ServiceName::Order);
    let note = world.kubernetes.lease()["metadata"]["annotations"][NOTE].clone();
    assert!(note.as_str().unwrap().contains("\"order\""), "{note}");
    world.time.advance(CHANGE_TAKES);
    let mut two = world.instance("two");
    world.live(40, &mut [&mut two]).await;
    assert_eq!(world.sizes(ServiceName::Order), [2, 4, 8]);
    assert!(world.changed_at(ServiceName::Order).since(changed) >= COOLDOWN);
}

#[tokio::test]
async fn a_leader_that_cannot_renew_stops_before_anybody_can_follow() {
    let world = World::new().await;
    let (mut one, mut two) = (world.election("one"), world.election("two"));
    assert_eq!(one.turn().await.unwrap(), Turn::Elected { note: String::new() });
    assert_eq!(two.turn().await.unwrap(), Turn::Standby);
    world.kubernetes.set_down(true);
    let mut stopped = None;
    for second in 1..=60_u64 {
        world.time.advance(Duration::from_secs(1));
        assert!(one.turn().await.is_err());
        if one.time_left().is_zero() {
            stopped.get_or_insert(second);
        }
        // The other reaches the API all the time; what it sees is a lease that stays the same.
        world.kubernetes.set_down(false);
        let turn = two.turn().await.unwrap();
        world.kubernetes.set_down(true);
        if matches!(turn, Turn::Elected { .. }) {
            assert!(second >= DURATION.as_secs(), "taken after {second} s");
            break;
        }
    }
    assert_eq!(world.kubernetes.holder(), "two");
    let stopped = stopped.unwrap();
    assert!(stopped <= RENEW_DEADLINE.as_secs() && stopped < DURATION.as_secs(), "stopped after {stopped} s");
}

#[tokio::test]
async fn clocks_that_differ_do_no_harm() {
    let world = World::new().await;
    let (mut one, mut two) = (world.election("one"), world.election("two"));
    one.turn().await.unwrap();
    // By the clock of the other, the lease ran out years ago, or will be renewed in years.
    for time in ["2001-01-01T00:00:00.000000Z", "2101-01-01T00:00:00.000000Z"] {
        world.kubernetes.change(|lease| lease["spec"]["renewTime"] = time.into());
        assert_eq!(two.turn().await.unwrap(), Turn::Standby);
        world.time.advance(DURATION - Duration::from_secs(1));
        assert_eq!(two.turn().await.unwrap(), Turn::Standby, "{time}");
    }
    world.time.advance(Duration::from_secs(1));
    assert!(matches!(two.turn().await.unwrap(), Turn::Elected { .. }));
}

#[tokio::test]
async fn a_holder_that_asks_for_longer_is_waited_for() {
    let world = World::new().await;
    let (mut one, mut two) = (world.election("one"), world.election("two"));
    one.turn().await.unwrap();
    world.kubernetes.change(|lease| lease["spec"]["leaseDurationSeconds"] = 90.into());
    two.turn().await.unwrap();
    world.time.advance(Duration::from_secs(89));
    assert_eq!(two.turn().await.unwrap(), Turn::Standby);
    world.time.advance(Duration::from_secs(1));
    assert!(matches!(two.turn().await.unwrap(), Turn::Elected { .. }));
}

#[tokio::test]
async fn who_resigns_is_followed_at_once() {
    let world = World::new().await;
    let (mut one, mut two) = (world.election("one"), world.election("two"));
    one.turn().await.unwrap();
    one.leave_note("a note".to_owned());
    one.resign().await;
    assert!(one.time_left().is_zero());
    assert_eq!(two.turn().await.unwrap(), Turn::Elected { note: "a note".to_owned() });
    one.resign().await;
    assert_eq!(world.kubernetes.holder(), "two", "who does not lead has nothing to give");
}

#[tokio::test]
async fn a_lease_that_somebody_took_is_not_taken_back() {
    let world = World::new().await;
    let mut one = world.election("one");
    one.turn().await.unwrap();
    world.kubernetes.change(|lease| lease["spec"]["holderIdentity"] = "another".into());
    assert_eq!(one.turn().await.unwrap(), Turn::Standby);
    assert!(one.time_left().is_zero());
    assert_eq!(world.kubernetes.holder(), "another");
}

#[tokio::test]
async fn an_answer_that_was_lost_costs_nothing() {
    let world = World::new().await;
    let mut one = world.election("one");
    world.kubernetes.lose_answers(1);
    assert!(one.turn().await.is_err());
    // It was written all the same, and it is ours.
    assert!(matches!(one.turn().await.unwrap(), Turn::Elected { .. }));
    world.time.advance(election::PERIOD);
    world.kubernetes.lose_answers(1);
    assert!(one.turn().await.is_err());
    assert_eq!(one.turn().await.unwrap(), Turn::Leading);
    assert!(one.time_left() > RENEW_DEADLINE - Duration::from_secs(5), "it counts from the last renewal");
}

#[tokio::test]
async fn what_others_wrote_into_the_lease_stays_there() {
    let world = World::new().await;
    let mut one = world.election("one");
    one.turn().await.unwrap();
    world.kubernetes.change(|lease| {
        lease["metadata"]["labels"] = serde_json::json!({ "owner": "somebody" });
        lease["metadata"]["annotations"]["theirs"] = "kept".into();
    });
    one.turn().await.unwrap();
    one.turn().await.unwrap();
    let lease = world.kubernetes.lease();
    assert_eq!(lease["metadata"]["labels"]["owner"], "somebody");
    assert_eq!(lease["metadata"]["annotations"]["theirs"], "kept");
}

#[tokio::test]
async fn the_accounts_token_is_read_anew() {
    let world = World::new().await;
    let mut one = world.election("one");
    std::fs::write(world.token_file(), "expired").unwrap();
    let refused = one.turn().await.unwrap_err().to_string();
    assert!(refused.contains("401") && !refused.contains("expired"), "{refused}");
    std::fs::write(world.token_file(), TOKEN).unwrap();
    assert!(one.turn().await.is_ok());
    std::fs::remove_file(world.token_file()).unwrap();
    let missing = one.turn().await.unwrap_err().to_string();
    assert!(missing.contains("token"), "{missing}");
}

#[tokio::test]
async fn only_the_clusters_own_authority_may_speak_for_its_api() {
    // The one server with TLS that there is; leases it has none.
    let (cluster, another) = (Oci::start().await, Oci::start().await);
    let (host, port) = cluster.exchange.split_once(':').unwrap();
    let leases = |account: &Path| {
        Leases::in_cluster(host, port.parse().unwrap(), account, "ecommerce/autoscale".parse::<LeaseName>().unwrap())
    };
    let account = ScratchDirectory::create();
    std::fs::write(account.join("token"), TOKEN).unwrap();
    assert!(leases(account.path()).unwrap_err().to_string().contains("ca.crt"));
    std::fs::write(account.join("ca.crt"), "no certificate").unwrap();
    assert!(leases(account.path()).unwrap_err().to_string().contains("ca.crt"));
    std::fs::copy(cluster.authority(), account.join("ca.crt")).unwrap();
    assert_eq!(leases(account.path()).unwrap().get().await.unwrap(), None);
    std::fs::copy(another.authority(), account.join("ca.crt")).unwrap();
    let refused = leases(account.path()).unwrap().get().await.unwrap_err();
    assert!(refused.to_string().contains("certificate"), "{refused}");
}
