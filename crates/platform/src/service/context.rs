//! What a service is given to work with.

use std::sync::Arc;
use std::time::Duration;

use types::ServiceName;

use crate::bus::Bus;
use crate::cache::{Cache, Redis};
use crate::client::Client;
use crate::clock::Clock;
use crate::db::Db;
use crate::env::EnvError;
use crate::events::wake::Wake;
use crate::identity::{Identity, SigningKey};
use crate::limits::Limits;
use crate::topology::Topology;

/// Why a service does not start: one sentence for the person who starts it.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("port {port} cannot be bound for {service}: {error}; {}_PORT names another one", .service.as_str().to_uppercase())]
    Port { service: ServiceName, port: u16, error: std::io::Error },
    #[error("the {0} service has no database")]
    NoDatabase(ServiceName),
    #[error("{0}")]
    Other(String),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

pub(super) struct Inner {
    pub service: ServiceName,
    pub app_env: AppEnv,
    pub clock: Clock,
    pub topology: &'static Topology,
    pub db: Option<Db>,
    pub redis: Option<Redis>,
    pub cache: Cache,
    pub limits: Limits,
    pub bus: Bus,
    pub client: Client,
    pub signing_key: SigningKey,
    pub identity: Arc<Identity>,
    pub wake: Wake,
    pub event_rest: Duration,
}

types::text_enum! {
    /// Where this runs: `APP_ENV`. What only belongs on a developer's machine (the page of all messages, the sandbox's buttons)
    /// exists only in `local`.
    pub enum AppEnv {
        Local = "local",
        Development = "development",
        Staging = "staging",
        Production = "production",
    }
}

impl Context {
    pub(super) fn new(inner: Inner) -> Self {
        Context(Arc::new(inner))
    }

    pub fn service(&self) -> ServiceName {
        self.0.service
    }

    pub fn app_env(&self) -> AppEnv {
        self.0.app_env
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub fn now(&self) -> types::Timestamp {
        self.0.clock.now()
    }

    pub fn topology(&self) -> &'static Topology {
        self.0.topology
    }

    /// # Errors
    /// The service has none: it is the gateway.
    pub fn database(&self) -> Result<Db, BootError> {
        self.0.db.clone().ok_or(BootError::NoDatabase(self.0.service))
    }

    pub(super) fn database_if_any(&self) -> Option<&Db> {
        self.0.db.as_ref()
    }

    pub fn redis(&self) -> Option<&Redis> {
        self.0.redis.as_ref()
    }

    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Calls to other services.
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The service's own private key (`JWT_SECRET`).
    pub fn signing_key(&self) -> &SigningKey {
        &self.0.signing_key
    }

    pub fn identity(&self) -> &Arc<Identity> {
        &self.0.identity
    }

    /// How long an event rests after its effect has failed for the first time (`EVENT_REST`).
    pub(super) fn event_rest(&self) -> Duration {
        self.0.event_rest
    }

    /// Has a job run now rather than when its time comes.
    pub fn wake(&self) -> &Wake {
        &self.0.wake
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("service", &self.0.service).finish_non_exhaustive()
    }
}
