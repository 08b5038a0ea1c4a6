//! What the machine could do at most: the same bytes from a server that does nothing for them, and PostgreSQL's own benchmark on
//! the same server.

pub mod bare;
pub mod nginx;
pub mod pgbench;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::{HeaderName, header};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::process::Child;

use crate::error::Error;
use crate::http::{Answer, Connection, Person, Unexpected};
use crate::load::{Done, Work};
use crate::processes::{Group, Processes};

/// An answer of the platform's, to be given by somebody else.
#[derive(Clone, Serialize, Deserialize)]
pub struct Canned {
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What every server writes by itself.
const OWN: [HeaderName; 2] = [header::DATE, header::CONTENT_LENGTH];

impl Canned {
    pub fn of(answer: &Answer) -> Result<Self, Error> {
        let headers = answer.headers.iter().filter(|(name, _)| !OWN.contains(name));
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let body = String::from_utf8(answer.body.to_vec());
        let body = body.map_err(|_| Error::failed("an answer is no text"))?;
        Ok(Canned { headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(), body })
    }
}

/// A server that gives canned answers, by path. Dropped, it is asked to end.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask_to_end();
    }
}

impl Server {
    /// nginx if it is there, else a bare hyper.
    pub async fn start(directory: &Path, port: u16, answers: &BTreeMap<String, Canned>) -> Result<Self, Error> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (name, child) = match nginx::find() {
            Some(binary) => ("nginx", nginx::spawn(&binary, directory, address, answers)?),
            None => ("bare hyper", bare::spawn(directory, address, answers)?),
        };
        let mut server = Server { name, address, child };
        server.until_it_answers(answers).await?;
        Ok(server)
    }

    pub fn processes(&self) -> Result<Processes, Error> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let leaders = vec![pid.ok_or_else(|| Error::failed(format!("{} has ended by itself", self.name)))?];
        Processes::new(vec![Group { name: "limit", leaders, with_children: true }])
    }

    pub async fn stop(mut self) -> Result<(), Error> {
        self.ask_to_end();
        self.child.wait().await.map(drop).map_err(|error| Error::io(self.name, error))
    }

    /// nginx's workers end with their master only when it is asked to end, so nobody is killed here.
    fn ask_to_end(&self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        // It may have ended by itself.
        let _asked = pid.map(|pid| kill_process(pid, Signal::TERM));
    }

    /// Waits, and sees that every answer is the same, byte by byte.
    async fn until_it_answers(&mut self, answers: &BTreeMap<String, Canned>) -> Result<(), Error> {
        let (started, mut connection) = (Instant::now(), Connection::new(self.address));
        for (path, canned) in answers {
            loop {
                match connection.get(path, &Person::default()).await {
                    Ok(answer) if Canned::of(&answer)?.is_as(canned) => break,
                    Ok(answer) => answer.expect("GET", path, false)?,
                    Err(error) if started.elapsed() > Duration::from_secs(5) => return Err(error.into()),
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        }
        Ok(())
    }
}

impl Canned {
    /// The same body, and all the headers; a server may add its own.
    fn is_as(&self, other: &Canned) -> bool {
        self.body == other.body && other.headers.iter().all(|header| self.headers.contains(header))
    }
}

/// Asks for a canned answer over and over.
pub struct Taker {
    pub path: String,
    pub size: usize,
}

impl Work for Taker {
    async fn once(&mut self, connection: &mut Connection) -> Result<Done, Unexpected> {
        let started = Instant::now();
        let answer = connection.get(&self.path, &Person::default()).await?;
        let took = started.elapsed();
        answer.expect("GET", &self.path, answer.status.is_success() && answer.body.len() == self.size)?;
        Ok(Done { took, size: answer.body.len() })
    }
}

/// The first program of this name on the PATH or where servers are installed.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
