use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::{Scratch, execute, gone, number, soon};

struct Parent {
    process: Child,
    postgres: (i32, String),
    redis: (i32, String),
}

impl Parent {
    /// Starts the example `servers` in a process of its own.
    async fn start(directory: &Path) -> Self {
        let mut command = Command::new(example());
        command.arg(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let postgres = soon("PostgreSQL's start", server(&mut lines)).await;
        let redis = soon("Redis's start", server(&mut lines)).await;
        Parent { process, postgres, redis }
    }
}

async fn server(lines: &mut Lines<BufReader<ChildStdout>>) -> (i32, String) {
    let line = lines.next_line().await.unwrap().expect("the servers did not start");
    let (pid, url) = line.split_once(' ').unwrap();
    (pid.parse().unwrap(), url.to_owned())
}

/// Cargo builds examples with the tests, beside the folder that holds this one's program.
fn example() -> PathBuf {
    let path = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("servers");
    assert!(path.is_file(), "{} is missing: run the tests of the whole package", path.display());
    path
}

#[tokio::test]
async fn servers_end_with_a_parent_that_was_killed_and_start_again_with_their_data() {
    let scratch = Scratch::new();
    let mut first = Parent::start(scratch.path()).await;
    execute(&first.postgres.1, "CREATE TABLE notes (n bigint); INSERT INTO notes VALUES (7)").await.unwrap();
    first.process.kill().await.unwrap();
    // At once, while the first one's servers may still be shutting down.
    let mut second = Parent::start(scratch.path()).await;
    gone(first.postgres.0).await;
    gone(first.redis.0).await;
    assert_eq!(number(&second.postgres.1, "SELECT n FROM notes").await, 7);
    second.process.kill().await.unwrap();
    gone(second.postgres.0).await;
    gone(second.redis.0).await;
}

#[tokio::test]
async fn servers_are_stopped_by_a_parent_that_ends_in_peace() {
    let scratch = Scratch::new();
    let mut parent = Parent::start(scratch.path()).await;
    drop(parent.process.stdin.take());
    let status = soon("the parent's end", parent.process.wait()).await.unwrap();
    assert!(status.success(), "{status}");
    gone(parent.postgres.0).await;
    gone(parent.redis.0).await;
    assert!(!scratch.join("postgres/data/postmaster.pid").exists(), "PostgreSQL was not shut down in order");
}
