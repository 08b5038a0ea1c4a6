//! `haat up` as a process of its own.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::{ScratchDirectory, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_haat");

pub struct Haat {
    pub url: String,
    port: u16,
    state: ScratchDirectory,
    child: Child,
}

impl Haat {
    pub async fn start() -> Self {
        let state = ScratchDirectory::create();
        let port = free_ports();
        let child = spawn(&state, port);
        let haat = Haat { url: format!("http://127.0.0.1:{port}"), port, state, child };
        haat.until_ready().await;
        haat
    }

    /// `kill -9`: no goodbye, to anybody.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub async fn start_again(&mut self) {
        self.child = spawn(&self.state, self.port);
        self.until_ready().await;
    }

    /// What `haat reconcile` finds, as an error.
    pub fn reconcile(&self) -> Result<(), String> {
        let output = command().arg("reconcile").arg("--state").arg(self.state.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(text) }
    }

    async fn until_ready(&self) {
        let http = reqwest::Client::new();
        let status = format!("{}/api/v1/status", self.url);
        eventually(Duration::from_secs(60), || async {
            http.get(&status).send().await.is_ok_and(|response| response.status().is_success())
        })
        .await;
    }
}

impl Drop for Haat {
    fn drop(&mut self) {
        // It may be dead already.
        let _dead = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn spawn(state: &ScratchDirectory, port: u16) -> Child {
    command()
        .arg("up")
        .arg("--state")
        .arg(state.path())
        .arg("--port-base")
        .arg(port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// With nothing of the tests' own environment but what the platform knows.
fn command() -> Command {
    let mut command = Command::new(BINARY);
    for name in ["HAAT_TEST_POSTGRES_URL", "HAAT_TEST_CACHE_URL", "HAAT_TEST_STREAMS_URL"] {
        command.env_remove(name);
    }
    command
        .env("GATEWAY_LIMIT_PER_ADDRESS", "10000000")
        .env("GATEWAY_LIMIT_PER_USER", "10000000")
        .env("AUTH_REQUESTS_PER_ADDRESS", "10000000")
        .env("PAYMENT_POLL_AFTER", "0.5")
        .env("ORDER_PAYMENT_WINDOW", "20");
    command
}

/// The first of eleven ports in a row that nobody has. Another process may take one of them before we do, which is unlikely and
/// would be a clear error.
fn free_ports() -> u16 {
    (20_000..60_000u16)
        .step_by(16)
        .skip(usize::from(u16::try_from(std::process::id() % 1000).unwrap()))
        .find(|base| (*base..base + 11).all(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()))
        .unwrap()
}
