//! The servers that the services stand on, and the variables that lead there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use haat::up::{Infrastructure, Quiet, State};
use local::{PostgresOptions, PostgresServer, Replication};
use platform::identity::SigningKey;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::ScratchDirectory;
use types::ServiceName;

use crate::prepared;

pub struct Premises {
    pub infrastructure: Infrastructure,
    /// Of all services, as `haat` reads them.
    pub variables: BTreeMap<String, String>,
    pub state: ScratchDirectory,
}

impl Premises {
    /// Those of a shop that was open before.
    pub async fn of_a_shop() -> Self {
        let directory = ScratchDirectory::create();
        prepared::copy_to(directory.path()).await;
        let state = State::open(directory.path(), false).await.unwrap();
        let postgres = postgres(PostgresOptions::new(state.server("postgres")));
        let infrastructure = Infrastructure::start_with(state, postgres, &Quiet).await.unwrap();
        let mut variables: BTreeMap<_, _> = infrastructure.variables().into_iter().collect();
        for (name, value) in [
            ("APP_ENV", "local"),
            ("BIND_ADDRESS", "127.0.0.1"),
            // All processes together stay below what one server on this machine takes.
            ("DATABASE_CONNECTIONS", "5"),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        Premises { infrastructure, variables, state: directory }
    }

    /// A service's database is behind this port from now on.
    pub fn lead(&mut self, service: ServiceName, port: u16) {
        self.set(service, "DATABASE_URL", self.url_at(service, port));
    }

    /// A service's database, as the service itself, on the server behind this port.
    pub fn url_at(&self, service: ServiceName, port: u16) -> String {
        let own = self.infrastructure.postgres.port();
        self.infrastructure.service_url(service).replace(&format!(":{own}/"), &format!(":{port}/"))
    }

    /// The key that a service signs with.
    pub fn signing_key(&self, service: ServiceName) -> SigningKey {
        self.variables[&variable(service, "JWT_SECRET")].parse().unwrap()
    }

    pub fn unset(&mut self, service: ServiceName, name: &str) {
        self.variables.remove(&variable(service, name));
    }

    pub fn set(&mut self, service: ServiceName, name: &str, value: impl Into<String>) {
        self.variables.insert(variable(service, name), value.into());
    }
}

/// One that others can follow and that forgets nothing when it is killed. What is lost here are processes, not the machine: nobody
/// need wait for the disk.
pub fn postgres(options: PostgresOptions) -> PostgresOptions {
    let settings = [("synchronous_commit", "on"), ("full_page_writes", "on")];
    PostgresOptions {
        durable: false,
        replication: Replication::Primary,
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..options
    }
}

/// A service's own variable, where the environment is that of all.
pub fn variable(service: ServiceName, name: &str) -> String {
    format!("{}_{name}", service.as_str().to_uppercase())
}

/// As the superuser, in one of a server's databases.
pub fn url_of(server: &PostgresServer, database: &str) -> String {
    server.admin_url().replace("/postgres?", &format!("/{database}?"))
}

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

pub async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

/// What a statement says, as text. Empty if it says nothing.
pub async fn text(url: &str, sql: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let found = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_optional(&mut connection).await.unwrap();
    found.flatten().unwrap_or_default()
}
