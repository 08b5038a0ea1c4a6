use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;

use local::{LocalError, Persistence, RedisOptions, RedisServer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::{Scratch, soon};

/// Sends commands, each as one line, and returns the last one's answer: its first line, or what a bulk answer holds.
async fn ask(server: &RedisServer, commands: &[&str]) -> String {
    let url = server.url();
    let password = url.strip_prefix("redis://:").unwrap().split('@').next().unwrap().to_owned();
    answer(server.port(), &[&[format!("AUTH {password}").as_str()], commands].concat()).await
}

async fn answer(port: u16, commands: &[&str]) -> String {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    let mut line = String::new();
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        if line.starts_with('$') && !line.starts_with("$-1") {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
    }
    line.trim().to_owned()
}

#[tokio::test]
async fn streams_lose_nothing_that_was_answered() {
    let scratch = Scratch::new();
    let mut server = RedisServer::start(RedisOptions::streams(scratch.join("streams"))).await.unwrap();
    ask(&server, &["XADD s * a 1"]).await;
    server.kill().await;
    server.restart().await.unwrap();
    ask(&server, &["XADD s * a 2"]).await;
    server.stop().await;
    drop(server);
    let again = RedisServer::start(RedisOptions::streams(scratch.join("streams"))).await.unwrap();
    assert_eq!(ask(&again, &["XLEN s"]).await, ":2");
    again.stop().await;
}

#[tokio::test]
async fn a_cache_forgets_rather_than_refuses() {
    let scratch = Scratch::new();
    let options = RedisOptions { max_memory_mib: Some(2), ..RedisOptions::cache(scratch.join("cache")) };
    let mut server = RedisServer::start(options).await.unwrap();
    // More than fits.
    let value = "x".repeat(50_000);
    let sets: Vec<String> = (0..80).map(|n| format!("SET key:{n} {value}")).collect();
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    assert_eq!(ask(&server, &sets).await, "+OK");
    assert_eq!(ask(&server, &["GET key:0"]).await, "$-1");
    server.restart().await.unwrap();
    assert_eq!(ask(&server, &["DBSIZE"]).await, ":0");
    server.stop().await;
}

#[tokio::test]
async fn it_asks_for_the_password_and_keeps_its_files_to_itself() {
    let scratch = Scratch::new();
    let server = RedisServer::start(RedisOptions::cache(scratch.join("cache"))).await.unwrap();
    assert_eq!(answer(server.port(), &["PING"]).await, "-NOAUTH Authentication required.");
    for (name, mode) in [("", 0o700), ("password", 0o600), ("redis.conf", 0o600), ("log", 0o600)] {
        let found = std::fs::metadata(scratch.join("cache").join(name)).unwrap();
        assert_eq!(found.mode() & 0o777, mode, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let scratch = Scratch::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let options = RedisOptions { port: Some(port), ..RedisOptions::cache(scratch.join("cache")) };
    let error = soon("the refusal", RedisServer::start(options)).await.err().unwrap();
    assert!(matches!(error, LocalError::PortInUse { port: named, .. } if named == port), "{error}");
}

#[tokio::test]
async fn damaged_data_is_named() {
    let scratch = Scratch::new();
    let options = || RedisOptions { persistence: Persistence::EverySecond, ..RedisOptions::streams(scratch.join("s")) };
    let server = RedisServer::start(options()).await.unwrap();
    ask(&server, &["SET a 1"]).await;
    server.stop().await;
    drop(server);
    let folder = scratch.join("s/data/appendonlydir");
    let increment = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|f| f.to_string_lossy().contains("incr"))
        .unwrap();
    let mut bytes = std::fs::read(&increment).unwrap();
    bytes[0] = b'?';
    std::fs::write(&increment, bytes).unwrap();
    let error = soon("the refusal", RedisServer::start(options())).await.err().unwrap();
    assert!(matches!(error, LocalError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_second_run_on_the_same_directory_is_refused() {
    let scratch = Scratch::new();
    let server = RedisServer::start(RedisOptions::cache(scratch.join("cache"))).await.unwrap();
    let error = RedisServer::start(RedisOptions::cache(scratch.join("cache"))).await.err().unwrap();
    assert!(matches!(error, LocalError::InUse { .. }), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn an_unexpected_end_is_told() {
    let scratch = Scratch::new();
    let server = RedisServer::start(RedisOptions::cache(scratch.join("cache"))).await.unwrap();
    let exited = server.exited();
    server.kill().await;
    let told = soon("the news of the end", exited).await.to_string();
    assert!(told.starts_with("Redis ended (killed by signal 9); its log ends with:\n"), "{told}");
}
