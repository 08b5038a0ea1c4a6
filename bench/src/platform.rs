//! `haat up` as a process of its own, on a state directory of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::process::{Child, Command};

use crate::error::Error;
use crate::http::{Connection, Person};
use crate::processes::{Group, Processes, noted_in};

/// With a hundred thousand products the first start takes a while.
const START: Duration = Duration::from_secs(900);
const STOP: Duration = Duration::from_secs(60);
/// The superuser of the platform's own PostgreSQL.
const SUPERUSER: &str = "haat";
/// It has a variable for one all the same.
const WITHOUT_DATABASE: &str = "GATEWAY";
/// What a crowd from one address needs; everything else is as a customer of the shop would find it.
const SETTINGS: [(&str, &str); 3] = [
    ("GATEWAY_LIMIT_PER_ADDRESS", "100000000"),
    ("GATEWAY_LIMIT_PER_USER", "100000000"),
    ("AUTH_REQUESTS_PER_ADDRESS", "100000000"),
];

/// What does not change between two starts.
pub struct Site {
    pub binary: PathBuf,
    pub directory: PathBuf,
    pub port: u16,
    pub products: u32,
}

/// A platform that runs. Dropped, it is killed.
pub struct Platform {
    site: Site,
    child: Child,
    /// From the process's start until the gateway said that every service is ready.
    pub ready_after: Duration,
}

impl Site {
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Starts the platform; `anew` deletes what this directory has of an earlier run.
    pub async fn start(self, anew: bool) -> Result<Platform, Error> {
        let state = self.directory.join("state");
        let log = self.directory.join("haat.log");
        let output = File::create(&log).map_err(|error| Error::io(log.display(), error))?;
        let errors = output.try_clone().map_err(|error| Error::io(log.display(), error))?;
        let mut command = Command::new(&self.binary);
        command.arg("up").arg("--state").arg(&state).arg("--port-base").arg(self.port.to_string());
        command.arg("--products").arg(self.products.to_string()).args(anew.then_some("--reset"));
        // Nothing of this shell's settings may change what is measured.
        command.env_clear().envs(SETTINGS).envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().map_err(|error| Error::io(self.binary.display(), error))?;
        let mut platform = Platform { site: self, child, ready_after: Duration::ZERO };
        platform.until_ready(started).await?;
        platform.ready_after = started.elapsed();
        Ok(platform)
    }
}

impl Platform {
    pub fn address(&self) -> SocketAddr {
        self.site.address()
    }

    pub fn directory(&self) -> &Path {
        &self.site.directory
    }

    /// Asks it to end as Ctrl-C would, and waits.
    pub async fn stop(mut self) -> Result<Site, Error> {
        let signalled = self.pid().map(|pid| kill_process(pid, Signal::TERM));
        if !matches!(signalled, Some(Ok(()))) {
            return Err(Error::failed("haat has ended by itself"));
        }
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        match ended {
            Ok(Ok(status)) if status.success() => Ok(self.site),
            Ok(Ok(status)) => Err(self.trouble(&format!("haat ended with {status}"))),
            Ok(Err(error)) => Err(Error::io("haat", error)),
            Err(_) => Err(self.trouble("haat does not end")),
        }
    }

    /// The platform's processes: the services together, PostgreSQL, and the two Redis.
    pub fn processes(&self) -> Result<Processes, Error> {
        let state = self.site.directory.join("state");
        let server = |name: &str| noted_in(&state.join(name).join("server.pid"));
        let haat = self.pid().ok_or_else(|| Error::failed("haat has ended by itself"))?;
        Processes::new(vec![
            Group { name: "haat", leaders: vec![haat.as_raw_nonzero().get()], with_children: false },
            Group { name: "PostgreSQL", leaders: vec![server("postgres")?], with_children: true },
            Group { name: "Redis", leaders: vec![server("cache")?, server("streams")?], with_children: false },
        ])
    }

    /// Where the databases of the services are, by service, as the superuser reaches them.
    pub fn databases(&self) -> Result<BTreeMap<String, PgConnectOptions>, Error> {
        let state = self.site.directory.join("state");
        let file = state.join("environment.json");
        let text = fs::read_to_string(&file).map_err(|error| Error::io(file.display(), error))?;
        let variables: BTreeMap<String, String> =
            serde_json::from_str(&text).map_err(|error| Error::failed(format!("{}: {error}", file.display())))?;
        let file = state.join("postgres").join("password");
        let password = fs::read_to_string(&file).map_err(|error| Error::io(file.display(), error))?;
        let urls = variables.iter().filter_map(|(name, url)| Some((name.strip_suffix("_DATABASE_URL")?, url)));
        let urls = urls.filter(|(service, _)| *service != WITHOUT_DATABASE);
        let options = urls.map(|(service, url)| {
            let options: PgConnectOptions = url.parse()?;
            Ok((
                service.to_lowercase(),
                options.username(SUPERUSER).password(password.trim()).disable_statement_logging(),
            ))
        });
        options.collect()
    }

    /// The PostgreSQL's own database, with the superuser's password.
    pub async fn administrator(&self) -> Result<(PgConnection, PgConnectOptions, String), Error> {
        let file = self.site.directory.join("state/postgres/password");
        let password = fs::read_to_string(&file).map_err(|error| Error::io(file.display(), error))?;
        let any = self.databases()?.into_values().next();
        let options = any.ok_or_else(|| Error::failed("the platform names no database"))?.database("postgres");
        let connection = PgConnection::connect_with(&options).await?;
        Ok((connection, options, password.trim().to_owned()))
    }

    /// Holds the services' books against each other: what was measured was right only if they agree.
    pub async fn reconcile(&self) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let started = Instant::now();
        loop {
            let mut command = Command::new(&self.site.binary);
            command.arg("reconcile").arg("--state").arg(self.site.directory.join("state"));
            command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
            let output = command.output().await.map_err(|error| Error::io(self.site.binary.display(), error))?;
            if output.status.success() {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                let found = [output.stdout, output.stderr].concat();
                return Err(Error::failed(format!("the books do not agree: {}", String::from_utf8_lossy(&found))));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Until nothing is on its way any more: every event has been published, and what it brings about is done.
    pub async fn until_quiet(&self) -> Result<(), Error> {
        const CALM: Duration = Duration::from_millis(1500);
        const PATIENCE: Duration = Duration::from_secs(60);
        let started = Instant::now();
        let mut last = (self.events_done().await?, Instant::now());
        while last.1.elapsed() < CALM {
            if started.elapsed() > PATIENCE {
                return Err(self.trouble("events are still on their way after a minute"));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            let now = self.events_done().await?;
            if now != last.0 || now.1 > 0 {
                last = (now, Instant::now());
            }
        }
        Ok(())
    }

    /// How many events have had their effects, and how many wait to be published.
    async fn events_done(&self) -> Result<(i64, i64), Error> {
        let mut sum = (0, 0);
        for options in self.databases()?.into_values() {
            let mut connection = PgConnection::connect_with(&options).await?;
            let counts: (i64, i64) =
                sqlx::query_as("SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox)")
                    .fetch_one(&mut connection)
                    .await?;
            sum = (sum.0 + counts.0, sum.1 + counts.1);
            connection.close().await?;
        }
        Ok(sum)
    }

    async fn until_ready(&mut self, started: Instant) -> Result<(), Error> {
        let mut connection = Connection::new(self.address());
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.trouble(&format!("haat ended with {status}")));
            }
            let answer = connection.get("/api/v1/status", &Person::default()).await;
            if answer.is_ok_and(|answer| answer.status == StatusCode::OK) {
                return Ok(());
            }
            if started.elapsed() > START {
                return Err(self.trouble("haat does not become ready"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }

    /// With the end of what it has said.
    fn trouble(&self, what: &str) -> Error {
        let log = self.site.directory.join("haat.log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        Error::failed(format!("{what}; the end of {}:\n{tail}", log.display()))
    }
}
