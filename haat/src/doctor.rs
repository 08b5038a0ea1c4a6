//! What is wrong with a set-up: `haat doctor`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use local::Binaries;
use platform::bus::{self, BusConfig, BusOptions};
use platform::cache::Redis;
use platform::client::Addresses;
use platform::clock::Clock;
use platform::db;
use platform::env::Env;
use platform::identity::{ServiceKeys, SigningKey};
use platform::topology::{Topology, TopologyError};
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;
use types::ServiceName;

use crate::services;

const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was looked at: what it is, and what is wrong with it.
struct Finding {
    what: String,
    wrong: Option<String>,
}

impl Finding {
    fn new<T>(what: impl Into<String>, result: Result<T, impl std::fmt::Display>) -> Self {
        Finding { what: what.into(), wrong: result.err().map(|error| error.to_string()) }
    }
}

/// Looks at this machine if no service is named, else at the configuration and the neighbours of these services.
pub async fn run(names: &[ServiceName], env: &Env) -> Result<ExitCode, TopologyError> {
    let topology = Topology::embedded()?;
    let mut findings = Vec::new();
    if names.is_empty() {
        findings.push(Finding::new("PostgreSQL and Redis programs", Binaries::find()));
        for service in topology.services() {
            let bound = tokio::net::TcpListener::bind(("127.0.0.1", service.port)).await;
            findings.push(Finding::new(format!("port {} for {}", service.port, service.name), bound));
        }
    }
    for name in names {
        findings.extend(configuration(*name, &env.for_service(*name), topology).await);
    }
    let wrong = findings.iter().filter(|finding| finding.wrong.is_some()).count();
    let mut text = String::new();
    for Finding { what, wrong } in findings {
        let _infallible = match wrong {
            None => writeln!(text, "  ✓ {what}"),
            Some(wrong) => writeln!(text, "  ✗ {what}: {wrong}"),
        };
    }
    let _infallible = writeln!(text, "{wrong} thing{} wrong", if wrong == 1 { "" } else { "s" });
    let _closed = std::io::stdout().write_all(text.as_bytes());
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn configuration(name: ServiceName, env: &Env, topology: &Topology) -> Vec<Finding> {
    let of = |what: &str| format!("{name}: {what}");
    let mut findings = vec![
        Finding::new(of("JWT_SECRET"), env.required::<SigningKey>("JWT_SECRET", "the service's private key")),
        Finding::new(of("SERVICE_KEYS"), ServiceKeys::from_env(env, &Clock::system())),
    ];
    if let Some(migrations) = services::one(name).migrations {
        findings.push(Finding::new(of("database"), database(env, migrations).await));
        findings.push(Finding::new(of("streams and queues"), buses(env).await));
    }
    if let Some(url) = env.text("REDIS_URL") {
        let ping = async { Redis::open(&url).map_err(|e| e.to_string())?.ping().await.map_err(|e| e.to_string()) };
        findings.push(Finding::new(of("Redis"), ping.await));
    }
    match Addresses::from_env(env, topology) {
        Ok(addresses) => {
            for callee in &topology.service(name).calls {
                let address = addresses.of(*callee).trim_start_matches("http://").to_owned();
                let reached = timeout(PATIENCE, tokio::net::TcpStream::connect(&address)).await;
                let reached = reached.map_err(|_| "no answer".to_owned()).and_then(|r| r.map_err(|e| e.to_string()));
                findings.push(Finding::new(of(&format!("{callee} at {address}")), reached));
            }
        }
        Err(error) => findings.push(Finding::new(of("addresses"), Err::<(), _>(error))),
    }
    findings
}

async fn database(env: &Env, migrations: &sqlx::migrate::Migrator) -> Result<(), String> {
    let url: String =
        env.required("DATABASE_URL", "postgres://user:password@host:port/database").map_err(|e| e.to_string())?;
    let look = async {
        let mut connection = PgConnection::connect(&url).await.map_err(|e| e.to_string())?;
        match db::current(&mut connection, migrations).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("not all migrations are applied; run `haat migrate`".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    };
    timeout(PATIENCE, look).await.unwrap_or_else(|_| Err("no answer".to_owned()))
}

async fn buses(env: &Env) -> Result<(), String> {
    let config = BusConfig::from_env(env).map_err(|e| e.to_string())?;
    let bus = bus::connect(&config, &BusOptions::default()).map_err(|e| e.to_string())?;
    bus.streams.ping().await.map_err(|e| e.to_string())?;
    bus.queues.ping().await.map_err(|e| e.to_string())
}
