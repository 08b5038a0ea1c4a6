//! `haat` as processes of their own.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use testkit::eventually;

const BINARY: &str = env!("CARGO_BIN_EXE_haat");

/// One that runs. Killed when this is dropped.
pub struct Haat(Child);

impl Haat {
    pub fn spawn(arguments: &[&str], variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Haat(command().args(arguments).envs(variables).stdout(Stdio::null()).spawn().unwrap())
    }

    /// `kill -9`: no goodbye, to anybody.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// As Kubernetes ends a pod.
    pub fn terminate(&self) {
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// How it has ended, if it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }
}

impl Drop for Haat {
    fn drop(&mut self) {
        // It may be dead already.
        let _dead = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// What `haat reconcile` finds, as an error.
pub fn reconcile(state: &Path) -> Result<(), String> {
    let output = command().arg("reconcile").arg("--state").arg(state).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(text) }
}

/// Waits until the gateway says that all services are ready.
pub async fn until_ready(url: &str) {
    until_well(&format!("{url}/api/v1/status")).await;
}

/// Waits until what is asked here is answered, and not with an error.
pub async fn until_well(url: &str) {
    let http = reqwest::Client::new();
    eventually(Duration::from_secs(60), || async {
        let response = http.get(url).send().await.map_err(|error| error.to_string())?;
        if response.status().is_success() { Ok(()) } else { Err(response.text().await.unwrap_or_default()) }
    })
    .await;
}

/// The first of so many ports in a row that nobody has, below those that outgoing connections are given: such a one must not take
/// a dead service's port. Another process may take one before we do, which is unlikely and would be a clear error.
pub fn free_ports(number: u16) -> u16 {
    (20_000..32_000u16)
        .step_by(16)
        .cycle()
        .skip(usize::from(u16::try_from(std::process::id() % 750).unwrap()))
        .take(750)
        .find(|base| (*base..base + number).all(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .unwrap()
}

/// With nothing of the tests' own environment but what the platform knows. What a dead process had in hand is taken over after
/// seconds rather than half a minute, for which a test would only wait.
fn command() -> Command {
    let mut command = Command::new(BINARY);
    for name in ["HAAT_TEST_POSTGRES_URL", "HAAT_TEST_CACHE_URL", "HAAT_TEST_STREAMS_URL"] {
        command.env_remove(name);
    }
    command
        .env("LOG_LEVEL", "warn")
        .env("GATEWAY_LIMIT_PER_ADDRESS", "10000000")
        .env("GATEWAY_LIMIT_PER_USER", "10000000")
        .env("AUTH_REQUESTS_PER_ADDRESS", "10000000")
        .env("PAYMENT_POLL_AFTER", "0.5")
        .env("ORDER_PAYMENT_WINDOW", "20")
        .env("ORDER_LEASE", "5")
        .env("QUEUE_VISIBILITY", "5");
    command
}
