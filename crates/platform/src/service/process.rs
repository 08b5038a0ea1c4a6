//! A process that runs one or more services: all ports are bound before any work starts, and all end together.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{QueueName, ServiceName};

use super::context::{AppEnv, Inner};
use super::running::{Busy, FAREWELL};
use super::{BootError, Context, Service};
use crate::bus::{self, Bus};
use crate::cache::{Cache, CacheConfig, Redis};
use crate::client::{self, Addresses, Client, Connections, KeySetAt};
use crate::clock::Clock;
use crate::db::{Db, DbOptions};
use crate::env::{Env, EnvError};
use crate::events::consumer;
use crate::events::wake::Wake;
use crate::http::server::Farewell;
use crate::identity::{
    Identity, NothingRevoked, RedisRevocations, ServiceKeys, ServiceTokenVerifier, ServiceTokens, SigningKey,
    UserTokenVerifier,
};
use crate::limits::Limits;
use crate::topology::Topology;

/// What the services of a process share.
#[derive(Clone)]
pub struct Settings {
    pub env: Env,
    pub clock: Clock,
    /// Set by whoever has bound ports of its own choice; otherwise read from the environment.
    pub addresses: Option<Addresses>,
}

/// Services whose ports are bound.
pub struct Bound {
    services: Vec<(Service, TcpListener)>,
    settings: Settings,
}

/// Services that run.
pub struct Process {
    stop: CancellationToken,
    farewell: Farewell,
    /// Those that no other service calls: what comes from outside comes through them.
    front: Group,
    behind: Group,
}

/// Services that end at the same time.
#[derive(Default)]
struct Group {
    end: CancellationToken,
    /// Background work: what it has in hand may call any service of the group.
    busy: TaskTracker,
    services: JoinSet<(ServiceName, Result<(), BootError>)>,
}

impl Bound {
    /// Binds every service's port: `PORT` (or `CART_PORT` and its like), by default the topology's; 0 takes a free one. On
    /// `BIND_ADDRESS`, by default all addresses.
    pub async fn bind(services: Vec<Service>, settings: Settings) -> Result<Self, BootError> {
        let topology = embedded()?;
        let mut bound = Vec::with_capacity(services.len());
        for service in services {
            let env = settings.env.for_service(service.name);
            let port = env.value("PORT", topology.port(service.name))?;
            let address: std::net::IpAddr = env.value("BIND_ADDRESS", std::net::Ipv4Addr::UNSPECIFIED.into())?;
            let listener = TcpListener::bind((address, port)).await.map_err(|error| BootError::Port {
                service: service.name,
                port,
                error,
            })?;
            bound.push((service, listener));
        }
        Ok(Bound { services: bound, settings })
    }

    /// The ports, in the order of the services.
    pub fn ports(&self) -> Result<Vec<(ServiceName, u16)>, BootError> {
        let port = |(service, listener): &(Service, TcpListener)| {
            let address =
                listener.local_addr().map_err(|error| BootError::Port { service: service.name, port: 0, error })?;
            Ok((service.name, address.port()))
        };
        self.services.iter().map(port).collect()
    }

    pub fn with_addresses(mut self, addresses: Addresses) -> Self {
        self.settings.addresses = Some(addresses);
        self
    }

    /// Further variables, for whoever knows them only once the ports are bound.
    pub fn with_env(mut self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        self.settings.env = self.settings.env.with(values);
        self
    }

    /// Starts everything. Nothing is served if one of them cannot start.
    pub async fn start(self) -> Result<Process, BootError> {
        let mut process = Process {
            stop: CancellationToken::new(),
            farewell: Farewell::default(),
            front: Group::default(),
            behind: Group::default(),
        };
        let shared = Shared::new(&self.settings)?;
        let mut running = Vec::with_capacity(self.services.len());
        for (service, listener) in self.services {
            let env = self.settings.env.for_service(service.name);
            let context = shared.context(&service, &env, &self.settings)?;
            let in_front = shared.topology.callers_of(service.name).next().is_none();
            let end = if in_front { &process.front.end } else { &process.behind.end };
            running.push(((service.start)(context, env, end.child_token()).await?, listener, in_front));
        }
        self.settings.env.refuse_unknown()?;
        for (service, listener, in_front) in running {
            let group = if in_front { &mut process.front } else { &mut process.behind };
            let (farewell, busy) = (process.farewell.clone(), Busy::new(&group.busy));
            group.services.spawn(async move { (service.name, service.serve(listener, farewell, busy).await) });
        }
        Ok(process)
    }
}

impl Process {
    /// Ends when this is cancelled.
    pub fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Takes leave of the clients, for whoever is about to stop a process that others go on without: from now on each is asked to
    /// close its connection. Resolves when all have, or after five seconds. The process serves until it is stopped.
    pub fn take_leave(&self) -> impl Future<Output = ()> + Send + use<> {
        let farewell = self.farewell.clone();
        async move {
            farewell.say();
            let _some_stay = tokio::time::timeout(FAREWELL, farewell.everybody_gone()).await;
        }
    }

    /// Runs until it is stopped; if one service dies, all end. Services that others call end after those: a request that is in hand
    /// at the gateway still finds everybody it needs.
    pub async fn run(mut self) -> Result<(), BootError> {
        let mut result = Ok(());
        loop {
            if self.stop.is_cancelled() && self.front.services.is_empty() {
                self.behind.end.cancel();
            }
            let ended = tokio::select! {
                () = self.stop.cancelled(), if !self.front.end.is_cancelled() => {
                    self.front.end.cancel();
                    continue;
                }
                Some(ended) = self.front.services.join_next() => ended,
                Some(ended) = self.behind.services.join_next() => ended,
                else => return result,
            };
            let death = match ended {
                Ok((_, Ok(()))) if self.stop.is_cancelled() => continue,
                Ok((service, Ok(()))) => BootError::Other(format!("{service} ended by itself")),
                Ok((_, Err(error))) => error,
                Err(error) => BootError::Other(format!("a service died: {error}")),
            };
            for end in [&self.stop, &self.front.end, &self.behind.end] {
                end.cancel();
            }
            tracing::error!(%death, "going down");
            if result.is_ok() {
                result = Err(death);
            }
        }
    }
}

/// Reads the services' whole configuration as [`Bound::start`] would, and starts nothing: whoever still has to start the servers that
/// they need learns of a wrong variable before that.
pub fn check<'s>(services: impl IntoIterator<Item = &'s Service>, settings: &Settings) -> Result<(), BootError> {
    let shared = Shared::new(settings)?;
    for service in services {
        let env = settings.env.for_service(service.name);
        (service.check)(shared.context(service, &env, settings)?, &env)?;
    }
    Ok(settings.env.refuse_unknown()?)
}

/// What the services of one process need not have each for itself.
struct Shared {
    topology: &'static Topology,
    bus: Bus,
    redis: Option<Redis>,
    connections: Connections,
    service_keys: ServiceKeys,
}

impl Shared {
    fn new(settings: &Settings) -> Result<Self, BootError> {
        let Settings { env, clock, .. } = settings;
        let topology = embedded()?;
        let queue = |name: &QueueName| {
            let queue = topology.queue(*name);
            // Redis takes the visibility from whoever gets; OCI's queues have their own.
            let visibility = env.seconds("QUEUE_VISIBILITY", queue.visibility)?;
            Ok((*name, bus::QueueOptions { visibility, deliveries: queue.deliveries }))
        };
        let options = bus::BusOptions {
            prefix: env.value("BUS_PREFIX", "haat:".to_owned())?,
            queues: QueueName::ALL.iter().map(queue).collect::<Result<_, EnvError>>()?,
            ..bus::BusOptions::default()
        };
        Ok(Shared {
            topology,
            bus: bus::connect(&bus::BusConfig::from_env(env)?, &options)
                .map_err(|e| BootError::Other(e.to_string()))?,
            redis: Redis::from_env(env)?,
            connections: client::connections(),
            service_keys: ServiceKeys::from_env(env, clock)?,
        })
    }

    fn context(&self, service: &Service, env: &Env, settings: &Settings) -> Result<Context, BootError> {
        let name = service.name;
        let clock = settings.clock.clone();
        let wake = Wake::default();
        let signing_key: SigningKey =
            env.required("JWT_SECRET", "the service's private key (Ed25519, PKCS#8, base64)")?;
        let addresses = match &settings.addresses {
            Some(addresses) => addresses.clone(),
            None => Addresses::from_env(env, self.topology)?,
        };
        let key_set = self.topology.key_set();
        let key_set =
            KeySetAt::new(format!("{}{}", addresses.of(key_set.service), key_set.path), self.connections.clone());
        let identity = Identity {
            service: name,
            users: UserTokenVerifier::new(key_set, clock.clone()),
            services: ServiceTokenVerifier::new(self.service_keys.clone(), clock.clone()),
            allowed: client::topology_allows,
            revocations: match &self.redis {
                Some(redis) => Arc::new(RedisRevocations::new(redis.clone())),
                None => Arc::new(NothingRevoked),
            },
        };
        let db = match service.migrations {
            Some(_) => Some(Db::new(name, &DbOptions::from_env(env)?, wake.clone(), self.redis.clone())),
            None => None,
        };
        let tokens = ServiceTokens::new(name, signing_key.clone(), clock.clone());
        Ok(Context::new(Inner {
            service: name,
            app_env: env.value("APP_ENV", AppEnv::Production)?,
            topology: self.topology,
            db,
            cache: Cache::new(self.redis.clone(), CacheConfig::new(name)),
            limits: Limits::new(self.redis.clone(), clock.clone()),
            redis: self.redis.clone(),
            bus: self.bus.clone(),
            client: Client::new(name, addresses, tokens, self.connections.clone()),
            signing_key,
            identity: Arc::new(identity),
            wake,
            event_rest: env.seconds("EVENT_REST", consumer::FIRST_REST)?,
            clock,
        }))
    }
}

fn embedded() -> Result<&'static Topology, BootError> {
    Topology::embedded().map_err(|error| BootError::Other(error.to_string()))
}
