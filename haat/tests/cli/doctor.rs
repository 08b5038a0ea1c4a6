//! `haat doctor`: each thing that is wrong is named with what to do about it. (A healthy platform is among `life`'s.)

use std::net::TcpListener;
use std::path::Path;

use platform::identity::{ServiceKeys, SigningKey};
use sqlx::migrate::Migrator;
use testkit::{ScratchDirectory, TestDatabase, servers};
use tokio::process::Command;
use types::ServiceName;

use crate::process::{Ended, ended, free_base, haat, shell};

/// The findings of a doctor who found something.
fn findings(found: &Ended) -> Vec<&str> {
    assert_eq!(found.code, Some(1), "{found:?}");
    assert_eq!(found.err, "", "{found:?}");
    found.out.lines().filter_map(|line| line.strip_prefix("  ✗ ")).collect()
}

fn examine(state: &Path, port_base: u16) -> Command {
    let mut command = haat(["doctor", "--port-base", &port_base.to_string(), "--state"]);
    command.arg(state);
    command
}

#[tokio::test]
async fn a_machine_on_which_nothing_is_wrong_is_said_so_and_left_as_it_is() {
    let scratch = ScratchDirectory::create();
    let found = ended(examine(&scratch.join("state"), free_base())).await;
    assert_eq!((found.code, found.err.as_str()), (Some(0), ""), "{found:?}");
    assert!(found.out.ends_with("Nothing is wrong.\n"), "{found:?}");
    assert!(!scratch.join("state").exists());
}

#[tokio::test]
async fn what_is_wrong_with_a_machine_is_named() {
    let scratch = ScratchDirectory::create();
    std::fs::write(scratch.join("letter"), "mine").unwrap();
    let base = free_base();
    let _order = TcpListener::bind(("127.0.0.1", base + 5)).unwrap();
    let state = scratch.path().display();
    let mut command = shell(
        r#"ulimit -n 128; exec "$0" "$@""#,
        ["doctor", "--port-base", &base.to_string(), "--state", &state.to_string()],
    );
    command.env("PATH", "/nowhere");
    let found = ended(command).await;
    let found = findings(&found);
    let [files, directory, ports] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        *files,
        "open files: only 128 may be open at once, and at least 1024 are needed: raise the limit (`ulimit -n 1024`)"
    );
    assert_eq!(
        *directory,
        format!(
            "the state directory {state}: {state} holds files that are not Haat's: choose another state directory with --state"
        )
    );
    assert!(
        ports.starts_with(&format!("the ports: port {} (order) is in use: stop what listens", base + 5)),
        "{ports}"
    );
}

/// A service whose environment is as it must be: shipping has a database, events, a cache and no neighbours.
pub struct Shipping {
    _database: TestDatabase,
    variables: Vec<(&'static str, String)>,
}

impl Shipping {
    pub async fn new(migrations: &Migrator) -> Self {
        let database = TestDatabase::create(migrations).await;
        let key = SigningKey::generate().unwrap();
        let servers = servers().await;
        let variables = vec![
            ("APP_ENV", "local".to_owned()),
            ("DATABASE_URL", database.service_url.clone()),
            ("STREAMS_URL", servers.streams_url.clone()),
            ("REDIS_URL", servers.cache_url.clone()),
            ("JWT_SECRET", key.to_secret_string()),
            ("SERVICE_KEYS", ServiceKeys::document([(ServiceName::Shipping, &key)])),
        ];
        Shipping { _database: database, variables }
    }

    pub async fn migrated() -> Self {
        Self::new(haat::services::one(ServiceName::Shipping).migrations.unwrap()).await
    }

    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// With one variable of another value.
    async fn examined_with(&self, name: &str, value: &str) -> Ended {
        let mut command = haat(["doctor", "shipping"]);
        command.envs(self.variables()).env(name, value);
        ended(command).await
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_service_is_named_alone() {
    let shipping = Shipping::migrated().await;
    let healthy = shipping.examined_with("LOG_LEVEL", "info").await;
    assert_eq!((healthy.code, healthy.err.as_str()), (Some(0), ""), "{healthy:?}");
    let other = SigningKey::generate().unwrap().to_secret_string();
    for (name, value, start, end) in [
        (
            "JWT_SECRET",
            other.as_str(),
            "shipping: its key: JWT_SECRET is not the key that SERVICE_KEYS has for shipping",
            "to SERVICE_KEYS",
        ),
        (
            "DATABASE_URL",
            "postgres://shipping@127.0.0.1:1/shipping",
            "shipping: its database: cannot be reached (",
            "is the server up, and DATABASE_URL right?",
        ),
        (
            "STREAMS_URL",
            "redis://127.0.0.1:1/",
            "shipping: the streams and queues: cannot be reached (",
            "is the server up, and STREAMS_URL (or KAFKA_BROKERS) right?",
        ),
        (
            "REDIS_URL",
            "redis://127.0.0.1:1/",
            "shipping: the cache: no answer: is Redis up, and REDIS_URL right?",
            "Without it everything is slower",
        ),
        (
            "SHIPPING_FOLLOW_UP_AFTER",
            "later",
            "the variables: SHIPPING_FOLLOW_UP_AFTER: 'later' is not a number of seconds",
            "",
        ),
    ] {
        let found = shipping.examined_with(name, value).await;
        let found = findings(&found);
        assert!(matches!(found[..], [one] if one.starts_with(start) && one.ends_with(end)), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn a_database_without_its_migrations_is_named_with_the_command_for_them() {
    let shipping = Shipping::new(&platform::db::PLATFORM_MIGRATIONS).await;
    let found = shipping.examined_with("LOG_LEVEL", "info").await;
    let found = findings(&found);
    let [one] = found[..] else { panic!("{found:?}") };
    assert!(one.starts_with("shipping: its database: "), "{one}");
    assert!(one.ends_with("run `haat migrate shipping`"), "{one}");
}

#[tokio::test]
async fn a_neighbour_that_does_not_answer_is_named_with_its_address() {
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let mut command = haat(["doctor", "payment"]);
    command.env("ORDER_URL", &silent);
    let found = ended(command).await;
    let found = findings(&found);
    let neighbour = format!("payment: order at {silent}: no answer: is it up, and ORDER_URL or SERVICE_HOSTS right?");
    assert!(found.contains(&neighbour.as_str()), "{found:?}");
    // And what is not set at all.
    assert!(
        found.contains(&"payment: its key: JWT_SECRET is not set; the service's private key is expected"),
        "{found:?}"
    );
    assert!(found.iter().any(|one| one.starts_with("payment: its database: DATABASE_URL is not set")), "{found:?}");
}

#[tokio::test]
async fn a_state_directory_without_a_platform_is_told_how_to_get_one() {
    let scratch = ScratchDirectory::create();
    let mut command = haat(["doctor", "order", "--state"]);
    command.arg(scratch.path());
    let refused = ended(command).await.sentence();
    let state = scratch.path().display();
    assert_eq!(
        refused,
        format!("no platform has run on the state directory {state} yet: `haat up --state {state}` starts one")
    );
}
