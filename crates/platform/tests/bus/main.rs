//! The bus's contract, held against every back end, and what each back end does when its server misbehaves.
//!
//! Servers are real and private: a `redis-server` per test, on a socket of its own; librdkafka's own mock brokers for Kafka.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "everything here is a test, also what has no #[test] on it, where clippy.toml allows these"
)]

mod front;
mod kafka;
mod kafka_tls;
mod lag;
mod oci;
mod oci_identity;
mod queues;
mod redis_failures;
mod server;
mod streams;
mod tls;

use std::time::{Duration, Instant};

use platform::bus::{BusError, Message, Subscription};
use platform::types::EventId;

/// Long enough for a machine under load; nothing waits so long when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn message(key: &str, text: &str) -> Message {
    Message {
        id: EventId::new(),
        key: key.to_owned(),
        kind: "order.created.v1".to_owned(),
        payload: text.to_owned().into(),
        traceparent: None,
    }
}

fn messages(texts: &[&str]) -> Vec<Message> {
    texts.iter().map(|text| message("key", text)).collect()
}

fn texts(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|m| String::from_utf8_lossy(&m.payload).into_owned()).collect()
}

/// Reads until there are `count` messages. Errors of a server that is coming back are passed over.
async fn read(subscription: &mut dyn Subscription, count: usize) -> Vec<Message> {
    let deadline = Instant::now() + PATIENCE;
    let mut messages = Vec::new();
    while messages.len() < count {
        assert!(Instant::now() < deadline, "only {} of {count} messages came: {:?}", messages.len(), texts(&messages));
        match subscription.next(count - messages.len(), Duration::from_secs(1)).await {
            Ok(more) => messages.extend(more),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
    messages
}

/// Repeats a call until it succeeds.
async fn eventually<T>(mut call: impl AsyncFnMut() -> Result<T, BusError>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < deadline, "still fails: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
