//! The emulated cloud, held against Oracle's own Python SDK: what the SDK sends is understood, what is answered it understands, and what
//! is wrong it is told. So the emulator and our client cannot agree on a mistake.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::time::Duration;

use platform::bus::{BusConfig, BusOptions, Message, QueuesConfig, RedisConfig, StreamsConfig, connect};
use platform::clock::Clock;
use testkit::oci::{COMPARTMENT, FINGERPRINT, Oci, TENANCY, USER};
use tokio::process::Command;
use types::{EventId, QueueName};

/// Where `script/install --oci-sdk` puts it.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../tools/oci-sdk/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oci_sdk/sdk.py");
const QUEUE: QueueName = QueueName::Order;
const DATABASE: &str = "ocid1.postgresqldbsystem.oc1..order";

/// Runs a part of the script, which ends well only if everything was as it says.
async fn sdk(cloud: &Oci, part: &str) {
    assert!(Path::new(PYTHON).exists(), "Oracle's SDK is not at {PYTHON}: script/test installs it and runs this");
    let queue = cloud.queue_url(QUEUE);
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).arg(part).env_clear().kill_on_drop(true);
    command.env("OCI_METADATA_BASE_URL", format!("{}/opc/v2", cloud.url));
    for (name, value) in [
        ("URL", cloud.url.as_str()),
        ("EXCHANGE", &cloud.exchange),
        ("AUTHORITY", &cloud.authority().display().to_string()),
        ("KEY_FILE", &cloud.key_file().display().to_string()),
        ("QUEUE", queue.rsplit('/').next().unwrap()),
        ("TENANCY", TENANCY),
        ("USER_ID", USER),
        ("FINGERPRINT", FINGERPRINT),
        ("COMPARTMENT", COMPARTMENT),
        ("DATABASE", DATABASE),
    ] {
        command.env(name, value);
    }
    let output = tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("an end").unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{part}:\n{text}");
}

#[tokio::test]
async fn a_queue_is_what_the_sdk_takes_it_for() {
    let cloud = Oci::start().await;
    sdk(&cloud, "queue").await;
}

#[tokio::test]
async fn machines_and_pods_get_tokens_that_the_sdk_can_use() {
    let cloud = Oci::start().await;
    sdk(&cloud, "machine").await;
    assert_eq!(cloud.tokens.given(), 1);
    sdk(&cloud, "pod").await;
    assert_eq!(cloud.tokens.given(), 2);
}

#[tokio::test]
async fn who_signs_wrongly_is_refused() {
    let cloud = Oci::start().await;
    sdk(&cloud, "wrong").await;
    assert_eq!(cloud.queues.requests(), 0);
}

#[tokio::test]
async fn what_we_put_the_sdk_gets_and_the_other_way_round() {
    let cloud = Oci::start().await;
    let streams = StreamsConfig::Redis(RedisConfig { url: "redis://127.0.0.1:1".to_owned(), ca: None });
    let config = BusConfig { streams, queues: QueuesConfig::Oci(cloud.queues_config()) };
    let queues = connect(&config, &BusOptions::default()).unwrap().queues;
    let message = Message {
        id: EventId::new(),
        key: "order-1".to_owned(),
        kind: "order.created.v1".to_owned(),
        payload: r#"{"total":"₹1,199"}"#.into(),
        traceparent: None,
    };
    queues.put(QUEUE, std::slice::from_ref(&message)).await.unwrap();
    // It gives back what it gets, under another key.
    sdk(&cloud, "echo").await;
    let got = queues.get(QUEUE, 1, Duration::from_secs(5)).await.unwrap().remove(0);
    assert_eq!(got.message, Message { key: "order-2".to_owned(), ..message });
}

#[tokio::test]
async fn databases_and_their_metrics_are_what_the_sdk_takes_them_for() {
    let clock = Clock::system();
    let cloud = Oci::start_at(clock.clone()).await;
    cloud.postgresql.create(DATABASE, 2, 32);
    for (node, value) in [(0, 91.5), (1, 12.0)] {
        cloud.monitoring.record(DATABASE, node, "CpuUtilization", clock.now().minus(Duration::from_secs(90)), value);
    }
    sdk(&cloud, "database").await;
}
