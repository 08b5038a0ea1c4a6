//! What is wrong with a set-up, and what to do about it: `haat doctor`.

mod machine;
mod service;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use platform::env::Env;
use platform::topology::{Topology, TopologyError};
use types::ServiceName;

use crate::up::{StateError, environment_of};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// One thing that was looked at: what it is, and what is wrong with it.
struct Finding {
    what: String,
    wrong: Option<String>,
}

impl Finding {
    fn new<T>(what: impl Into<String>, result: Result<T, impl std::fmt::Display>) -> Self {
        Finding { what: what.into(), wrong: result.err().map(|error| error.to_string()) }
    }
}

/// Looks at this machine and at what `haat up` keeps and runs on it; if services are named, at their configuration and their
/// neighbours: the environment's, or that of the state directory. Fails if something is wrong.
pub async fn run(names: &[ServiceName], state: Option<&Path>, port_base: u16, env: &Env) -> Result<ExitCode, Error> {
    let topology = Topology::embedded()?;
    let mut findings = Vec::new();
    if names.is_empty() {
        let state = state.unwrap_or(Path::new(".haat"));
        let (found, runs) = machine::look(state, port_base).await;
        findings.extend(found);
        if runs {
            let env = env.with_default("APP_ENV", "local").with(environment_of(state)?);
            findings.extend(service::look(ServiceName::ALL, &env, topology).await);
        }
    } else {
        let env = match state {
            Some(state) => env.with_default("APP_ENV", "local").with(environment_of(state)?),
            None => env.clone(),
        };
        findings.extend(service::look(names, &env, topology).await);
    }
    let wrong = findings.iter().filter(|finding| finding.wrong.is_some()).count();
    let mut text = String::new();
    for Finding { what, wrong } in findings {
        let _infallible = match wrong {
            None => writeln!(text, "  ✓ {what}"),
            Some(wrong) => writeln!(text, "  ✗ {what}: {wrong}"),
        };
    }
    text.push_str(&match wrong {
        0 => "Nothing is wrong.\n".to_owned(),
        1 => "1 thing is wrong.\n".to_owned(),
        count => format!("{count} things are wrong.\n"),
    });
    let _closed = std::io::stdout().write_all(text.as_bytes());
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
