//! `haat autoscale`: gives the databases more OCPUs when they are short of them, and takes them back when they are calm.
//!
//! OCI's PostgreSQL does not scale by itself, but a database system's OCPUs can be changed. One process, elected among several,
//! reads the load of all from Monitoring once a minute, decides by [`policy`], and changes at most one at a time. Why so, and
//! what only a live tenancy can show: docs/decisions/0014-database-autoscaling.md.

pub mod cloud;
pub mod config;
pub mod controller;
pub mod election;
pub mod kubernetes;
pub mod metrics;
pub mod policy;
pub mod report;
pub mod time;

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use oci::monitoring::Monitoring;
use oci::postgresql::Postgresql;
use platform::clock::Clock;
use platform::env::{Env, EnvError};
use reqwest::Url;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::cloud::Cloud;
use self::config::{Config, ConfigError};
use self::controller::{Controller, Lead};
use self::election::Election;
use self::kubernetes::{KubernetesError, Leases};
use self::report::Report;
use self::time::Time;
use crate::signals::{ENDED_AT_ONCE, StopSignals};

/// How long answers in hand may take to end.
const DRAIN: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
    #[error(transparent)]
    Oci(#[from] oci::Error),
    #[error("port {port}: {error}")]
    Port { port: u16, error: std::io::Error },
    #[error("signals cannot be received: {0}")]
    Signals(std::io::Error),
}

/// Works until SIGTERM or SIGINT; a second one ends it at once. A dry run changes nothing and needs no Kubernetes.
pub async fn run(dry_run: bool, env: &Env) -> Result<ExitCode, Error> {
    let mut signals = StopSignals::new().map_err(Error::Signals)?;
    let config = Config::from_env(env)?;
    let time = Time::of(Clock::system());
    let lead = if dry_run {
        Lead::DryRun
    } else {
        // A pod's name comes back with its restart; what was begun under it must not count as ours.
        let pod: String = env.value("HOSTNAME", "haat".to_owned())?;
        let identity = format!("{pod}_{}", uuid::Uuid::new_v4());
        Lead::Elected(Box::new(Election::new(Leases::of_pod(env, config.lease)?, identity, time.clone())))
    };
    let cloud = cloud_of(env, config.compartment)?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, config.port)).await;
    let listener = listener.map_err(|error| Error::Port { port: config.port, error })?;
    metrics::describe();
    let report = Report::new(time.clone());
    let stop = CancellationToken::new();
    let serving = axum::serve(listener, report::router(Arc::clone(&report)));
    let serving = tokio::spawn(serving.with_graceful_shutdown(stop.clone().cancelled_owned()).into_future());
    tracing::info!(dry_run, port = config.port, cap = config.rules.cap(), "watching the databases");
    let mut controller = Controller::new(cloud, config.databases, config.rules, lead, time, report);
    let mut working = std::pin::pin!(work(&mut controller, &stop));
    tokio::select! {
        () = &mut working => {}
        () = signals.next() => stop.cancel(),
    }
    tokio::select! {
        () = working => {}
        () = signals.next() => return Ok(ExitCode::from(ENDED_AT_ONCE)),
    }
    // Whoever is still being answered after that is cut off with us.
    let _too_slow = tokio::time::timeout(DRAIN, serving).await;
    Ok(ExitCode::SUCCESS)
}

/// Pass after pass until `stop`; one that has begun is ended.
async fn work(controller: &mut Controller, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        controller.pass().await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(election::PERIOD) => {}
        }
    }
    controller.resign().await;
}

/// The region's services, or those that `OCI_MONITORING_URL` and `OCI_POSTGRESQL_URL` name: other realms have other domains.
fn cloud_of(env: &Env, compartment: String) -> Result<Cloud, Error> {
    let client = platform::cloud::client(platform::cloud::identity(env)?, Clock::system())?;
    let address = |variable: &str, of_region: fn(&str) -> Result<Url, oci::Error>| -> Result<Url, Error> {
        match env.optional::<Url>(variable)? {
            Some(url) => Ok(url),
            None => {
                let region: String = env.required("OCI_REGION", "a region such as ap-hyderabad-1")?;
                Ok(of_region(&region)?)
            }
        }
    };
    let monitoring = Monitoring::new(client.clone(), address("OCI_MONITORING_URL", Monitoring::address)?);
    let postgresql = Postgresql::new(client, address("OCI_POSTGRESQL_URL", Postgresql::address)?);
    Ok(Cloud::new(monitoring, postgresql, compartment))
}
