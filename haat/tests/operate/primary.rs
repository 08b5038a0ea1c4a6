//! Runbook "lose an availability domain": PostgreSQL's primary goes with it, and its replica takes over.
//!
//! Oracle's database systems do the promotion themselves, and move the primary's address; here the test does. The replication is
//! synchronous: a commit is answered when the replica has it. Were it asynchronous, whatever was answered in the last moments
//! before the loss (some milliseconds of commits, more if the replica lags) would not be there afterwards. Customers would then have
//! been told of orders that do not exist, and what the other services did for those orders would be found by `haat reconcile`, as
//! after a restoration to a moment (see `restoration.rs`).

use std::time::{Duration, Instant};

use local::{PostgresOptions, PostgresServer, Replication};
use testkit::{ScratchDirectory, TcpProxy, eventually};
use types::ServiceName;

use crate::PATIENCE;
use crate::premises::{Premises, address, postgres, run, text};
use crate::shop::Shop;

/// From the loss to the first order that is paid, the promotion included. Nobody waits for a retry longer than some seconds.
const OUTAGE: Duration = Duration::from_secs(20);
const SLOT: &str = "standby";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_primary_is_replaced_by_its_replica_and_all_services_follow() {
    let mut premises = Premises::of_a_shop().await;
    let directory = ScratchDirectory::create();
    let primary = &premises.infrastructure.postgres;
    let lost = primary.port();
    let url = primary.admin_url();
    run(&url, &format!("SELECT pg_create_physical_replication_slot('{SLOT}')")).await;
    let standby = follow(primary, PostgresOptions::new(directory.join("standby"))).await;
    run(&url, &format!("ALTER SYSTEM SET synchronous_standby_names = '{SLOT}'")).await;
    run(&url, "SELECT pg_reload_conf()").await;
    let state = || async { text(&url, "SELECT sync_state FROM pg_stat_replication").await == "sync" };
    eventually(PATIENCE, state).await;

    let endpoint = TcpProxy::to(vec![address(lost)]);
    for service in ServiceName::ALL.iter().filter(|service| **service != ServiceName::Gateway) {
        // All servers, whichever of them is the primary: then nobody need change anything after a fail-over.
        let servers = [lost, standby.port()].map(|port| premises.url_at(*service, port));
        premises.set(*service, "DATABASE_REPLICA_URLS", servers.join(","));
        premises.lead(*service, endpoint.address.port());
    }
    let mut shop = Shop::open(premises, |_| 1).await;
    let mut crowd = shop.market.crowd();
    crowd.buys(3).await;
    until_read_from(&shop, standby.port()).await;

    let loss = Instant::now();
    shop.premises.infrastructure.postgres.kill().await;
    run(&standby.admin_url(), "SELECT pg_promote()").await;
    endpoint.lead_to(vec![address(standby.port())]);
    crowd.buys(1).await;
    assert!(loss.elapsed() < OUTAGE, "nobody could buy for {:?}", loss.elapsed());

    // What was lost comes back as the new primary's replica, and is read from.
    run(&standby.admin_url(), &format!("SELECT pg_create_physical_replication_slot('{SLOT}')")).await;
    let options = PostgresOptions { port: Some(lost), ..PostgresOptions::new(directory.join("rebuilt")) };
    let _rebuilt = follow(&standby, options).await;
    until_read_from(&shop, lost).await;
    crowd.buys(3).await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}

/// A replica of this server, copied while that is at work.
async fn follow(primary: &PostgresServer, options: PostgresOptions) -> PostgresServer {
    let mut options = PostgresOptions { replication: Replication::ReplicaOf(primary.upstream()), ..postgres(options) };
    // By the second the primary knows who it is.
    for name in ["primary_slot_name", "cluster_name"] {
        options.settings.push((name.to_owned(), SLOT.to_owned()));
    }
    PostgresServer::start(options).await.unwrap()
}

/// Waits until the order service takes the server with this port, and no other one, for a replica that it can read from.
async fn until_read_from(shop: &Shop, port: u16) {
    let (url, port) = (format!("{}/metrics", shop.url_of(ServiceName::Order)), port.to_string());
    eventually(PATIENCE, || async {
        let metrics = reqwest::get(&url).await.unwrap().text().await.unwrap();
        let replicas = || metrics.lines().filter(|line| line.starts_with("database_replica_usable{"));
        let as_wanted = |line: &str| line.ends_with(" 1") == line.contains(&format!(":{port}\""));
        let found = replicas().count() == 2 && replicas().all(as_wanted);
        if found { Ok(()) } else { Err(replicas().collect::<Vec<_>>().join("\n")) }
    })
    .await;
}
