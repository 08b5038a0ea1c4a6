//! A private PostgreSQL.

mod backup;
mod databases;
mod durable;
mod replication;
mod scram;
mod settings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use crate::binaries::PostgresBinaries;
use crate::error::{Failure, LocalError, Program, at, describe};
use crate::port::free_port;
use crate::process::{EndSignal, Launch, Process, number_is_taken};
use crate::state::{Log, StateDirectory, read_first_number};

pub use backup::{Backup, Restore};
pub use databases::{Database, Login, ensure_databases, set_up_databases};
pub use replication::{Replication, Upstream};

/// The superuser's name. Its password is generated and kept in the state directory.
const SUPERUSER: &str = "haat";

/// A start may have to replay what a killed server had not written to its tables yet.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Whoever pressed Ctrl-C waits for it. What a slow disk has not taken by then is in PostgreSQL's log, from which the next start takes it.
const FAST_SHUTDOWN: Duration = Duration::from_secs(5);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Made on first use. Two servers cannot share one.
    pub state_dir: PathBuf,
    /// `None` takes a free one, the same again after a restart of the same [`PostgresServer`].
    pub port: Option<u16>,
    /// `false` leaves the disk out of every commit: for tests, whose data may be lost with the machine.
    pub durable: bool,
    pub max_connections: u32,
    pub replication: Replication,
    /// Further lines of `postgresql.conf`; they stand after ours and so win.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// Durable, on a free port, for 200 connections.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        PostgresOptions {
            state_dir: state_dir.into(),
            port: None,
            durable: true,
            max_connections: 200,
            replication: Replication::None,
            settings: Vec::new(),
        }
    }
}

/// A running PostgreSQL. Dropped, it shuts down without being waited for; [`PostgresServer::stop`] waits.
pub struct PostgresServer {
    options: PostgresOptions,
    binaries: PostgresBinaries,
    state: StateDirectory,
    password: String,
    port: u16,
    log: Log,
    process: Process,
}

impl PostgresServer {
    /// Makes the data directory on first use, starts the server and waits until it takes connections.
    ///
    /// # Errors
    /// Each [`LocalError`] except `Exited` and `Database`.
    pub async fn start(options: PostgresOptions) -> Result<Self, LocalError> {
        let binaries = PostgresBinaries::find()?;
        let state = StateDirectory::open(&options.state_dir, Program::PostgreSql)?;
        state.end_left_over().await?;
        let binaries = suitable(binaries, &state.join("data"))?;
        let password = prepare_data(&state, &binaries, &options).await?;
        let mut attempts_left = 5;
        loop {
            let port = options.port.map_or_else(free_port, Ok)?;
            match launch(&state, &binaries, &options, port).await {
                Err(LocalError::PortInUse { .. }) if options.port.is_none() && attempts_left > 0 => attempts_left -= 1,
                Err(error) => return Err(error),
                Ok((process, log)) => {
                    return Ok(PostgresServer { options, binaries, state, password, port, log, process });
                }
            }
        }
    }

    /// Starts the server again on its data and its port, after it was stopped or killed; stops it first if it runs.
    ///
    /// # Errors
    /// As [`PostgresServer::start`].
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.stop().await;
        (self.process, self.log) = launch(&self.state, &self.binaries, &self.options, self.port).await?;
        Ok(())
    }

    /// Shuts down: transactions under way are rolled back. A server that does not end within five seconds is made to.
    pub async fn stop(&self) {
        self.process.stop(&[(Signal::INT, FAST_SHUTDOWN), (Signal::QUIT, IMMEDIATE_SHUTDOWN)]).await;
    }

    /// Shuts down without the checkpoint that makes the next start quick: for whoever cannot wait. Nothing that was committed is lost.
    pub async fn stop_at_once(&self) {
        self.process.stop(&[(Signal::QUIT, Duration::from_secs(2))]).await;
    }

    /// Kills the server as a power cut would, and waits until it is gone.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Resolves when the server's process has ended, with the reason and the end of its log.
    pub fn exited(&self) -> impl Future<Output = LocalError> + Send + use<> {
        let (exited, log, data, port) = (self.process.exited(), self.log.clone(), self.state.join("data"), self.port);
        async move {
            let reason = exited.await.map_or_else(|| "its end was not seen".to_owned(), describe);
            Failure { program: Program::PostgreSql, data: &data, port, reason, log: &log.tail() }.of_running()
        }
    }

    /// Brings to the disk what so far is only in PostgreSQL's log, so that neither a stop nor a start has to: new databases are
    /// thousands of files. Does not keep the server from its work.
    ///
    /// # Errors
    /// [`LocalError::Database`] if the server ends meanwhile.
    pub fn checkpoint(&self) -> impl Future<Output = Result<(), LocalError>> + Send + use<> {
        databases::checkpoint(self.admin_url())
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Where the server's Unix socket is; `None` if the path is longer than a socket's may be, so that there is none.
    pub fn socket_directory(&self) -> Option<PathBuf> {
        settings::socket_directory(&self.state)
    }

    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        databases::url(self.port, user, password, database)
    }

    /// As the superuser, to the database `postgres`.
    pub fn admin_url(&self) -> String {
        self.url(SUPERUSER, &self.password, "postgres")
    }

    /// What a replica of this server is told of it; it must have been started as a [`Replication::Primary`].
    pub fn upstream(&self) -> Upstream {
        Upstream::new(self.port, self.password.clone())
    }

    /// As [`ensure_databases`], on this server.
    pub async fn ensure_databases(&self, wanted: &[Database]) -> Result<(), LocalError> {
        ensure_databases(&self.admin_url(), wanted).await
    }
}

/// Makes the data directory unless it is there. Returns the superuser's password.
async fn prepare_data(
    state: &StateDirectory,
    binaries: &PostgresBinaries,
    options: &PostgresOptions,
) -> Result<String, LocalError> {
    let data = state.join("data");
    if data.exists() {
        return state.stored_password()?.ok_or_else(|| LocalError::Damaged {
            program: Program::PostgreSql,
            directory: state.path.clone(),
            detail: "its password file is missing".to_owned(),
        });
    }
    // Made under another name, so that what an interrupted run leaves is never taken for a finished directory.
    let unfinished = state.join("data.new");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(at(&unfinished))?;
    }
    let unfinished = state.directory("data.new")?;
    let password = match &options.replication {
        Replication::ReplicaOf(upstream) => {
            state.keep_password(upstream.password())?;
            let arguments = upstream.follow(&unfinished);
            make_data(state, binaries.pg_basebackup(), arguments).await?;
            upstream.password().to_owned()
        }
        Replication::RestoredTo(restore) => {
            state.keep_password(restore.backup.password())?;
            make_data(state, "/bin/cp".into(), restore.backup.copy(&unfinished)).await?;
            state.write_private(&unfinished.join("recovery.signal"), "")?;
            restore.backup.password().to_owned()
        }
        Replication::None | Replication::Primary => {
            let password = state.new_password()?;
            make_data(state, binaries.initdb.clone(), initdb_arguments(state, &unfinished)).await?;
            password
        }
    };
    if options.durable {
        durable::write_tree(&unfinished).await?;
    }
    std::fs::rename(&unfinished, &data).map_err(at(&data))?;
    if options.durable {
        durable::write(&state.path)?;
    }
    Ok(password)
}

fn initdb_arguments(state: &StateDirectory, data: &Path) -> Vec<OsString> {
    let character_type = if cfg!(target_os = "macos") { "UTF-8" } else { "C.UTF-8" };
    vec![
        "--pgdata".into(),
        data.into(),
        "--username".into(),
        SUPERUSER.into(),
        "--pwfile".into(),
        state.join("password").into(),
        "--auth=scram-sha-256".into(),
        "--encoding=UTF8".into(),
        "--locale=C".into(),
        format!("--lc-ctype={character_type}").into(),
        "--no-instructions".into(),
        // It would sync a thousand files one after another.
        "--no-sync".into(),
    ]
}

/// Runs the program that makes a data directory, to its end.
async fn make_data(state: &StateDirectory, program: PathBuf, arguments: Vec<OsString>) -> Result<(), LocalError> {
    let log = state.open_log()?;
    let maker = Process::spawn(Launch {
        program,
        arguments,
        directory: state.path.clone(),
        account: state.account.clone(),
        output: log.file.clone(),
        process_file: state.process_file(),
        end_signal: EndSignal::Terminate,
    })
    .await?;
    match maker.exited().await {
        Some(status) if status.success() => Ok(()),
        status => Err(failure(state, 0, status.map(describe), &log.tail())),
    }
}

/// The programs of the version that wrote the data: after an upgrade the old ones are often still installed.
fn suitable(newest: PostgresBinaries, data: &Path) -> Result<PostgresBinaries, LocalError> {
    if !data.exists() {
        return Ok(newest);
    }
    let file = data.join("PG_VERSION");
    let found = std::fs::read_to_string(&file).map_err(|error| LocalError::Damaged {
        program: Program::PostgreSql,
        directory: data.to_owned(),
        detail: format!("PG_VERSION: {error}"),
    })?;
    let found = found.trim();
    if found == newest.major.to_string() {
        return Ok(newest);
    }
    let other = found.parse().ok().and_then(PostgresBinaries::of_version);
    other.ok_or_else(|| LocalError::VersionMismatch {
        directory: data.to_owned(),
        found: found.to_owned(),
        installed: newest.major,
    })
}

/// Starts the server on existing data and waits until it takes connections.
async fn launch(
    state: &StateDirectory,
    binaries: &PostgresBinaries,
    options: &PostgresOptions,
    port: u16,
) -> Result<(Process, Log), LocalError> {
    let data = state.join("data");
    let deadline = Instant::now() + START_PATIENCE;
    settings::write(state, options, port, binaries.major)?;
    forget_dead_server(state)?;
    loop {
        let log = state.open_log()?;
        let process = Process::spawn(Launch {
            program: binaries.postgres.clone(),
            arguments: vec!["-D".into(), data.clone().into()],
            directory: state.path.clone(),
            account: state.account.clone(),
            output: log.file.clone(),
            process_file: state.process_file(),
            end_signal: if options.durable { EndSignal::Interrupt } else { EndSignal::Quit },
        })
        .await?;
        match wait_until_ready(state, &process, &log, port, deadline).await {
            Ok(()) => return Ok((process, log)),
            // The backends of a server that was killed notice it within milliseconds, but not at once.
            Err(_)
                if process.has_ended()
                    && log.tail().contains("pre-existing shared memory block")
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The server notes in `postmaster.pid` when it is ready, so nothing needs to connect to find out.
async fn wait_until_ready(
    state: &StateDirectory,
    process: &Process,
    log: &Log,
    port: u16,
    deadline: Instant,
) -> Result<(), LocalError> {
    let file = state.join("data").join("postmaster.pid");
    loop {
        if process.has_ended() {
            return Err(failure(state, port, process.exit_status().map(describe), &log.tail()));
        }
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        if lines.first().and_then(|pid| pid.parse().ok()) == Some(process.pid()) && lines.get(7) == Some(&"ready") {
            return Ok(());
        }
        if Instant::now() > deadline {
            let reason = format!("not ready after {} seconds", START_PATIENCE.as_secs());
            return Err(failure(state, port, Some(reason), &log.tail()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn failure(state: &StateDirectory, port: u16, reason: Option<String>, log: &str) -> LocalError {
    let reason = reason.unwrap_or_else(|| "its end was not seen".to_owned());
    Failure { program: Program::PostgreSql, data: &state.join("data"), port, reason, log }.into_error()
}

/// PostgreSQL refuses to start if the process number that a killed server left in `postmaster.pid` is taken, be it by a
/// stranger. Everything of ours has ended by now, so such a number is replaced by one that no process can have. The file
/// stays, since its shared memory key is how PostgreSQL sees whether a backend of the killed server still runs.
fn forget_dead_server(state: &StateDirectory) -> Result<(), LocalError> {
    let file = state.join("data").join("postmaster.pid");
    if let Some(pid) = read_first_number(&file).filter(|pid| number_is_taken(*pid) && !state.is_ours(*pid)) {
        let text = std::fs::read_to_string(&file).map_err(at(&file))?;
        let text = text.replacen(&pid.to_string(), &i32::MAX.to_string(), 1);
        state.write_private(&file, &text)?;
    }
    if let Some(sockets) = settings::socket_directory(state).filter(|sockets| sockets.exists()) {
        std::fs::remove_dir_all(&sockets).map_err(at(&sockets))?;
        state.directory("socket")?;
    }
    Ok(())
}
