//! What one machine can do: the whole platform under load, each figure beside its limit, measured in the same run.
//!
//! A command, never a test: figures depend on the machine, and a test must not. It starts a release `haat up` of its own and
//! drives it through the gateway as clients would; an answer that is not the expected one makes the run fail.

#![allow(clippy::float_arithmetic, reason = "figures are rates and ratios; nothing here is money")]

mod cart;
mod catalogue;
mod checkout;
mod customers;
mod error;
mod events;
mod http;
mod limits;
mod load;
mod machine;
mod platform;
mod processes;
mod read;
mod report;
mod run;
mod table;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use error::Error;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "bench", version, about = "Measures `haat up` on this machine, each figure beside its limit.")]
struct Arguments {
    /// What to measure.
    #[arg(value_enum, default_value = "all")]
    what: Vec<What>,
    #[command(flatten)]
    options: Options,
    /// Serves one answer for ever, as the limit where there is no nginx.
    #[arg(long, value_name = "FILE", hide = true)]
    bare: Option<PathBuf>,
}

#[derive(clap::Args, Clone)]
struct Options {
    /// How many products the shop has; several are measured one after another.
    #[arg(long, value_name = "N", default_value = "1000", value_delimiter = ',')]
    products: Vec<u32>,
    /// How long each figure is measured; as long again in fifths to warm up.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
    /// The bench's own directory, on the disk that is to be measured. Empty at first; the platforms' data in it is deleted.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    state: PathBuf,
    /// The binary that is measured; by default the one beside this.
    #[arg(long, value_name = "FILE")]
    haat: Option<PathBuf>,
    /// The gateway's port; the other services have the ten that follow.
    #[arg(long, value_name = "N", default_value_t = 21_000)]
    port_base: u16,
    /// Writes the tables into this document, between its two marks.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Appends each figure as a line of JSON; by default `figures.jsonl` in the bench's directory.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Everything that follows.
    All,
    /// Product detail, lists, searches.
    Read,
    /// Additions to carts.
    Cart,
    /// Orders from the cart to the confirmation, and how late their events' effects are.
    Checkout,
    /// Start-up times and memory alone.
    Start,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&error.to_string()),
    };
    match runtime.block_on(command(arguments)) {
        Ok(code) => code,
        Err(error) => failure(&error.to_string()),
    }
}

async fn command(arguments: Arguments) -> Result<ExitCode, Error> {
    if let Some(answers) = arguments.bare {
        limits::bare::serve(&answers).await?;
        return Ok(ExitCode::SUCCESS);
    }
    // Whatever was started ends when the run is dropped.
    tokio::select! {
        outcome = run::all(&arguments.what, &arguments.options) => {
            let report = outcome?;
            let _closed = writeln!(std::io::stdout(), "{}", report.markdown());
            Ok(if report.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        stopped = asked_to_stop() => {
            stopped.map_err(|error| Error::io("signals", error))?;
            Err(Error::failed("stopped"))
        }
    }
}

async fn asked_to_stop() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn failure(message: &str) -> ExitCode {
    eprintln!("bench: {message}");
    ExitCode::FAILURE
}

/// What a person reads meanwhile; standard output has the result alone.
fn say(text: &str) {
    eprintln!("{text}");
}

impl Options {
    fn window(&self) -> load::Window {
        let measured = Duration::from_secs(u64::from(self.seconds.max(1)));
        load::Window { warm_up: measured / 5, measured }
    }
}
