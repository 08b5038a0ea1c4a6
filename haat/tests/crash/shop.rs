//! The platform as in production: each service a process of its own, on servers that the test can restart.

use std::collections::BTreeMap;

use haat::up::{Infrastructure, Quiet, State, environment_of, ports};
use platform::clock::Clock;
use sqlx::{Connection as _, PgConnection};
use testkit::{ScratchDirectory, eventually};
use types::ServiceName;

use crate::PATIENCE;
use crate::buyers::{Market, Paid};
use crate::process::{Haat, free_ports, reconcile, until_ready};

pub struct Shop {
    // The services before their servers, so that they end first.
    services: BTreeMap<ServiceName, Haat>,
    pub infrastructure: Infrastructure,
    pub market: Market,
    url: String,
    variables: Vec<(String, String)>,
    state: ScratchDirectory,
}

impl Shop {
    pub async fn open() -> Self {
        let directory = ScratchDirectory::create();
        let state = State::open(directory.path(), false).await.unwrap();
        let infrastructure = Infrastructure::start(state, &Quiet).await.unwrap();
        without_the_disk(&infrastructure).await;
        infrastructure.migrate().await.unwrap();
        infrastructure.seed(Clock::system().now()).await.unwrap();
        let first = free_ports(11);
        let ports: Vec<_> = ports::from(Some(first)).collect();
        infrastructure.publish(&ports).unwrap();
        let mut variables: Vec<_> = environment_of(directory.path()).unwrap().into_iter().collect();
        variables.push(("APP_ENV".to_owned(), "local".to_owned()));
        variables.push(("BIND_ADDRESS".to_owned(), "127.0.0.1".to_owned()));
        variables
            .extend(ports.iter().map(|(s, port)| (format!("{}_PORT", s.as_str().to_uppercase()), port.to_string())));
        let run = |service: &ServiceName| (*service, Haat::spawn(&["serve", service.as_str()], variables.clone()));
        let services = ServiceName::ALL.iter().map(run).collect();
        let url = format!("http://127.0.0.1:{first}");
        until_ready(&url).await;
        let market = Market::visit(&url, infrastructure.signing_key(ServiceName::Auth).unwrap()).await;
        Shop { services, infrastructure, market, url, variables, state: directory }
    }

    pub fn kill(&mut self, service: ServiceName) {
        self.services.get_mut(&service).unwrap().kill();
    }

    pub async fn start_again(&mut self, service: ServiceName) {
        self.services.insert(service, Haat::spawn(&["serve", service.as_str()], self.variables.clone()));
        until_ready(&self.url).await;
    }

    /// All is well: no process has ended that nobody killed, people can log in, no customer was let down, and the books agree.
    pub async fn is_in_order(&mut self, bought: &[Paid]) {
        for (service, process) in &mut self.services {
            assert!(process.is_running(), "{service} has ended by itself");
        }
        until_ready(&self.url).await;
        self.market.log_in().await;
        self.market.keeps_its_word(bought).await;
        eventually(PATIENCE, || async { reconcile(self.state.path()) }).await;
    }
}

/// What is killed here are processes, not the machine: nobody need wait for the disk.
async fn without_the_disk(infrastructure: &Infrastructure) {
    let mut connection = PgConnection::connect(&infrastructure.postgres.admin_url()).await.unwrap();
    for statement in ["ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
}
