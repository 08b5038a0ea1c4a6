//! The servers that the services stand on, and the configuration that leads to them.

use std::time::Duration;

use futures::future::try_join_all;
use local::{Database, LocalError, Login, PostgresOptions, PostgresServer, RedisOptions, RedisServer};
use platform::identity::{ServiceKeys, SigningKey};
use tokio::time::Instant;
use types::ServiceName;

use super::{Progress, State, StateError, UpError};
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
        let key = |(service, secrets): (ServiceName, &super::state::ServiceSecrets)| {
            let key = secrets.signing_key.parse().map_err(|_| StateError::Key(format!("{service}'s key is broken")))?;
            Ok::<_, StateError>((service, key))
        };
        let keys = state.secrets.iter().map(key).collect::<Result<_, _>>()?;
        let postgres = async {
            let server = PostgresServer::start(PostgresOptions::new(state.server("postgres"))).await?;
            server.ensure_databases(&databases(&state)).await?;
            Ok::<_, LocalError>(server)
        };
        let redis = async {
            let cache = RedisServer::start(RedisOptions::cache(state.server("cache")));
            let streams = RedisServer::start(RedisOptions::streams(state.server("streams")));
            tokio::try_join!(cache, streams)
        };
        let servers = async { tokio::try_join!(postgres, redis) };
        let (postgres, (cache, streams)) = progress.step("PostgreSQL, Redis", servers).await?;
        let infrastructure = Infrastructure { postgres, cache, streams, state, keys };
        infrastructure.state.keep_environment(&infrastructure.variables())?;
        Ok(infrastructure)
    }

    /// Brings all databases up to date, side by side.
    pub async fn migrate(&self) -> Result<(), UpError> {
        try_join_all(services::all().into_iter().filter_map(|service| {
            let (name, migrations) = (service.name, service.migrations?);
            let url = self.owner_url(name);
            Some(async move {
                platform::db::migrate(&url, migrations).await.map_err(|error| UpError::Migration(name, error))
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

    /// The variables that lead the services here.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("REDIS_URL".to_owned(), self.cache.url()),
            ("STREAMS_URL".to_owned(), self.streams.url()),
            ("SERVICE_KEYS".to_owned(), ServiceKeys::document(self.keys.iter().map(|(service, key)| (*service, key)))),
        ];
        for (service, secrets) in self.state.secrets.iter() {
            let prefix = service.as_str().to_uppercase();
            variables.push((format!("{prefix}_JWT_SECRET"), secrets.signing_key.clone()));
            variables.push((format!("{prefix}_DATABASE_URL"), self.service_url(service)));
        }
        variables
    }

    /// Resolves when one of the servers has died.
    pub async fn exited(&self) -> LocalError {
        tokio::select! {
            error = self.postgres.exited() => error,
            error = self.cache.exited() => error,
            error = self.streams.exited() => error,
        }
    }

    pub async fn stop(&self) {
        tokio::join!(self.postgres.stop(), self.cache.stop(), self.streams.stop());
    }
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
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= deadline {
            return Err(UpError::NotReady(last));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
