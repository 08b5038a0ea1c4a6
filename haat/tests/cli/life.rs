//! Starting, going on and ending.

use std::path::Path;
use std::time::Duration;

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::{ScratchDirectory, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{Ended, Running, STOP, ended, haat, refusal, send, servers_of, until_nothing_listens, up};

const EMAIL: &str = "lakshmi@haat.example";
const PASSWORD: &str = "a-long-enough-password";

/// One state directory through everything that happens to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_is_started_interrupted_stopped_gone_on_with_cut_off_and_reset() {
    let scratch = ScratchDirectory::create();
    let state = scratch.join("state");
    an_interrupted_start_leaves_nothing_running(&state).await;

    let first = Running::start(up(&state)).await;
    let plain = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
    assert!(plain(&first.said), "control characters in a pipe: {:?}", first.said);
    assert!(first.said.contains("  ✓ migrations "), "{}", first.said);
    a_second_run_is_refused(&state, &first).await;
    a_doctor_finds_nothing(&state).await;
    let registration =
        json!({ "name": "Lakshmi Iyer", "email": EMAIL, "phone": "+919000011111", "password": PASSWORD });
    assert_eq!(post(&first.url, "/api/v1/auth/register", &registration).await.0, 201);
    let stopped = what_is_in_hand_is_answered(first).await;
    // On a busy disk statements may be slow, which is said.
    let errors: Vec<&str> = stopped.err.lines().filter(|line| !line.contains("slow statement")).collect();
    assert_eq!((stopped.code, errors), (Some(0), vec![]), "{stopped:?}");
    assert!(stopped.out.ends_with("Stopped. The data is kept; the next `haat up` goes on with it.\n"), "{stopped:?}");
    assert_eq!(servers_of(&state), [""; 0]);

    let second = Running::start(up(&state)).await;
    assert_eq!(log_in(&second.url, EMAIL, PASSWORD).await.0, 200, "who registered before is there after");
    assert!(!found(&second.url, "kurta").await.is_empty());
    a_second_signal_ends_it_at_once(second).await;
    assert_eq!(servers_of(&state), [""; 0]);

    let mut third = up(&state);
    third.args(["--reset", "--no-demo"]);
    let third = Running::start(third).await;
    assert_eq!(log_in(&third.url, EMAIL, PASSWORD).await.0, 401, "the data was to be deleted");
    assert_eq!(found(&third.url, "kurta").await, Vec::<Value>::new());
    let merchandiser = DEMO_ACCOUNTS.iter().find(|account| account.email.starts_with("merchandiser")).unwrap();
    assert_eq!(log_in(&third.url, merchandiser.email, DEMO_PASSWORD).await.0, 200);
    assert_eq!(third.stop().await.code, Some(0));
    assert_eq!(servers_of(&state), [""; 0]);
}

/// Ctrl-C while the database is being made.
async fn an_interrupted_start_leaves_nothing_running(state: &Path) {
    let mut command = up(state);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = state.join("postgres").join("server.pid");
    eventually(Duration::from_secs(20), || async { begun.exists() }).await;
    send(child.id().unwrap(), Signal::INT);
    let output = tokio::time::timeout(STOP, child.wait_with_output()).await.expect("it does not end").unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "Stopped before it was ready. The next `haat up` goes on from here.\n"
    );
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(servers_of(state), [""; 0]);
}

async fn a_second_run_is_refused(state: &Path, first: &Running) {
    let sentence = format!(
        "the state directory {} is in use by another run (process {}): stop that one first, or choose another directory with --state",
        state.canonicalize().unwrap().display(),
        first.pid()
    );
    assert_eq!(refusal(up(state)).await, sentence);
    let mut reset = up(state);
    reset.arg("--reset");
    assert_eq!(refusal(reset).await, sentence, "what runs is not reset");
    assert_eq!(log_in(&first.url, DEMO_ACCOUNTS[0].email, DEMO_PASSWORD).await.0, 200);
}

async fn a_doctor_finds_nothing(state: &Path) {
    let mut doctor = haat(["doctor", "--state"]);
    doctor.arg(state);
    let found = ended(doctor).await;
    assert_eq!(found.code, Some(0), "{}{}", found.out, found.err);
    for line in
        ["on which process ", "order: its database\n", "order: payment at http://127.0.0.1:", "Nothing is wrong.\n"]
    {
        assert!(found.out.contains(line), "{line}: {}", found.out);
    }
}

/// A log-in whose request is half sent when the platform is told to stop; its other half finds the gateway and auth at work.
async fn what_is_in_hand_is_answered(platform: Running) -> Ended {
    let (gateway, auth) = (platform.port("gateway"), platform.port("auth"));
    let mut request =
        InHand::begin(gateway, &json!({ "email": DEMO_ACCOUNTS[0].email, "password": DEMO_PASSWORD })).await;
    platform.signal(Signal::TERM);
    until_nothing_listens(gateway).await;
    TcpStream::connect(("127.0.0.1", auth)).await.expect("auth serves as long as the gateway may need it");
    let answer = request.finish().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("access_token"), "{answer}");
    platform.ended().await
}

/// A request that is never finished holds the stop up.
async fn a_second_signal_ends_it_at_once(mut platform: Running) {
    let _never_finished =
        InHand::begin(platform.port("gateway"), &json!({ "email": EMAIL, "password": PASSWORD })).await;
    platform.signal(Signal::INT);
    platform.until("Stopping. Ctrl-C once more ends it at once.").await;
    platform.signal(Signal::INT);
    let ended = platform.ended().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.out.ends_with("Ended at once. What was answered is kept.\n"), "{ended:?}");
}

/// A request whose head was taken by the gateway, which waits for the body.
struct InHand {
    stream: TcpStream,
    body: String,
}

impl InHand {
    async fn begin(gateway: u16, body: &Value) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", gateway)).await.unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        tokio::time::timeout(STOP, stream.read_exact(&mut go_on)).await.expect("the request is not taken").unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        InHand { stream, body }
    }

    async fn finish(&mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(STOP, self.stream.read_to_string(&mut answer)).await.expect("no answer").unwrap();
        answer
    }
}

async fn post(url: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{url}{path}")).json(body);
    let response = request.header("idempotency-key", uuid::Uuid::new_v4().to_string()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn log_in(url: &str, email: &str, password: &str) -> (u16, Value) {
    post(url, "/api/v1/auth/login", &json!({ "email": email, "password": password })).await
}

/// The products that a search finds.
async fn found(url: &str, words: &str) -> Vec<Value> {
    let response = reqwest::get(format!("{url}/api/v1/products/search?q={words}")).await.unwrap();
    response.json::<Value>().await.unwrap()["items"].as_array().unwrap().clone()
}
