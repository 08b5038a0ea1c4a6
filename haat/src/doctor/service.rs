//! What a service needs: its configuration, its database, Redis, the streams, its neighbours.

use std::time::Duration;

use platform::bus::{self, BusConfig, BusOptions};
use platform::cache::Redis;
use platform::client::Addresses;
use platform::clock::Clock;
use platform::db;
use platform::env::Env;
use platform::identity::{ServiceKeys, SigningKey};
use platform::service::{self, Service, Settings};
use platform::topology::Topology;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;
use types::ServiceName;

use super::Finding;
use crate::services;

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(names: &[ServiceName], env: &Env, topology: &Topology) -> Vec<Finding> {
    let services: Vec<Service> = names.iter().map(|name| services::one(*name)).collect();
    let settings = Settings { env: env.clone(), clock: Clock::system(), addresses: None };
    let mut findings = vec![Finding::new("the variables", service::check(&services, &settings))];
    let each = services.iter().map(|service| one(service, env.for_service(service.name), topology));
    findings.extend(futures::future::join_all(each).await.into_iter().flatten());
    findings
}

async fn one(service: &Service, env: Env, topology: &Topology) -> Vec<Finding> {
    let name = service.name;
    let of = |what: &str| format!("{name}: {what}");
    let mut findings = vec![Finding::new(of("its key"), key(name, &env))];
    if let Some(migrations) = service.migrations {
        let (database, buses) = tokio::join!(database(name, &env, migrations), buses(&env));
        findings.push(Finding::new(of("its database"), database));
        findings.push(Finding::new(of("the streams and queues"), buses));
    }
    if let Some(cache) = cache(&env).await {
        findings.push(Finding::new(of("the cache"), cache));
    }
    match Addresses::from_env(&env, topology) {
        Ok(addresses) => {
            let neighbours =
                topology.service(name).calls.iter().map(|callee| neighbour(*callee, addresses.of(*callee)));
            let asked = futures::future::join_all(neighbours).await;
            findings.extend(asked.into_iter().map(|Finding { what, wrong }| Finding { what: of(&what), wrong }));
        }
        Err(error) => findings.push(Finding::new(of("the addresses of its neighbours"), Err::<(), _>(error))),
    }
    findings
}

/// The private key can be read, and the others know its public half.
fn key(name: ServiceName, env: &Env) -> Result<(), String> {
    let key: SigningKey = env.required("JWT_SECRET", "the service's private key").map_err(|error| error.to_string())?;
    let keys = ServiceKeys::from_env(env, &Clock::system()).map_err(|error| error.to_string())?;
    if keys.know(name, &key) {
        return Ok(());
    }
    Err(format!(
        "JWT_SECRET is not the key that SERVICE_KEYS has for {name}, so that nobody believes its calls: set the one that belongs \
         to it, or add its public half ({}) to SERVICE_KEYS",
        key.id()
    ))
}

async fn database(name: ServiceName, env: &Env, migrations: &sqlx::migrate::Migrator) -> Result<(), String> {
    let url: String = env
        .required("DATABASE_URL", "postgres://user:password@host:port/database")
        .map_err(|error| error.to_string())?;
    let unreachable = |error: String| format!("cannot be reached ({error}): is the server up, and DATABASE_URL right?");
    let look = async {
        let mut connection = PgConnection::connect(&url).await.map_err(|error| unreachable(error.to_string()))?;
        match db::current(&mut connection, migrations).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("not all migrations are applied: run `haat migrate {name}`")),
            Err(error) => Err(format!("its migrations cannot be read ({error}): run `haat migrate {name}`")),
        }
    };
    timeout(PATIENCE, look).await.unwrap_or_else(|_| Err(unreachable("no answer".to_owned())))
}

/// None if there is none.
async fn cache(env: &Env) -> Option<Result<(), String>> {
    let redis = match Redis::from_env(env).transpose()? {
        Ok(redis) => redis,
        Err(error) => return Some(Err(error.to_string())),
    };
    let ping = redis
        .ping()
        .await
        .map_err(|_| "no answer: is Redis up, and REDIS_URL right? Without it everything is slower".to_owned());
    Some(ping)
}

async fn buses(env: &Env) -> Result<(), String> {
    let config = BusConfig::from_env(env).map_err(|error| error.to_string())?;
    let ping = async {
        let bus = bus::connect(&config, &BusOptions::default()).map_err(|error| error.to_string())?;
        bus.streams.ping().await.map_err(|error| error.to_string())?;
        bus.queues.ping().await.map_err(|error| error.to_string())
    };
    let answer = timeout(PATIENCE, ping).await.unwrap_or_else(|_| Err("no answer".to_owned()));
    answer.map_err(|error| {
        format!("cannot be reached ({error}): is the server up, and STREAMS_URL (or KAFKA_BROKERS) right?")
    })
}

/// Whether another service answers. That it accepts a connection does not mean so.
async fn neighbour(callee: ServiceName, address: &str) -> Finding {
    let ask = async {
        let response = reqwest::Client::new().get(format!("{address}/health")).send().await;
        // The whole chain of causes: the first link says only that sending failed.
        response.and_then(reqwest::Response::error_for_status).map(drop).map_err(|error| causes(&error))
    };
    let answer = timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err("no answer".to_owned()));
    let advice =
        |error| format!("{error}: is it up, and {}_URL or SERVICE_HOSTS right?", callee.as_str().to_uppercase());
    Finding::new(format!("{callee} at {address}"), answer.map_err(advice))
}

fn causes(error: &dyn std::error::Error) -> String {
    let last = std::iter::successors(Some(error), |error| error.source()).last();
    last.map_or_else(String::new, ToString::to_string)
}
