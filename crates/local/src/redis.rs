//! A private Redis: a cache that may forget, or streams that may not.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::binaries::find_redis_server;
use crate::error::{Failure, LocalError, Program, describe};
use crate::port::free_port;
use crate::process::{EndSignal, Launch, Process};
use crate::state::{Log, StateDirectory};

const START_PATIENCE: Duration = Duration::from_secs(30);
const SHUTDOWN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// A cache: nothing reaches the disk, and what was not used for longest goes first when memory is short.
    None,
    /// Each write is on the disk before it is answered, and a write that does not fit in memory is refused.
    EveryWrite,
    /// As `EveryWrite`, but a crash of the machine (not of Redis) may lose the last second: for tests.
    EverySecond,
}

#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Made on first use. Two servers cannot share one.
    pub state_dir: PathBuf,
    /// `None` takes a free one, the same again after a restart of the same [`RedisServer`].
    pub port: Option<u16>,
    pub persistence: Persistence,
    /// `None` sets no limit.
    pub max_memory_mib: Option<u32>,
}

impl RedisOptions {
    /// On a free port, for 128 MiB.
    pub fn cache(state_dir: impl Into<PathBuf>) -> Self {
        let persistence = Persistence::None;
        RedisOptions { state_dir: state_dir.into(), port: None, persistence, max_memory_mib: Some(128) }
    }

    /// On a free port, without a limit.
    pub fn streams(state_dir: impl Into<PathBuf>) -> Self {
        let persistence = Persistence::EveryWrite;
        RedisOptions { state_dir: state_dir.into(), port: None, persistence, max_memory_mib: None }
    }
}

/// A running Redis. Dropped, it shuts down without being waited for; [`RedisServer::stop`] waits.
pub struct RedisServer {
    options: RedisOptions,
    binary: PathBuf,
    state: StateDirectory,
    password: String,
    port: u16,
    log: Log,
    process: Process,
}

impl RedisServer {
    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// Each [`LocalError`] except `Exited`, `Database` and `VersionMismatch`.
    pub async fn start(options: RedisOptions) -> Result<Self, LocalError> {
        let binary = find_redis_server()?;
        let state = StateDirectory::open(&options.state_dir, Program::Redis)?;
        state.end_left_over().await?;
        let password = state.stored_password()?.map_or_else(|| state.new_password(), Ok)?;
        let mut attempts_left = 5;
        loop {
            let port = options.port.map_or_else(free_port, Ok)?;
            match launch(&state, &binary, &options, &password, port).await {
                Err(LocalError::PortInUse { .. }) if options.port.is_none() && attempts_left > 0 => attempts_left -= 1,
                Err(error) => return Err(error),
                Ok((process, log)) => {
                    return Ok(RedisServer { options, binary, state, password, port, log, process });
                }
            }
        }
    }

    /// Starts the server again on its data and its port, after it was stopped or killed; stops it first if it runs.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.stop().await;
        (self.process, self.log) = launch(&self.state, &self.binary, &self.options, &self.password, self.port).await?;
        Ok(())
    }

    pub async fn stop(&self) {
        self.process.stop(&[(Signal::TERM, SHUTDOWN)]).await;
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
            Failure { program: Program::Redis, data: &data, port, reason, log: &log.tail() }.of_running()
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/", self.password, self.port)
    }
}

async fn launch(
    state: &StateDirectory,
    binary: &std::path::Path,
    options: &RedisOptions,
    password: &str,
    port: u16,
) -> Result<(Process, Log), LocalError> {
    let data = state.directory("data")?;
    let file = state.join("redis.conf");
    state.write_private(&file, &configuration(options, &data.to_string_lossy(), password, port))?;
    let log = state.open_log()?;
    let process = Process::spawn(Launch {
        program: binary.to_owned(),
        arguments: vec![file.into()],
        directory: state.path.clone(),
        account: state.account.clone(),
        output: log.file.clone(),
        process_file: state.process_file(),
        end_signal: EndSignal::Terminate,
    })
    .await?;
    let failure =
        |reason: String| Failure { program: Program::Redis, data: &data, port, reason, log: &log.tail() }.into_error();
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        // Asked before the process is looked at: an answer of somebody else's server does not count.
        let answers = answers(port, password).await;
        if process.has_ended() {
            let reason = process.exit_status().map_or_else(|| "its end was not seen".to_owned(), describe);
            return Err(failure(reason));
        }
        if answers {
            return Ok((process, log));
        }
        if Instant::now() > deadline {
            return Err(failure(format!("no answer after {} seconds", START_PATIENCE.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a Redis with this password has its data loaded and answers.
async fn answers(port: u16, password: &str) -> bool {
    const ANSWER: &[u8] = b"+OK\r\n+PONG\r\n";
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(format!("AUTH {password}\r\nPING\r\n").as_bytes()).await?;
        let mut answer = [0; ANSWER.len()];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(answer == ANSWER)
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), ask).await, Ok(Ok(true)))
}

fn configuration(options: &RedisOptions, data: &str, password: &str, port: u16) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let (append_only, sync, policy) = match options.persistence {
        Persistence::None => ("no", "no", "allkeys-lru"),
        Persistence::EveryWrite => ("yes", "always", "noeviction"),
        Persistence::EverySecond => ("yes", "everysec", "noeviction"),
    };
    [
        "# Written by Haat at each start.".to_owned(),
        "bind 127.0.0.1".to_owned(),
        "protected-mode yes".to_owned(),
        format!("port {port}"),
        format!("requirepass {}", quoted(password)),
        format!("dir {}", quoted(data)),
        "daemonize no".to_owned(),
        // Its command line is how a process that a killed run left behind is known.
        "set-proc-title no".to_owned(),
        "save \"\"".to_owned(),
        format!("appendonly {append_only}"),
        format!("appendfsync {sync}"),
        // The last write of a server that was killed may be half there; it was never answered.
        "aof-load-truncated yes".to_owned(),
        format!("maxmemory {}mb", options.max_memory_mib.unwrap_or(0)),
        format!("maxmemory-policy {policy}"),
        "shutdown-timeout 1".to_owned(),
        String::new(),
    ]
    .join("\n")
}
