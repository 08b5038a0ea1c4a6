//! The whole platform on one machine: `haat up`.
//!
//! A private PostgreSQL and two Redis servers as child processes, and all eleven services in this process, each on its own
//! port, talking to each other as they do in the cloud.

mod demo;
mod infrastructure;
mod progress;
mod state;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use local::LocalError;
use platform::client::Addresses;
use platform::clock::Clock;
use platform::env::{Env, EnvError};
use platform::service::{BootError, Bound, Process, Settings};
use types::ServiceName;

pub use infrastructure::Infrastructure;
pub use progress::{Progress, Quiet, Terminal};
pub use state::{State, StateError, environment_of};

use crate::{serve, services};

pub struct Options {
    pub state: PathBuf,
    /// The gateway's port, and the ten that follow; free ones if absent.
    pub port_base: Option<u16>,
    pub reset: bool,
    pub demo: bool,
    /// Further generated products, for measurements.
    pub products: u32,
    pub env: Env,
}

#[derive(Debug, thiserror::Error)]
pub enum UpError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Server(#[from] LocalError),
    #[error("{0}: {1}")]
    Migration(ServiceName, platform::db::MigrateError),
    #[error("demo data of {0}: {1}")]
    Demo(ServiceName, sqlx::Error),
    #[error(transparent)]
    Boot(#[from] BootError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("the services did not become ready: {0}")]
    NotReady(String),
}

/// A platform that runs and is ready.
pub struct LocalPlatform {
    pub infrastructure: Infrastructure,
    pub ports: Vec<(ServiceName, u16)>,
    pub clock: Clock,
    process: Process,
}

impl LocalPlatform {
    /// Starts everything, and returns when every service is ready.
    pub async fn start(options: Options, progress: &dyn Progress) -> Result<Self, UpError> {
        let Options { state, port_base, reset, demo, products, env } = options;
        let state = State::open(&state, reset)?;
        // Before anything else: a port in use must not leave half a platform behind.
        let local = |name: &str, port: u16| (format!("{}_PORT", name.to_uppercase()), port.to_string());
        let ports = ServiceName::ALL
            .iter()
            .zip(0..)
            .map(|(service, n)| local(service.as_str(), port_base.map_or(0, |base| base.saturating_add(n))));
        let env = env.with(ports).with([("BIND_ADDRESS".to_owned(), Ipv4Addr::LOCALHOST.to_string())]);
        let clock = Clock::system();
        let settings = Settings { env: env.clone(), clock: clock.clone(), addresses: None };
        let bound = Bound::bind(services::all(), settings).await?;
        let ports = bound.ports()?;

        let infrastructure = Infrastructure::start(state, progress).await?;
        progress.step("migrations", infrastructure.migrate()).await?;
        if demo {
            progress.step("demo data", demo::seed(&infrastructure, clock.now(), products)).await?;
        }
        let services = async {
            let bound =
                bound.with_addresses(Addresses::on_loopback(ports.clone())).with_env(infrastructure.variables());
            let process = bound.start().await?;
            let gateway =
                ports.iter().find(|(service, _)| *service == ServiceName::Gateway).map_or(0, |(_, port)| *port);
            infrastructure::until_ready(gateway).await?;
            Ok::<_, UpError>(process)
        };
        let process = progress.step("eleven services", services).await?;
        Ok(LocalPlatform { infrastructure, ports, clock, process })
    }

    /// The gateway's base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(ServiceName::Gateway))
    }

    pub fn port(&self, service: ServiceName) -> u16 {
        self.ports.iter().find(|(name, _)| *name == service).map_or(0, |(_, port)| *port)
    }

    /// Ends the services, then the servers.
    pub async fn stop(self) -> Result<(), UpError> {
        self.process.stopper().cancel();
        let ended = self.process.run().await;
        self.infrastructure.stop().await;
        Ok(ended?)
    }

    /// Runs until a signal comes or something dies.
    async fn run(self) -> Result<ExitCode, UpError> {
        let stop = self.process.stopper();
        let watch = async {
            tokio::select! {
                _ = serve::asked_to_stop() => Ok(()),
                death = self.infrastructure.exited() => Err(UpError::Server(death)),
            }
        };
        let mut services = std::pin::pin!(self.process.run());
        let watched = tokio::select! {
            ended = &mut services => {
                self.infrastructure.stop().await;
                return ended.map(|()| ExitCode::SUCCESS).map_err(UpError::from);
            }
            watched = watch => watched,
        };
        stop.cancel();
        let ended = services.await;
        self.infrastructure.stop().await;
        watched?;
        ended?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `haat up`: starts, says where everything is, and runs until it is told to stop.
pub async fn run(options: Options) -> Result<ExitCode, UpError> {
    let started = Instant::now();
    let terminal = Terminal::new();
    let platform = LocalPlatform::start(options, &terminal).await?;
    terminal.say(&welcome(&platform, started.elapsed().as_secs_f64()));
    let result = platform.run().await;
    terminal.say("Stopped. The data is kept; the next `haat up` goes on with it.");
    result
}

fn welcome(platform: &LocalPlatform, seconds: f64) -> String {
    let url = platform.url();
    let services: Vec<String> = platform.ports.iter().map(|(service, port)| format!("{service} {port}")).collect();
    let accounts: Vec<String> = DEMO_ACCOUNTS
        .iter()
        .map(|account| {
            let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
            format!("  {:<28} {}", account.email, roles.join(", "))
        })
        .collect();
    format!(
        "
Haat is ready after {seconds:.1} s.

  {url}        the services, the demo accounts, where to go
  {url}/docs/  the API, to try

Demo accounts (password {DEMO_PASSWORD}):
{}

Services: {}

Try, in another terminal:
  haat tour --gateway {url}
  curl -s '{url}/api/v1/products/search?q=kurta'

Ctrl-C stops everything.",
        accounts.join("\n"),
        services.join(", ")
    )
}
