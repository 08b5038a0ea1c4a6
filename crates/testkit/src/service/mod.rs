//! One service alone, in this process: its own database and streams, a clock that the test moves, stubs for the services
//! that it calls, and whoever the test wants to be. Everything goes through its ports, as in production.

mod event;
mod person;
mod stubs;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contracts::Call;
use http::HeaderMap;
use platform::Problem;
use platform::bus::{self, Bus, BusConfig, BusOptions};
use platform::client::{self, Addresses, Connections};
use platform::clock::Clock;
use platform::env::Env;
use platform::identity::{JwkSet, ServiceKeys, ServiceTokens, SigningKey, UserTokens};
use platform::service::{Bound, Service, Settings};
use platform::topology::Topology;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use types::{Role, ServiceName, SessionId, StreamName, UserId};

use crate::{TestDatabase, servers};
use event::Log;
pub use event::Published;
pub use person::{Answer, Person};
pub use stubs::Stubs;

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A service that runs. Ends with this value.
pub struct TestService {
    pub name: ServiceName,
    /// `http://127.0.0.1:...`
    pub url: String,
    /// The service's time; moving it moves the tokens' times too.
    pub clock: Clock,
    pub stubs: Stubs,
    /// Reads and writes the service's tables as their owner.
    pub pool: PgPool,
    // A pod before its database, so that it ends first.
    pod: Pod,
    _database: TestDatabase,
    env: Env,
    keys: BTreeMap<ServiceName, SigningKey>,
    bus: Bus,
    /// Where the events come from that it has handlers for.
    hears: BTreeSet<StreamName>,
    log: Log,
    connections: Connections,
}

/// A process of the service, as far as another one can see.
pub struct Pod {
    pub url: String,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

/// A service to be started, and in which surroundings.
pub struct Setup {
    service: Service,
    variables: Vec<(String, String)>,
    clock: Clock,
}

impl TestService {
    /// Starts it with nothing special.
    pub async fn start(service: Service) -> Self {
        Self::of(service).start().await
    }

    pub fn of(service: Service) -> Setup {
        Setup { service, variables: Vec::new(), clock: Clock::system() }
    }

    /// Somebody without a token.
    pub fn guest(&self) -> Person {
        self.person(None)
    }

    pub fn as_customer(&self, id: UserId) -> Person {
        self.person(Some((id, SessionId::new(), vec![Role::Customer])))
    }

    /// A customer like any other, new.
    pub fn customer(&self) -> Person {
        self.as_customer(UserId::new())
    }

    /// A member of staff with this role.
    pub fn as_staff(&self, role: Role) -> Person {
        self.person(Some((UserId::new(), SessionId::new(), vec![Role::Customer, role])))
    }

    /// A moment in which somebody has done harm to the tables that the service never would. It ends without a trace when it is
    /// dropped.
    ///
    /// # Panics
    /// If PostgreSQL refuses.
    pub async fn harmed(&self, sql: impl Into<String>) -> Transaction<'static, Postgres> {
        let mut moment = self.pool.begin().await.expect("a transaction");
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut *moment).await.expect("the harm is done");
        moment
    }

    /// Calls the service as another one does.
    ///
    /// # Panics
    /// If it answers a problem.
    pub async fn call<C: Call>(&self, caller: ServiceName, call: &C) -> C::Reply {
        self.try_call(caller, call).await.expect("a reply")
    }

    /// # Errors
    /// The problem that it answers.
    pub async fn try_call<C: Call>(&self, caller: ServiceName, call: &C) -> Result<C::Reply, Problem> {
        let tokens = ServiceTokens::new(caller, self.keys[&caller].clone(), self.clock.clone());
        let token = tokens.token_for(self.name).expect("a service's token");
        person::call(&self.connections, &self.url, &token, call).await
    }

    /// A second process of the same service, beside the first: same database, same streams, same clock.
    pub async fn another(&self, service: Service) -> Pod {
        Pod::start(service, &self.env, &self.clock).await
    }

    /// The same person as seen by another process of the service.
    pub fn at(&self, pod: &Pod, person: &Person) -> Person {
        Person { base: pod.url.clone(), ..person.clone() }
    }

    fn person(&self, account: Option<(UserId, SessionId, Vec<Role>)>) -> Person {
        Person {
            base: self.url.clone(),
            connections: self.connections.clone(),
            tokens: UserTokens::new(self.keys[&ServiceName::Auth].clone(), self.clock.clone()),
            account,
            headers: HeaderMap::new(),
        }
    }
}

impl Setup {
    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// # Panics
    /// If it does not start.
    pub async fn start(self) -> TestService {
        let Setup { service, variables, clock } = self;
        show_warnings();
        let name = service.name;
        let topology = Topology::embedded().expect("the topology");
        let hears = service.handles.iter().filter_map(|kind| topology.event(kind)).map(|event| event.stream).collect();
        let keys: BTreeMap<ServiceName, SigningKey> =
            ServiceName::ALL.iter().map(|name| (*name, SigningKey::generate().expect("a key"))).collect();
        let service_keys = ServiceKeys::document(keys.iter().map(|(name, key)| (*name, key)));
        let key_set = JwkSet { keys: vec![keys[&ServiceName::Auth].public_jwk()] };
        let stubs = Stubs::start(key_set, &service_keys, &clock).await;
        let database = TestDatabase::create(service.migrations.expect("a service with a database")).await;
        let streams = crate::streams().await;

        let own = [
            ("APP_ENV", "local".to_owned()),
            ("PORT", "0".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("DATABASE_URL", database.service_url.clone()),
            ("STREAMS_URL", servers().await.streams_url.clone()),
            ("BUS_PREFIX", streams.prefix.clone()),
            ("JWT_SECRET", keys[&name].to_secret_string()),
            ("SERVICE_KEYS", service_keys),
        ];
        let others = ServiceName::ALL.iter().map(|s| (format!("{}_URL", s.as_str().to_uppercase()), stubs.url(*s)));
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let env = Env::from_values(own.chain(others)).with(variables);

        let config = BusConfig::from_env(&env).expect("the bus's variables");
        let options = BusOptions { prefix: streams.prefix, ..BusOptions::default() };
        let bus = bus::connect(&config, &options).expect("the bus");
        let pod = Pod::start(service, &env, &clock).await;
        TestService {
            name,
            url: pod.url.clone(),
            clock,
            stubs,
            pool: PgPool::connect(&database.owner_url).await.expect("the test's database"),
            pod,
            _database: database,
            env,
            keys,
            log: Log::new(bus.clone()),
            bus,
            hears,
            connections: client::connections(),
        }
    }
}

impl Pod {
    async fn start(service: Service, env: &Env, clock: &Clock) -> Self {
        let name = service.name;
        let settings = Settings { env: env.clone(), clock: clock.clone(), addresses: None };
        let mut bound = Bound::bind(vec![service], settings).await.expect("a port for the service");
        let (_, port) = bound.ports().expect("the service's port")[0];
        let url = format!("http://127.0.0.1:{port}");
        if name == ServiceName::Auth {
            // Auth publishes the key set itself.
            let env = env.with([("AUTH_URL".to_owned(), url.clone())]);
            let topology = Topology::embedded().expect("the topology");
            bound = bound.with_addresses(Addresses::from_env(&env, topology).expect("addresses"));
        }
        let process = bound.start().await.expect("the service starts");
        let stop = process.stopper();
        let running = tokio::spawn(async move {
            if let Err(error) = process.run().await {
                panic!("{name} went down: {error}");
            }
        });
        Pod { url, stop, running }
    }

    /// Ends it as a termination signal does, and waits until it has.
    pub async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.running).await.expect("the service ends in peace");
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.stop.cancel();
        self.running.abort();
    }
}

impl TestService {
    /// Ends the first process; the test goes on with another one.
    pub fn kill(&self) {
        self.pod.stop.cancel();
        self.pod.running.abort();
    }
}

/// What a service logs tells why a test failed; nextest shows it then.
fn show_warnings() {
    let _already = tracing_subscriber::fmt()
        .with_test_writer()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .try_init();
}
