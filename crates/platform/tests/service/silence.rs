//! A database that is gone without a word: no answer, no reset. And callers who are gone before the database's answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use contracts::Event as _;
use contracts::order::OrderCreated;
use platform::Result;
use platform::db::{Db, DbOptions};
use platform::env::Env;
use platform::events::wake::Wake;
use platform::service::{Job, Progress};
use platform::telemetry::{install_metrics, render_metrics};
use sqlx::{Connection as _, Executor as _, PgConnection};
use testkit::{TcpProxy, TestDatabase, eventually};
use tokio::time::timeout;
use types::{ServiceName, StreamName};
use uuid::Uuid;

use crate::events::message;
use crate::shelves::{MIGRATIONS, Setup, Shelves, builder, converted};

const SOON: Duration = Duration::from_secs(20);
const AT_ONCE: Duration = Duration::from_secs(1);

/// A database and the way to it.
struct World {
    db: Db,
    way: TcpProxy,
    tables: TestDatabase,
}

impl World {
    async fn of(service: ServiceName, connections: u32) -> Self {
        let tables = TestDatabase::create(&MIGRATIONS).await;
        let server = tables.service_url.split(['@', '/']).nth(3).unwrap();
        let way = TcpProxy::start(server).await;
        let variables = [
            ("DATABASE_URL", tables.service_url.replace(server, &way.address.to_string())),
            ("DATABASE_CONNECTIONS", connections.to_string()),
            ("DATABASE_STATEMENT_TIMEOUT", "1".to_owned()),
        ];
        let env = Env::from_values(variables.map(|(name, value)| (name.to_owned(), value)));
        let db = Db::new(service, &DbOptions::from_env(&env).unwrap(), Wake::default(), None);
        World { db, way, tables }
    }

    async fn works(&self) -> bool {
        let answer = async { self.db.primary().await?.execute("SELECT 1").await };
        timeout(AT_ONCE, answer).await.is_ok_and(|answer| answer.is_ok())
    }

    /// How many connections nobody uses, and how many are in use or on their way back.
    fn connections(&self) -> [f64; 2] {
        self.db.record_metrics();
        let metrics = render_metrics(None);
        ["idle", "used"].map(|state| {
            let sample = format!("database_connections{{service=\"{}\",state=\"{state}\"}} ", self.db.service());
            metrics.lines().find_map(|line| line.strip_prefix(&sample)).unwrap().parse().unwrap()
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_lost_its_server_gives_up_its_place_in_the_pool() {
    let world = World::of(ServiceName::Order, 1).await;
    let mut tx = world.db.begin().await.unwrap();
    world.way.fall_silent();
    timeout(Duration::from_millis(100), tx.execute("SELECT 1")).await.unwrap_err();
    drop(tx);
    eventually(SOON, || world.works()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_one_connection_had_no_answer_the_others_are_asked_before_they_are_used() {
    install_metrics();
    let world = World::of(ServiceName::User, 4).await;
    let all = futures::future::join_all((0..4).map(|_| world.db.primary())).await;
    drop(all);
    eventually(SOON, || async { world.connections() == [4.0, 0.0] }).await;
    world.way.fall_silent();
    assert!(!world.works().await, "nobody could know");
    eventually(SOON, || async { world.connections() == [3.0, 0.0] }).await;
    for _ in 0..4 {
        assert!(world.works().await, "a connection without a server was given out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_while_a_transaction_begins_leaves_none_behind() {
    install_metrics();
    let world = World::of(ServiceName::Order, 1).await;
    assert!(world.works().await);
    eventually(SOON, || async { world.connections() == [1.0, 0.0] }).await;
    world.way.delay(Duration::from_millis(100));
    timeout(Duration::from_millis(50), world.db.begin()).await.unwrap_err();
    world.way.restore();
    let insert = "INSERT INTO shelf VALUES ('00000000-0000-0000-0000-000000000001', 1)";
    world.db.primary().await.unwrap().execute(insert).await.unwrap();
    let owner = sqlx::PgPool::connect(&world.tables.owner_url).await.unwrap();
    let shelves: i64 = sqlx::query_scalar("SELECT count(*) FROM shelf").fetch_one(&owner).await.unwrap();
    assert_eq!(shelves, 1, "what nobody had to commit was not committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_has_begun_is_brought_to_its_end_though_nobody_waits_for_it() {
    let world = World::of(ServiceName::Order, 2).await;
    let mut tx = world.db.begin().await.unwrap();
    tx.execute("INSERT INTO shelf VALUES ('00000000-0000-0000-0000-000000000001', 1)").await.unwrap();
    let (done, told) = tokio::sync::oneshot::channel();
    tx.after_commit(async { done.send(()).unwrap() });
    world.way.delay(Duration::from_millis(100));
    timeout(Duration::from_millis(50), tx.commit()).await.unwrap_err();
    timeout(SOON, told).await.expect("what follows from it is not done").unwrap();
    let owner = sqlx::PgPool::connect(&world.tables.owner_url).await.unwrap();
    let shelves: i64 = sqlx::query_scalar("SELECT count(*) FROM shelf").fetch_one(&owner).await.unwrap();
    assert_eq!(shelves, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_commit_is_not_done_without_one() {
    let world = World::of(ServiceName::Order, 1).await;
    let (done, told) = tokio::sync::oneshot::channel::<()>();
    let mut tx = world.db.begin().await.unwrap();
    tx.after_commit(async { done.send(()).unwrap() });
    drop(tx);
    timeout(SOON, told).await.unwrap().expect_err("it was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_whose_connection_broke_holds_the_lock_again() {
    let service = Setup::of(ServiceName::Order).start().await;
    let mut owner = PgConnection::connect(&service.tables.owner_url).await.unwrap();
    let locks = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                 WHERE locktype = 'advisory' AND granted AND datname = current_database()";
    let mut locks = async || sqlx::query_scalar::<_, i64>(locks).fetch_one(&mut owner).await.unwrap();
    while locks().await == 0 {
        tokio::task::yield_now().await;
    }
    service.database.cut().await;
    // Longer than the relay looks into the outbox, and shorter than it waits for an answer: it meets the gap while it connects.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(locks().await, 0);
    service.database.restore();
    let again = async { while locks().await == 0 {} };
    timeout(SOON, again).await.expect("a relay without its lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hears_nothing_of_us_frees_our_place_within_a_minute() {
    let world = World::of(ServiceName::Order, 1).await;
    let mut connection = world.db.primary().await.unwrap();
    let seconds = "SELECT current_setting('tcp_keepalives_idle')::int8
                 + current_setting('tcp_keepalives_interval')::int8 * current_setting('tcp_keepalives_count')::int8";
    let seconds: i64 = sqlx::query_scalar(seconds).fetch_one(&mut *connection).await.unwrap();
    assert!((1..=60).contains(&seconds), "{seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_does_not_wait_for_a_server_that_says_nothing() {
    let world = World::of(ServiceName::Order, 1).await;
    world.db.ping().await.unwrap();
    world.way.fall_silent();
    timeout(SOON, world.db.ping()).await.expect("it waits").unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_outlives_a_database_that_moved_without_a_word() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    async fn looks(app: Shelves) -> Result<Progress> {
        app.db.primary().await?.execute("SELECT 1").await?;
        RUNS.fetch_add(1, Ordering::SeqCst);
        Ok(Progress::Idle)
    }
    let job = Job::every(Duration::from_millis(20), "looks", looks).within(AT_ONCE);
    let setup = Setup::of(ServiceName::Order).with("DATABASE_STATEMENT_TIMEOUT", "1").with("DATABASE_CONNECTIONS", "2");
    let service = setup.start_service(builder(ServiceName::Order).job(job).build()).await;
    let shelf = Uuid::now_v7();
    assert_eq!(service.put("before", shelf, 1).await.status(), 201);
    let mut stream = service.bus.streams.subscribe(StreamName::Order, "test").await.unwrap();
    let told = stream.next(10, SOON).await.unwrap();
    assert_eq!(told.len(), 1, "the relay has its connection");

    service.database.fall_silent();
    let runs = RUNS.load(Ordering::SeqCst);
    let soon = SOON * 2;
    // The same key: what an attempt did whose answer was lost is not done again.
    eventually(soon, || async { service.put("after", shelf, 1).await.status() == 201 }).await;
    eventually(soon, || async { RUNS.load(Ordering::SeqCst) > runs + 2 }).await;
    let told = timeout(soon, async {
        loop {
            let told = stream.next(10, AT_ONCE).await.unwrap();
            if !told.is_empty() {
                return told;
            }
        }
    });
    let told = told.await.expect("the relay waits for a server that is gone");
    assert_eq!((told.len(), told[0].kind.as_str()), (1, OrderCreated::TYPE));
    let other = Uuid::now_v7();
    service.bus.streams.publish(StreamName::Order, &[message(other, &converted(other))]).await.unwrap();
    eventually(soon, || async { service.count(other).await == Some(1) }).await;
}
