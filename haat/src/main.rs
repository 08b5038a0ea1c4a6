//! The one binary. A pod runs `haat serve <service>`; a developer runs `haat up`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use haat::dead_letters::{self, Place};
use haat::{autoscale, database_setup, doctor, healthcheck, openapi, reconcile, serve, topology, tour, up};
use platform::env::Env;
use platform::telemetry::{self, TelemetryConfig};
use types::ServiceName;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The e-commerce platform for a shop in India.
#[derive(Parser)]
#[command(name = "haat", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the whole platform on this machine, with servers of its own and demo data.
    Up {
        /// Where the data is kept.
        #[arg(long, default_value = ".haat", value_name = "DIR")]
        state: PathBuf,
        /// The gateway's port, and the other services have the ten that follow; 0 takes any that are free.
        #[arg(long, default_value_t = DEFAULT_PORT_BASE, value_name = "N", value_parser = port_base())]
        port_base: u16,
        /// Begin anew: all data in the state directory is deleted, without a question.
        #[arg(long)]
        reset: bool,
        /// An empty shop: no products, coupons or shipping rates, only the accounts to log in with.
        #[arg(long)]
        no_demo: bool,
        /// How many products the demo shop has.
        #[arg(long, default_value_t = 0, value_name = "N", hide = true)]
        products: u32,
    },
    /// Run services against infrastructure that the environment names.
    Serve {
        #[arg(required = true)]
        services: Vec<ServiceName>,
    },
    /// Bring services' databases up to date (DATABASE_OWNER_URL, or DATABASE_URL).
    Migrate {
        #[arg(required = true)]
        services: Vec<ServiceName>,
    },
    /// Make services' databases and roles, or set the roles' passwords anew (DATABASE_ADMIN_URL, DATABASE_OWNER_URL, DATABASE_URL).
    DatabaseSetup {
        #[arg(required = true)]
        services: Vec<ServiceName>,
    },
    /// Ask the service that runs beside this (SERVICE_NAME) whether it is alive, or ready.
    Healthcheck {
        #[arg(value_enum, default_value = "alive")]
        question: healthcheck::Question,
        /// This one, not the one that SERVICE_NAME names.
        #[arg(long, value_name = "NAME")]
        service: Option<ServiceName>,
    },
    /// Print a service's OpenAPI document, or write all of them into a directory.
    Openapi {
        service: Option<ServiceName>,
        #[arg(long, value_name = "DIR", conflicts_with = "service")]
        write: Option<PathBuf>,
    },
    /// Print the map of the system.
    Topology {
        /// As Mermaid diagrams.
        #[arg(long)]
        mermaid: bool,
    },
    /// Walk an order's whole life through the gateway, as a client would.
    Tour {
        #[arg(long, default_value = "http://127.0.0.1:3000", value_name = "URL")]
        gateway: String,
    },
    /// Hold the services' books against each other: money, stock, coupons, invoices, what is stuck.
    Reconcile {
        /// The state directory of `haat up`; otherwise the environment names the databases.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
    },
    /// Events that nobody could handle.
    DeadLetters {
        /// The state directory of `haat up`; otherwise the environment names the streams, queues and databases.
        #[arg(long, value_name = "DIR", global = true)]
        state: Option<PathBuf>,
        #[command(subcommand)]
        command: DeadLetters,
    },
    /// Give the databases in Oracle's cloud more OCPUs when they are short of them, and fewer when they are calm.
    Autoscale {
        /// Look and decide, but change nothing. Needs no Kubernetes.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say what is wrong with this machine and what `haat up` keeps on it, or with the configuration of services.
    Doctor {
        /// These, as the environment configures them; without any, this machine is looked at.
        services: Vec<ServiceName>,
        /// The state directory of `haat up` to look at.
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,
        /// The gateway's port, as `haat up` has it.
        #[arg(long, default_value_t = DEFAULT_PORT_BASE, value_name = "N", value_parser = port_base())]
        port_base: u16,
    },
}

const DEFAULT_PORT_BASE: u16 = 3000;

/// Eleven ports must follow each other.
fn port_base() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(..=i64::from(up::ports::LAST_BASE))
}

/// A place is a queue, or a service that reads streams itself.
#[derive(Subcommand)]
enum DeadLetters {
    /// All of a place, or of every place.
    List { place: Option<Place> },
    /// One in full.
    Show { place: Place, id: String },
    /// Put them to work again.
    Redrive {
        place: Place,
        /// These; all if none is named.
        ids: Vec<String>,
    },
    /// Delete them for good, and print them in full.
    Purge {
        place: Place,
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// How many tasks a worker runs before it looks for what has become ready, and for tasks that have made room for others. A new
/// connection to PostgreSQL makes room some 800 times while it works out its password's proof: with tokio's 61, that
/// takes seconds under load.
const TASKS_BETWEEN_EVENTS: u32 = 11;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Two providers of cryptography are among the dependencies' features; this one is ours.
    let _already_there = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut runtime = match arguments.command {
        // Started every few seconds for one question: threads would be most of its work.
        Command::Healthcheck { .. } => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match runtime.enable_all().event_interval(TASKS_BETWEEN_EVENTS).build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&error.to_string()),
    };
    let code = match runtime.block_on(run(arguments.command)) {
        Ok(code) => code,
        Err(message) => failure(&message),
    };
    // What is still being worked on in a thread of its own is for nobody any more.
    runtime.shutdown_background();
    code
}

fn failure(message: &str) -> ExitCode {
    eprintln!("haat: {message}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<ExitCode, String> {
    let env = Env::of_process();
    match command {
        Command::Up { state, port_base, reset, no_demo, products } => {
            let env = env.with_default("LOG_LEVEL", "warn").with_default("APP_ENV", "local");
            let _telemetry = log(&env, "haat")?;
            let port_base = Some(port_base).filter(|base| *base > 0);
            let options = up::Options { state, port_base, reset, demo: !no_demo, products, env };
            up::run(options).await.map_err(text)
        }
        Command::Serve { services } => {
            let name = match services.as_slice() {
                [one] => one.as_str(),
                _ => "haat",
            };
            let _telemetry = log(&env, name)?;
            serve::serve(&services, env).await.map_err(text)
        }
        Command::Migrate { services } => {
            let _telemetry = log(&env, "haat")?;
            serve::migrate(&services, &env).await.map_err(text)
        }
        Command::DatabaseSetup { services } => {
            let _telemetry = log(&env, "haat")?;
            database_setup::run(&services, &env).await.map_err(text)
        }
        Command::Healthcheck { question, service } => {
            healthcheck::run(question, service, &env).map_err(text)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi { service: Some(service), .. } => print(&openapi::document(service).map_err(text)?),
        Command::Openapi { write: Some(directory), .. } => print(&openapi::write(&directory).map_err(text)?),
        Command::Openapi { .. } => Err("name a service, or --write DIR".to_owned()),
        Command::Topology { mermaid } => print(&topology::run(mermaid).map_err(text)?),
        Command::Tour { gateway } => tour::run(&gateway).await.map_err(text),
        Command::Reconcile { state } => {
            let _telemetry = log(&env.with_default("LOG_LEVEL", "warn"), "haat")?;
            reconcile::run(state.as_deref(), &env).await.map_err(text)
        }
        Command::DeadLetters { state, command } => {
            let letters = dead_letters::DeadLetters::open(state.as_deref(), &env).map_err(text)?;
            let printed = match command {
                DeadLetters::List { place } => letters.list(place).await,
                DeadLetters::Show { place, id } => letters.show(place, &id).await,
                DeadLetters::Redrive { place, ids } => letters.redrive(place, &ids).await,
                DeadLetters::Purge { place, ids } => letters.purge(place, &ids).await,
            };
            print(&printed.map_err(text)?)
        }
        Command::Autoscale { dry_run } => {
            let _telemetry = log(&env, "autoscale")?;
            autoscale::run(dry_run, &env).await.map_err(text)
        }
        Command::Doctor { services, state, port_base } => {
            doctor::run(&services, state.as_deref(), port_base, &env).await.map_err(text)
        }
    }
}

fn log(env: &Env, service: &str) -> Result<telemetry::Guard, String> {
    let config = TelemetryConfig::from_env(env, service).map_err(text)?;
    telemetry::init(config).map_err(text)
}

fn print(output: &str) -> Result<ExitCode, String> {
    use std::io::Write as _;
    // A reader that has seen enough (`| head`) is no error.
    let _closed = writeln!(std::io::stdout(), "{}", output.trim_end());
    Ok(ExitCode::SUCCESS)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
