//! `haat healthcheck`: asks the service that runs beside it whether it lives, or is ready. For an image without a shell, where
//! nothing else could ask.
//!
//! Deliberately absent: a runtime, a client, logging. It is started every few seconds, for as long as the service runs.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use platform::env::{Env, EnvError};
use platform::topology::{Topology, TopologyError};
use serde_json::Value;
use types::ServiceName;

/// Who has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer has a few hundred bytes; whatever else listens there may send without end.
const LONGEST_ANSWER: usize = 16 << 10;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Question {
    /// Is the process alive? (/health)
    Alive,
    /// Can it do its work? (/ready)
    Ready,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error("the port is not known: name a service, or set SERVICE_NAME or PORT")]
    NoService,
    #[error("the service takes any free port (PORT is 0), which cannot be known")]
    AnyPort,
    #[error("nothing answers on {address}: {reason}")]
    Silent { address: SocketAddr, reason: std::io::Error },
    #[error("no answer from {0} within {seconds} s", seconds = PATIENCE.as_secs())]
    Late(SocketAddr),
    #[error("{0} does not speak HTTP")]
    Stranger(SocketAddr),
    #[error("{question} on {address} is answered with {status}{lacks}")]
    Unwell { question: Question, address: SocketAddr, status: u16, lacks: String },
}

/// Asks where `haat serve` listens in the same environment: `PORT` (or `CART_PORT` and its like), by default the port that the
/// topology has for the service, and `BIND_ADDRESS`. The service is the one that is named, or `SERVICE_NAME`.
///
/// # Errors
/// The answer is not 200, or there is none within two seconds.
pub fn run(question: Question, service: Option<ServiceName>, env: &Env) -> Result<(), Error> {
    let address = address(service, env)?;
    let answer = ask(question, address)?;
    match status(&answer).ok_or(Error::Stranger(address))? {
        200 => Ok(()),
        status => Err(Error::Unwell { question, address, status, lacks: lacks(&answer) }),
    }
}

fn address(service: Option<ServiceName>, env: &Env) -> Result<SocketAddr, Error> {
    let service = match service {
        Some(service) => Some(service),
        None => env.optional("SERVICE_NAME")?,
    };
    let env = service.map_or_else(|| env.clone(), |service| env.for_service(service));
    let port = match (env.optional("PORT")?, service) {
        (Some(port), _) => port,
        (None, Some(service)) => Topology::embedded()?.port(service),
        (None, None) => return Err(Error::NoService),
    };
    if port == 0 {
        return Err(Error::AnyPort);
    }
    let address = match env.value("BIND_ADDRESS", IpAddr::V4(Ipv4Addr::UNSPECIFIED))? {
        IpAddr::V4(all) if all.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(all) if all.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    };
    Ok((address, port).into())
}

/// The answer as it comes, head and body.
fn ask(question: Question, address: SocketAddr) -> Result<Vec<u8>, Error> {
    let deadline = Instant::now() + PATIENCE;
    let failed = |reason: std::io::Error| match reason.kind() {
        // A socket's own deadline is told as "would block".
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Late(address),
        _ => Error::Silent { address, reason },
    };
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let request = format!("GET {question} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    loop {
        // Each piece may come just in time and all of them together too late.
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(Error::Late(address))?)).map_err(failed)?;
        let mut piece = [0; 1024];
        match stream.read(&mut piece) {
            Ok(0) => return Ok(answer),
            Ok(length) => answer.extend(piece.iter().take(length)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
        if answer.len() > LONGEST_ANSWER {
            return Ok(answer);
        }
    }
}

/// Of a status line such as `HTTP/1.1 200 OK`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

/// What /ready says is missing, as the end of a sentence.
fn lacks(answer: &[u8]) -> String {
    let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").and_then(|end| answer.get(end + 4..));
    let report: Value = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let parts = report["parts"].as_object().into_iter().flatten();
    let missing: Vec<String> = parts
        .filter_map(|(part, state)| Some((part, state.as_str()?)))
        .filter(|(_, state)| *state != "ok" && !state.ends_with("not needed") && *state != "not configured")
        .map(|(part, state)| format!("{part} {state}"))
        .collect();
    if missing.is_empty() { String::new() } else { format!(": {}", missing.join(", ")) }
}

/// As a path.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Question::Alive => "/health",
            Question::Ready => "/ready",
        })
    }
}
