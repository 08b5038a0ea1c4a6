//! `haat autoscale` as a process of its own.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use testkit::eventually;
use testkit::oci::{COMPARTMENT, FINGERPRINT, TENANCY, USER};
use tokio::process::Command;
use types::ServiceName;

use super::world::{World, databases, id};

const PATIENCE: Duration = Duration::from_secs(30);

fn autoscale(arguments: &[&str]) -> Command {
    let systems: Vec<String> = databases().into_iter().map(|service| format!("{service}={}", id(service))).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_haat"));
    command.arg("autoscale").args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command.env("APP_ENV", "production").env("OCI_COMPARTMENT", COMPARTMENT).env("OCI_DATABASES", systems.join(","));
    command
}

async fn refusal(mut command: Command) -> String {
    let ended = command.output().await.unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

#[tokio::test]
async fn outside_a_cluster_only_a_dry_run_is_possible() {
    let refused = refusal(autoscale(&[])).await;
    assert!(refused.contains("no pod of a Kubernetes cluster") && refused.contains("only `--dry-run`"), "{refused}");
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let mut command = autoscale(&["--dry-run"]);
    command.env("APP_ENV", "local");
    assert!(refusal(command).await.contains("APP_ENV"));
    let mut command = autoscale(&["--dry-run"]);
    command.env("OCI_DATABASES", "order=x");
    assert!(refusal(command).await.contains("OCI_DATABASES"));
    let mut command = autoscale(&["--dry-run"]);
    command.env("OCI_AUTH", "instance-principal");
    assert!(refusal(command).await.contains("OCI_REGION is not set"));
    let mut command = autoscale(&["--dry-run"]);
    command.env("OCI_AUTH", "instance-principal").env("OCI_REGION", "nowhere/else");
    assert!(refusal(command).await.contains("'nowhere/else' is no region"));
}

#[tokio::test]
async fn a_dry_run_watches_the_databases_says_so_and_ends_when_asked_to() {
    let world = World::new().await;
    // Short of CPU for long enough when the process begins to look. Its time is the system's, so none may be made to pass.
    for minutes in 1..12 {
        let at = world.time.now().minus(Duration::from_mins(minutes));
        world.oci.monitoring.record(&id(ServiceName::Order), 0, "CpuUtilization", at, 100.0);
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = autoscale(&["--dry-run"]);
    command.env("AUTOSCALE_PORT", port.to_string()).env("LOG_FORMAT", "json").stderr(Stdio::piped());
    command.env("OCI_AUTH", "api-key").env("OCI_TENANCY", TENANCY).env("OCI_USER", USER);
    command.env("OCI_FINGERPRINT", FINGERPRINT).env("OCI_KEY_FILE", world.oci.key_file());
    command.env("OCI_MONITORING_URL", world.url("/20180401/").as_str());
    command.env("OCI_POSTGRESQL_URL", world.url("/20220915/").as_str());
    let child = command.spawn().unwrap();
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();

    let get = async |path: &str| {
        let response = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    let ready = eventually(PATIENCE, async || match get("/ready").await {
        Ok((200, body)) => Ok(body),
        other => Err(format!("{other:?}")),
    });
    assert!(ready.await.contains("dry-run"));
    assert_eq!(get("/health").await.unwrap().0, 200);
    let (_, metrics) = get("/metrics").await.unwrap();
    for sample in [
        "haat_autoscale_decisions_total{database=\"order\",decision=\"up\"} 1",
        "haat_autoscale_ocpus{database=\"cart\"} 2",
        "haat_autoscale_load_percent{database=\"order\",metric=\"cpu\"} 100",
    ] {
        assert!(metrics.contains(sample), "{sample} is not in\n{metrics}");
    }

    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{log}");
    assert!(log.contains("would change its OCPUs") && log.contains("order: up, 2 OCPUs, cpu 100 %"), "{log}");
    assert_eq!(world.changes(), 0);
}
