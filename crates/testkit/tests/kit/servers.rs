use std::path::{Path, PathBuf};
use std::process::Stdio;

use ::redis::AsyncCommands;
use testkit::{ScratchDirectory, eventually, private_redis, private_streams};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::{SOON, runs};

fn with_servers(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    // What these tests themselves may run under.
    for name in ["HAAT_TEST_POSTGRES_URL", "HAAT_TEST_CACHE_URL", "HAAT_TEST_STREAMS_URL"] {
        command.env_remove(name);
    }
    command.arg("--").args(arguments).stdin(Stdio::null());
    command
}

#[tokio::test]
async fn the_code_under_test_has_keys_of_its_own_on_the_shared_servers() {
    let (one, two) = (testkit::redis().await, testkit::redis().await);
    assert_eq!(one.url, two.url);
    assert_ne!(one.prefix, two.prefix);
    assert_ne!(testkit::streams().await.url, one.url);
    let mut connection = ::redis::Client::open(one.url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let key = format!("{}key", one.prefix);
    let () = connection.set(&key, 7).await.unwrap();
    assert_eq!(connection.get::<_, i64>(&key).await.unwrap(), 7);
}

#[tokio::test]
async fn private_servers_can_be_killed_and_come_back() {
    let mut streams = private_streams().await;
    let client = ::redis::Client::open(streams.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = connection.set("key", 7).await.unwrap();
    streams.kill().await;
    assert!(client.get_multiplexed_async_connection().await.is_err());
    streams.restart().await.unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(connection.get::<_, i64>("key").await.unwrap(), 7);
}

#[tokio::test]
async fn a_private_server_ends_with_the_test_and_leaves_nothing() {
    let cache = private_redis().await;
    let pid = cache.pid().to_string();
    drop(cache);
    eventually(SOON, || async { !runs(&pid) }).await;
}

#[tokio::test]
async fn a_scratch_directory_goes_with_its_value() {
    let directory = ScratchDirectory::create();
    let path = directory.path().to_owned();
    std::fs::create_dir_all(path.join("deep/er")).unwrap();
    drop(directory);
    assert!(!path.exists());
}

#[tokio::test]
async fn with_servers_hands_over_addresses_and_the_exit_code() {
    let script = r#"[ -n "$HAAT_TEST_CACHE_URL" ] && [ -n "$HAAT_TEST_STREAMS_URL" ] || exit 1
        psql "$HAAT_TEST_POSTGRES_URL" -qAtc 'SELECT 40 + 2' 2>/dev/null || exit 2; exit 3"#;
    let output = with_servers(&["sh", "-c", script]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "42");
    assert_eq!(with_servers(&["sh", "-c", "kill -TERM $$"]).status().await.unwrap().code(), Some(128 + 15));
}

#[tokio::test]
async fn with_servers_names_a_command_that_is_not_there() {
    let output = with_servers(&["no-such-command"]).output().await.unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no-such-command"), "{error}");
}

/// A `with-servers` whose command waits, with what it started.
struct Waiting {
    process: Child,
    /// The number of the command's process.
    command: String,
    directory: PathBuf,
    servers: Vec<String>,
}

async fn waiting() -> Waiting {
    let script = r#"echo "$PPID"; echo "$$"; exec sleep 600"#;
    let mut process = with_servers(&["sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let parent = lines.next_line().await.unwrap().expect("the command runs");
    let command = lines.next_line().await.unwrap().expect("the command runs");
    let children = processes_of(&parent);
    let directory = children.iter().find_map(|(_, command)| scratch_in(command)).expect("the servers' directory");
    let servers: Vec<String> =
        children.into_iter().filter(|(_, command)| is_server(command)).map(|(pid, _)| pid).collect();
    assert_eq!(servers.len(), 3, "one PostgreSQL and two Redis");
    Waiting { process, command, directory, servers }
}

impl Waiting {
    async fn all_gone(&self) {
        eventually(SOON, || async {
            let left: Vec<&String> = self.servers.iter().filter(|pid| runs(pid)).collect();
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?} still run")) }
        })
        .await;
        eventually(SOON, || async { !self.directory.exists() }).await;
    }
}

#[tokio::test]
async fn with_servers_killed_leaves_neither_servers_nor_files() {
    let mut waiting = waiting().await;
    waiting.process.kill().await.unwrap();
    waiting.all_gone().await;
    // The command itself is not theirs to end: it outlives a kill of what started it, as under a shell.
    assert!(Command::new("kill").arg(&waiting.command).status().await.unwrap().success());
}

#[tokio::test]
async fn with_servers_ends_in_order_when_it_is_asked_to() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut waiting = waiting().await;
        let pid = waiting.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let status = tokio::time::timeout(SOON, waiting.process.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(code), "{signal}");
        waiting.all_gone().await;
    }
}

fn processes_of(parent: &str) -> Vec<(String, String)> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "ppid=,pid=,command="]).output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let of_parent = |line: &str| {
        let (ppid, rest) = line.trim().split_once(char::is_whitespace)?;
        let (pid, command) = rest.trim().split_once(char::is_whitespace)?;
        (ppid == parent).then(|| (pid.to_owned(), command.trim().to_owned()))
    };
    listed.lines().filter_map(of_parent).collect()
}

fn is_server(command: &str) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    ["postgres", "redis-server"]
        .contains(&Path::new(program).file_name().unwrap_or_default().to_str().unwrap_or_default())
}

/// The directory among a server's arguments: `/tmp/haat-test-0123/postgres/data`.
fn scratch_in(command: &str) -> Option<PathBuf> {
    let argument = command.split_whitespace().find(|word| word.contains("/haat-test-"))?;
    let is_scratch =
        |path: &&Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("haat-test-"));
    Path::new(argument).ancestors().find(is_scratch).map(Path::to_owned)
}
