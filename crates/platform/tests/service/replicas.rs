//! Reads from a streaming replica whose replay the test holds back, so that its lag is no accident.

use std::time::Duration;

use local::PostgresServer;
use platform::telemetry::{install_metrics, render_metrics};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::service::Person;
use testkit::{Private, TestDatabase, TestService, eventually, private_redis, private_replicated_postgres};
use types::ServiceName;
use uuid::Uuid;

use crate::shelves::{MIGRATIONS, builder};

const SOON: Duration = Duration::from_secs(20);

/// Two servers, and a service between them.
struct World {
    service: TestService,
    _database: TestDatabase,
    _primary: Private<PostgresServer>,
    replica: Private<PostgresServer>,
}

impl World {
    async fn start(variables: &[(&str, &str)]) -> Self {
        install_metrics();
        let (primary, replica) = private_replicated_postgres().await;
        let database = TestDatabase::create_on(&primary.admin_url(), &MIGRATIONS).await;
        let on = |server: &PostgresServer| {
            let port = |server: &PostgresServer| format!(":{}/", server.port());
            database.service_url.replace(&port(&primary), &port(server))
        };
        let mut service = TestService::of(builder(ServiceName::Order).build())
            .env("DATABASE_URL", on(&primary))
            .env("DATABASE_REPLICA_URLS", on(&replica));
        for (name, value) in variables {
            service = service.env(name, value);
        }
        World { service: service.start().await, _database: database, _primary: primary, replica }
    }

    /// What the primary changes from now on, the replica shows only when it is [released](World::release_replica).
    async fn hold_replica(&self) {
        self.on_replica("SELECT pg_wal_replay_pause()").await;
        let paused = || async { self.on_replica("SELECT pg_get_wal_replay_pause_state()").await == "paused" };
        eventually(SOON, paused).await;
    }

    async fn release_replica(&self) {
        self.on_replica("SELECT pg_wal_replay_resume()").await;
    }

    async fn on_replica(&self, sql: &'static str) -> String {
        let mut connection = PgConnection::connect(&self.replica.admin_url()).await.unwrap();
        sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await.unwrap_or_default()
    }

    async fn until_replica_is(&self, usable: bool) {
        let wanted = format!("database_replica_usable{{{}}} {}", self.labels(), u8::from(usable));
        eventually(SOON, || async { render_metrics(None).contains(&wanted).then_some(()).ok_or(render_metrics(None)) })
            .await;
    }

    fn labels(&self) -> String {
        format!("service=\"order\",replica=\"127.0.0.1:{}\"", self.replica.port())
    }
}

/// How many reads have gone to the replica.
fn reads_of_replica() -> u64 {
    let metrics = render_metrics(None);
    let line = metrics.lines().find(|line| line.starts_with("database_reads_total") && line.contains("\"replica\""));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn put(person: &Person, shelf: Uuid, things: i64) {
    person.post("/api/v1/things", &json!({ "shelf": shelf, "things": things })).await.is(201);
}

async fn count(person: &Person, shelf: Uuid) -> Option<i64> {
    let answer = person.get(&format!("/api/v1/things/{shelf}")).await;
    match answer.status {
        404 => None,
        200 => Some(answer.json.as_i64().unwrap()),
        status => panic!("{status}: {}", answer.json),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sees_its_own_writes_on_every_pod_however_far_the_replica_lags() {
    let mut redis = private_redis().await;
    let world = World::start(&[("REDIS_URL", &redis.url()), ("DATABASE_REPLICA_MAX_LAG", "3600")]).await;
    let other_pod = world.service.another(builder(ServiceName::Order).build()).await;
    let (asha, guest) = (world.service.customer(), world.service.guest());
    let [asha_elsewhere, guest_elsewhere] = [&asha, &guest].map(|person| world.service.at(&other_pod, person));
    let shelf = Uuid::now_v7();
    put(&asha, shelf, 1).await;
    assert_eq!(count(&asha_elsewhere, shelf).await, Some(1));
    world.until_replica_is(true).await;
    eventually(SOON, || async { count(&guest, shelf).await == Some(1) }).await;

    world.hold_replica().await;
    put(&asha, shelf, 1).await;
    for _ in 0..3 {
        assert_eq!(count(&asha, shelf).await, Some(2));
        assert_eq!(count(&asha_elsewhere, shelf).await, Some(2), "another process knows of the write through Redis");
        assert_eq!(count(&guest, shelf).await, Some(1), "who has written nothing reads from the replica");
    }

    redis_forgets_everything(&redis.url()).await;
    assert_eq!(count(&asha_elsewhere, shelf).await, Some(2), "what Redis has lost is not taken for nothing written");
    put(&asha, shelf, 1).await;
    redis.kill().await;
    assert_eq!(count(&asha_elsewhere, shelf).await, Some(3), "without Redis a user reads from the primary");
    let ravi_elsewhere = world.service.at(&other_pod, &world.service.customer());
    assert_eq!(count(&ravi_elsewhere, shelf).await, Some(3), "whatever that user may have written");
    put(&asha, shelf, 1).await;
    assert_eq!(count(&asha_elsewhere, shelf).await, Some(4));
    assert_eq!(count(&guest_elsewhere, shelf).await, Some(1), "guests need no Redis");
    redis.restart().await.unwrap();

    world.release_replica().await;
    eventually(SOON, || async { count(&guest, shelf).await == Some(4) }).await;
    let replica_serves_asha = || async {
        let before = reads_of_replica();
        assert_eq!(count(&asha_elsewhere, shelf).await, Some(4));
        reads_of_replica() > before
    };
    eventually(SOON, replica_serves_asha).await;
    other_pod.stop().await;
}

async fn redis_forgets_everything(url: &str) {
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("written:order:*").query_async(&mut connection).await.unwrap();
    assert!(!keys.is_empty(), "the write is noted");
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_or_is_gone_is_left_alone_until_it_has_caught_up() {
    let mut world = World::start(&[("DATABASE_REPLICA_MAX_LAG", "1")]).await;
    let (asha, guest) = (world.service.customer(), world.service.guest());
    let shelf = Uuid::now_v7();
    put(&asha, shelf, 1).await;
    world.until_replica_is(true).await;
    world.hold_replica().await;
    put(&asha, shelf, 1).await;
    world.until_replica_is(false).await;
    assert_eq!(count(&guest, shelf).await, Some(2), "it lags by more than a second");
    let lag = format!("database_replica_lag_seconds{{{}}} ", world.labels());
    let metrics = render_metrics(None);
    let line = metrics.lines().find_map(|line| line.strip_prefix(&lag)).expect("the lag is measured");
    assert!(line.parse::<f64>().unwrap() > 1.0, "{line}");

    world.release_replica().await;
    world.until_replica_is(true).await;
    let before = reads_of_replica();
    assert_eq!(count(&guest, shelf).await, Some(2));
    assert_eq!(reads_of_replica(), before + 1);

    world.replica.kill().await;
    world.until_replica_is(false).await;
    put(&asha, shelf, 1).await;
    let before = reads_of_replica();
    assert_eq!(count(&guest, shelf).await, Some(3));
    assert_eq!(reads_of_replica(), before);
    world.replica.restart().await.unwrap();
    world.until_replica_is(true).await;
    eventually(SOON, || async { count(&guest, shelf).await == Some(3) && reads_of_replica() > before }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_replica_is_never_taken_for_one() {
    install_metrics();
    let (of_another, service) =
        (testkit::private_postgres().await, TestService::of(builder(ServiceName::Order).build()));
    let strangers = TestDatabase::create_on(&of_another.admin_url(), &MIGRATIONS).await;
    let service = service.env("DATABASE_REPLICA_URLS", &strangers.service_url).start().await;
    let guest = service.guest();
    let (shelf, before) = (Uuid::now_v7(), reads_of_replica());
    put(&guest, shelf, 1).await;
    eventually(SOON, || async { render_metrics(None).contains("database_replica_usable{") }).await;
    assert_eq!(count(&guest, shelf).await, Some(1));
    assert_eq!(reads_of_replica(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_of_another_primary_is_never_read_from() {
    install_metrics();
    let (other_primary, replica) = private_replicated_postgres().await;
    let others = TestDatabase::create_on(&other_primary.admin_url(), &MIGRATIONS).await;
    let mut admin = PgConnection::connect(&other_primary.admin_url()).await.unwrap();
    // So it is after a restoration: the server that was restored from has more than the one that came of it.
    for _ in 0..4 {
        sqlx::query("SELECT pg_switch_wal() FROM pg_current_xact_id()").execute(&mut admin).await.unwrap();
    }
    let on_replica =
        others.service_url.replace(&format!(":{}/", other_primary.port()), &format!(":{}/", replica.port()));
    let restored = testkit::private_postgres().await;
    let database = TestDatabase::create_on(&restored.admin_url(), &MIGRATIONS).await;
    let service = TestService::of(builder(ServiceName::Order).build())
        .env("DATABASE_URL", &database.service_url)
        .env("DATABASE_REPLICA_URLS", on_replica)
        .start()
        .await;
    let guest = service.guest();
    let (shelf, before) = (Uuid::now_v7(), reads_of_replica());
    put(&guest, shelf, 1).await;
    let judged = format!("database_replica_usable{{service=\"order\",replica=\"127.0.0.1:{}\"}} 0", replica.port());
    eventually(SOON, || async { render_metrics(None).contains(&judged) }).await;
    assert_eq!(count(&guest, shelf).await, Some(1));
    assert_eq!(reads_of_replica(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_replicas_pays_nothing_for_them() {
    let settings = vec![("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned())];
    let directory = testkit::ScratchDirectory::create();
    let options =
        local::PostgresOptions { durable: false, settings, ..local::PostgresOptions::new(directory.join("postgres")) };
    let postgres = PostgresServer::start(options).await.unwrap();
    let mut admin = PgConnection::connect(&postgres.admin_url()).await.unwrap();
    sqlx::query("CREATE EXTENSION pg_stat_statements").execute(&mut admin).await.unwrap();
    let database = TestDatabase::create_on(&postgres.admin_url(), &MIGRATIONS).await;
    let redis = private_redis().await;
    let service = TestService::of(builder(ServiceName::Order).build())
        .env("DATABASE_URL", &database.service_url)
        .env("REDIS_URL", redis.url());
    let service = service.start().await;
    let (asha, shelf) = (service.customer(), Uuid::now_v7());
    put(&asha, shelf, 1).await;
    assert_eq!(count(&asha, shelf).await, Some(1));

    let asked = "SELECT count(*) FROM pg_stat_statements WHERE query LIKE $1";
    let statements = async |like: &str, admin: &mut PgConnection| {
        sqlx::query_scalar::<_, i64>(asked).bind(like).fetch_one(admin).await.unwrap()
    };
    assert!(statements("%FROM shelf WHERE id%", &mut admin).await > 0, "what was asked is seen");
    assert_eq!(statements("%lsn()%", &mut admin).await, 0);
    let mut cache = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let commands: String = redis::cmd("INFO").arg("commandstats").query_async(&mut cache).await.unwrap();
    assert!(commands.contains("cmdstat_exists"), "what was asked is seen: {commands}");
    assert!(!commands.contains("cmdstat_z"), "{commands}");
    drop(service);
    drop(database);
    postgres.stop().await;
}
