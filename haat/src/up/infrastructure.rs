//! The servers that the services stand on, and the configuration that leads to them.

use std::time::Duration;

use futures::future::try_join_all;
use local::{Database, LocalError, Login, PostgresOptions, PostgresServer, RedisOptions, RedisServer};
use platform::identity::{ServiceKeys, SigningKey};
use serde_json::Value;
use tokio::time::Instant;
use types::ServiceName;

use super::{Progress, Secrets, State, StateError, UpError};
use crate::services;

/// A platform that is not ready by then will not be.
const TIME_TO_BE_READY: Duration = Duration::from_secs(30);

pub struct Infrastructure {
    pub postgres: PostgresServer,
    pub cache: RedisServer,
    pub streams: RedisServer,
    state: State,
    keys: Vec<(ServiceName, SigningKey)>,
}

impl Infrastructure {
    /// Starts the servers, with a database and two roles for each service that has one.
    pub async fn start(state: State, progress: &dyn Progress) -> Result<Self, UpError> {
        let postgres = PostgresOptions::new(state.server("postgres"));
        Self::start_with(state, postgres, progress).await
    }

    /// The same with a PostgreSQL of the caller's choice, for rehearsals of what happens to one.
    pub async fn start_with(state: State, postgres: PostgresOptions, progress: &dyn Progress) -> Result<Self, UpError> {
        let keys = keys(&state.secrets).map_err(UpError::State)?;
        let postgres = async {
            let server = PostgresServer::start(postgres).await?;
            server.ensure_databases(&databases(&state)).await?;
            Ok::<_, LocalError>(server)
        };
        let redis = async {
            let cache = RedisServer::start(RedisOptions::cache(state.server("cache")));
            let streams = RedisServer::start(RedisOptions::streams(state.server("streams")));
            tokio::try_join!(cache, streams)
        };
        let servers = async { tokio::try_join!(postgres, redis) };
        let (postgres, (cache, streams)) =
            progress.step("PostgreSQL, Redis", servers).await.map_err(UpError::on(state.directory()))?;
        Ok(Infrastructure { postgres, cache, streams, state, keys })
    }

    /// Notes in the state directory how the platform is reached, for commands that look at it from outside.
    pub fn publish(&self, ports: &[(ServiceName, u16)]) -> Result<(), UpError> {
        let mut variables = self.variables();
        variables.extend(
            ports
                .iter()
                .map(|(service, port)| (format!("{}_URL", variable(*service)), format!("http://127.0.0.1:{port}"))),
        );
        self.state.keep_environment(&variables).map_err(|error| UpError::state(error, self.state.directory()))
    }

    /// Brings all databases up to date, side by side.
    pub async fn migrate(&self) -> Result<(), UpError> {
        try_join_all(services::all().into_iter().filter_map(|service| {
            let (name, migrations) = (service.name, service.migrations?);
            let url = self.owner_url(name);
            Some(async move {
                let migrated = platform::db::migrate(&url, migrations).await;
                migrated.map_err(|error| UpError::migration(name, error, self.state.directory()))
            })
        }))
        .await
        .map(drop)
    }

    /// The address of a service's database as its owner.
    pub fn owner_url(&self, service: ServiceName) -> String {
        let password = self.state.secrets.of(service).map_or("", |s| s.owner_password.as_str());
        self.postgres.url(&owner(service), password, service.as_str())
    }

    /// The address of a service's database as the service itself.
    pub fn service_url(&self, service: ServiceName) -> String {
        let password = self.state.secrets.of(service).map_or("", |s| s.service_password.as_str());
        self.postgres.url(service.as_str(), password, service.as_str())
    }

    /// A service's private key, as its own `JWT_SECRET` says it.
    pub fn signing_key(&self, service: ServiceName) -> Option<SigningKey> {
        self.keys.iter().find(|(name, _)| *name == service).map(|(_, key)| key.clone())
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// The variables that lead the services here.
    pub fn variables(&self) -> Vec<(String, String)> {
        let database = |service| self.service_url(service);
        variables(&self.state.secrets, &self.keys, database, &self.cache.url(), &self.streams.url())
    }

    /// Resolves when one of the servers has died.
    pub async fn exited(&self) -> UpError {
        let error = tokio::select! {
            error = self.postgres.exited() => error,
            error = self.cache.exited() => error,
            error = self.streams.exited() => error,
        };
        UpError::on(self.state.directory())(error)
    }

    pub async fn stop(&self) {
        tokio::join!(self.postgres.stop(), self.cache.stop(), self.streams.stop());
    }

    /// For whoever cannot wait; nothing that was answered is lost.
    pub async fn stop_at_once(&self) {
        tokio::join!(self.postgres.stop_at_once(), self.cache.kill(), self.streams.kill());
    }
}

/// What [`Infrastructure::variables`] will say, as far as it is known before there is any server: all but where they are.
pub(super) fn expected_variables(state: &State) -> Result<Vec<(String, String)>, StateError> {
    let database = |service: ServiceName| format!("postgres://{service}@127.0.0.1:1/{service}");
    let redis = "redis://127.0.0.1:1/";
    Ok(variables(&state.secrets, &keys(&state.secrets)?, database, redis, redis))
}

fn variables(
    secrets: &Secrets,
    keys: &[(ServiceName, SigningKey)],
    database: impl Fn(ServiceName) -> String,
    cache: &str,
    streams: &str,
) -> Vec<(String, String)> {
    let mut variables = vec![
        ("REDIS_URL".to_owned(), cache.to_owned()),
        ("STREAMS_URL".to_owned(), streams.to_owned()),
        ("SERVICE_KEYS".to_owned(), ServiceKeys::document(keys.iter().map(|(service, key)| (*service, key)))),
    ];
    for (service, secrets) in secrets.iter() {
        let prefix = variable(service);
        variables.push((format!("{prefix}_JWT_SECRET"), secrets.signing_key.clone()));
        variables.push((format!("{prefix}_DATABASE_URL"), database(service)));
    }
    variables
}

/// What the names of a service's own variables begin with.
pub(super) fn variable(service: ServiceName) -> String {
    service.as_str().to_uppercase()
}

fn keys(secrets: &Secrets) -> Result<Vec<(ServiceName, SigningKey)>, StateError> {
    let key = |(service, secrets): (ServiceName, &super::state::ServiceSecrets)| {
        let key = secrets.signing_key.parse().map_err(|_| StateError::Key(format!("{service}'s is broken")))?;
        Ok((service, key))
    };
    secrets.iter().map(key).collect()
}

fn owner(service: ServiceName) -> String {
    format!("{service}_owner")
}

fn databases(state: &State) -> Vec<Database> {
    let with_database = services::all().into_iter().filter(|service| service.migrations.is_some());
    with_database
        .filter_map(|service| {
            let secrets = state.secrets.of(service.name)?;
            Some(Database {
                name: service.name.to_string(),
                owner: Login { role: owner(service.name), password: secrets.owner_password.clone() },
                service: Login { role: service.name.to_string(), password: secrets.service_password.clone() },
            })
        })
        .collect()
}

/// Waits until the gateway says that all services are ready.
pub(super) async fn until_ready(gateway: u16) -> Result<(), UpError> {
    let client = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{gateway}/api/v1/status");
    let deadline = Instant::now() + TIME_TO_BE_READY;
    loop {
        let last = match client.get(&url).send().await {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => not_ready(&response.text().await.unwrap_or_default()),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            return Err(UpError::NotReady(last));
        }
        // Below the gateway's limit for one address, also if it takes the whole time.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Of the gateway's report, the services that are not ready and what they lack.
fn not_ready(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let services = report["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    let waiting = services.iter().filter(|service| service["ready"] != true).map(|service| {
        let name = service["service"].as_str().unwrap_or("?");
        let parts = service["parts"].as_object().into_iter().flatten().filter(|(_, state)| *state != "ok");
        let lacks: Vec<String> =
            parts.map(|(part, state)| format!("{part} {}", state.as_str().unwrap_or("?"))).collect();
        if lacks.is_empty() { format!("{name} does not answer") } else { format!("{name} ({})", lacks.join(", ")) }
    });
    waiting.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ready_is_named_with_what_it_lacks() {
        let report = r#"{"ready":false,"services":[
            {"service":"auth","ready":true,"parts":{"database":"ok"}},
            {"service":"cart","ready":false,"parts":{"cache":"ok","database":"cannot be reached"}},
            {"service":"order","ready":false,"parts":{}}]}"#;
        assert_eq!(not_ready(report), "cart (database cannot be reached); order does not answer");
    }
}
