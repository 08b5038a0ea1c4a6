//! The whole platform on one machine: `haat up`.
//!
//! A private PostgreSQL and two Redis servers as child processes, and all eleven services in this process, each on its own
//! port, talking to each other as they do in the cloud.

mod demo;
mod error;
mod infrastructure;
pub mod ports;
mod progress;
mod state;
mod welcome;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use local::Binaries;
use platform::client::Addresses;
use platform::clock::Clock;
use platform::env::Env;
use platform::service::{self, Bound, Process, Settings};
use types::ServiceName;

pub use error::UpError;
pub use infrastructure::Infrastructure;
pub use progress::{Progress, Quiet, Terminal};
pub use state::{Secrets, State, StateError, check as check_state, environment_of};

use crate::machine::{self, OPEN_FILES_NEEDED};
use crate::services;
use crate::signals::{ENDED_AT_ONCE, StopSignals};
use demo::Demo;

pub struct Options {
    pub state: PathBuf,
    /// The gateway's port, and the ten that follow; free ones if absent.
    pub port_base: Option<u16>,
    pub reset: bool,
    /// A shop to buy from; without it there are only the accounts to log in with.
    pub demo: bool,
    /// Further generated products, for measurements.
    pub products: u32,
    pub env: Env,
}

/// A platform that runs and is ready.
pub struct LocalPlatform {
    pub infrastructure: Infrastructure,
    pub ports: Vec<(ServiceName, u16)>,
    pub clock: Clock,
    process: Process,
}

impl LocalPlatform {
    /// Starts everything, and returns when every service is ready. If anything fails, nothing runs any more.
    pub async fn start(options: Options, progress: &dyn Progress) -> Result<Self, UpError> {
        let state = open(&options).await?;
        let (directory, _held) = (state.directory().to_owned(), state.hold());
        match Self::start_on(state, options, progress).await {
            Err(error) => Err(given_up(error, &directory).await),
            started => started,
        }
    }

    /// What is dropped halfway leaves servers that are just ending.
    async fn start_on(state: State, options: Options, progress: &dyn Progress) -> Result<Self, UpError> {
        let Options { port_base, demo, products, env, .. } = options;
        // Before anything else: a port in use or a wrong variable must not leave half a platform behind.
        let ports = ports::from(port_base)
            .map(|(service, port)| (format!("{}_PORT", infrastructure::variable(service)), port.to_string()));
        let env = env.with(ports).with([("BIND_ADDRESS".to_owned(), Ipv4Addr::LOCALHOST.to_string())]);
        let clock = Clock::system();
        let settings = Settings { env: env.clone(), clock: clock.clone(), addresses: None };
        let services = services::all();
        let expected = infrastructure::expected_variables(&state).map_err(UpError::State)?;
        service::check(&services, &Settings { env: env.with(expected), ..settings.clone() })?;
        Binaries::find().map_err(UpError::on(state.directory()))?;
        let bound = ports::bind(services, settings, port_base).await?;
        let ports = bound.ports()?;

        let infrastructure = Infrastructure::start(state, progress).await?;
        progress.step("migrations", infrastructure.migrate()).await?;
        let demo = if demo { Demo::Shop { products } } else { Demo::Accounts };
        progress.step("demo data", demo::seed(&infrastructure, clock.now(), demo)).await?;
        infrastructure.publish(&ports)?;
        let process = progress.step("eleven services", serve(bound, &ports, &infrastructure)).await?;
        Ok(LocalPlatform { infrastructure, ports, clock, process })
    }

    /// The gateway's base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(ServiceName::Gateway))
    }

    pub fn port(&self, service: ServiceName) -> u16 {
        port_of(&self.ports, service)
    }

    /// Ends the services, then the servers.
    pub async fn stop(self) -> Result<(), UpError> {
        self.process.stopper().cancel();
        let ended = self.process.run().await;
        self.infrastructure.stop().await;
        Ok(ended?)
    }

    /// Runs until a signal comes or something dies; a second signal ends it at once.
    async fn run(self, signals: &mut StopSignals, terminal: &Terminal) -> Result<ExitCode, UpError> {
        let LocalPlatform { infrastructure, process, .. } = self;
        let checkpoint = infrastructure.postgres.checkpoint();
        tokio::spawn(async move {
            if let Err(error) = checkpoint.await {
                tracing::debug!(%error, "stopped before everything was on the disk");
            }
        });
        let stop = process.stopper();
        let mut services = std::pin::pin!(process.run());
        let (mut ended, mut death) = (None, None);
        tokio::select! {
            result = &mut services => ended = Some(result),
            error = infrastructure.exited() => death = Some(error),
            () = signals.next() => terminal.say("\nStopping. Ctrl-C once more ends it at once."),
        }
        stop.cancel();
        let end = async {
            let ended = match ended {
                Some(ended) => ended,
                None => services.await,
            };
            infrastructure.stop().await;
            ended
        };
        let ended = tokio::select! {
            ended = end => ended,
            () = signals.next() => {
                infrastructure.stop_at_once().await;
                terminal.say("Ended at once. What was answered is kept.");
                return Ok(ExitCode::from(ENDED_AT_ONCE));
            }
        };
        death.map_or(Ok(()), Err)?;
        ended?;
        terminal.say("Stopped. The data is kept; the next `haat up` goes on with it.");
        Ok(ExitCode::SUCCESS)
    }
}

/// `haat up`: starts, says where everything is, and runs until it is told to stop.
pub async fn run(options: Options) -> Result<ExitCode, UpError> {
    let mut signals = StopSignals::new().map_err(UpError::Signals)?;
    let (limit, needed) = (machine::raise_open_files(), OPEN_FILES_NEEDED);
    if limit < needed {
        return Err(UpError::OpenFiles { limit, needed });
    }
    let started = Instant::now();
    let terminal = Terminal::new();
    let demo = options.demo;
    let state = open(&options).await?;
    let (directory, _held) = (state.directory().to_owned(), state.hold());
    let platform = tokio::select! {
        started = LocalPlatform::start_on(state, options, &terminal) => Some(started),
        () = signals.next() => None,
    };
    match platform {
        Some(Ok(platform)) => {
            terminal.say(&welcome::text(&platform, demo, started.elapsed()));
            platform.run(&mut signals, &terminal).await.map_err(|error| error.or_full_disk(&directory))
        }
        Some(Err(error)) => Err(given_up(error, &directory).await),
        None => {
            servers_ended(&directory).await?;
            terminal.say("Stopped before it was ready. The next `haat up` goes on from here.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(options: &Options) -> Result<State, UpError> {
    let opened = State::open(&options.state, options.reset).await;
    opened.map_err(|error| UpError::state(error, &options.state))
}

async fn serve(
    bound: Bound,
    ports: &[(ServiceName, u16)],
    infrastructure: &Infrastructure,
) -> Result<Process, UpError> {
    let addresses = Addresses::on_loopback(ports.iter().copied());
    let process = bound.with_addresses(addresses).with_env(infrastructure.variables()).start().await?;
    infrastructure::until_ready(port_of(ports, ServiceName::Gateway)).await?;
    Ok(process)
}

/// The error of a start, once nothing of it runs any more.
async fn given_up(error: UpError, directory: &Path) -> UpError {
    let error = error.or_full_disk(directory);
    servers_ended(directory).await.err().unwrap_or(error)
}

async fn servers_ended(directory: &Path) -> Result<(), UpError> {
    state::wait_until_servers_ended(directory).await.map_err(UpError::on(directory))
}

fn port_of(ports: &[(ServiceName, u16)], service: ServiceName) -> u16 {
    ports.iter().find(|(name, _)| *name == service).map_or(0, |(_, port)| *port)
}
