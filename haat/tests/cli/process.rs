//! `haat` as a process of its own.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use testkit::eventually;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

pub const BINARY: &str = env!("CARGO_BIN_EXE_haat");

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// "Within a few seconds", on a busy machine.
pub const STOP: Duration = Duration::from_secs(15);

/// `haat` with nothing of the tests' own environment but what it takes to run.
pub fn haat<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = of(BINARY);
    command.args(arguments);
    command
}

/// A shell that runs `haat` as its `"$0"`, with these further arguments, in circumstances that it makes itself.
pub fn shell<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = of("/bin/sh");
    command.arg("-c").arg(script).arg(BINARY).args(arguments);
    command
}

fn of(program: &str) -> Command {
    let mut command = Command::new(program);
    let variables = std::env::vars_os().filter(|(name, _)| ["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == kept));
    command.env_clear().envs(variables);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// `haat up` on this state directory, on any free ports.
pub fn up(state: &Path) -> Command {
    let mut command = haat(["up", "--port-base", "0", "--state"]);
    command.arg(state);
    command
}

/// What a command that ended has left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub async fn ended(mut command: Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// The one sentence with which `haat` refuses.
pub async fn refusal(command: Command) -> String {
    ended(command).await.sentence()
}

impl Ended {
    pub fn sentence(&self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let sentence = self.err.strip_prefix("haat: ").unwrap_or_else(|| panic!("{self:?}")).trim_end();
        assert!(!sentence.contains('\n'), "more than a sentence: {sentence}");
        sentence.to_owned()
    }
}

/// A platform that is up.
pub struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: JoinHandle<String>,
    /// What it has said so far.
    pub said: String,
    /// The gateway's.
    pub url: String,
}

impl Running {
    pub async fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = child.stderr.take().unwrap();
        let err = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        let mut running = Running { child, out, err, said: String::new(), url: String::new() };
        running.until("Ctrl-C stops everything.").await;
        let first = running.said.split_whitespace().find(|word| word.starts_with("http://"));
        running.url = first.unwrap_or_else(|| panic!("no address in {}", running.said)).to_owned();
        running
    }

    pub async fn until(&mut self, line: &str) {
        let listen = async {
            while let Some(said) = self.out.next_line().await.unwrap() {
                self.said.push_str(&said);
                self.said.push('\n');
                if said == line {
                    return true;
                }
            }
            false
        };
        match tokio::time::timeout(START, listen).await {
            Ok(true) => {}
            Ok(false) => panic!("it never said '{line}' but ended: {}{}", self.said, (&mut self.err).await.unwrap()),
            Err(_) => panic!("it has not said '{line}' in time: {}", self.said),
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// A service's port.
    pub fn port(&self, service: &str) -> u16 {
        let services = self.said.lines().find_map(|line| line.strip_prefix("Services: ")).unwrap();
        let port = services.split(", ").find_map(|one| one.strip_prefix(service)?.strip_prefix(' '));
        port.unwrap().parse().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits until it has ended, in a few seconds.
    pub async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(STOP, self.child.wait()).await.expect("it does not end").unwrap();
        while let Some(said) = self.out.next_line().await.unwrap() {
            self.said.push_str(&said);
            self.said.push('\n');
        }
        Ended { code: status.code(), out: self.said, err: self.err.await.unwrap() }
    }

    pub async fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.ended().await
    }
}

pub fn send(pid: u32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

/// The processes that work on a state directory: servers, and what starts them.
pub fn servers_of(state: &Path) -> Vec<String> {
    let listed = std::process::Command::new("ps").args(["-axww", "-o", "stat=,command="]).output().unwrap();
    let inside = format!("{}/", state.display());
    let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
    // A dead one that nobody has buried yet shows no command line.
    lines.lines().filter(|line| line.contains(&inside)).map(str::to_owned).collect()
}

/// The first of eleven ports in a row that nobody has.
pub fn free_base() -> u16 {
    let from = 20_000 + u16::try_from(std::process::id() % 1000).unwrap() * 16;
    (from..60_000)
        .step_by(16)
        .find(|base| (*base..base + 11).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .unwrap()
}

pub async fn until_nothing_listens(port: u16) {
    eventually(STOP, || async { tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() }).await;
}
