use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt as _;
use platform::Result;
use platform::clock::Clock;
use platform::service::{BootError, Bound, Job, Progress, Settings, check};
use serde_json::Value;
use testkit::{TestDatabase, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use types::ServiceName;

use crate::shelves::{MIGRATIONS, Setup, Shelves, builder};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_when_its_database_is_there_and_migrated() {
    let mut postgres = testkit::private_postgres().await;
    let database = TestDatabase::create_on(&postgres.admin_url(), &MIGRATIONS).await;
    let service = Setup::of(ServiceName::Order).with("DATABASE_URL", database.service_url.clone()).start().await;
    let ready = async || {
        let response = service.http.get(service.at("/ready")).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(ready().await.0, 200);
    postgres.kill().await;
    let (status, body) = ready().await;
    assert_eq!((status, &body["parts"]["database"]), (503, &"cannot be reached".into()));
    assert_eq!(service.http.get(service.at("/health")).send().await.unwrap().status(), 200, "it lives all the same");
    let away = service.put("a", uuid::Uuid::now_v7(), 1).await;
    assert_eq!(away.status(), 503);
    assert!(away.headers().contains_key("retry-after"));
    postgres.restart().await.unwrap();
    eventually(Duration::from_secs(20), || async { ready().await.0 == 200 }).await;
    let owner = sqlx::PgPool::connect(&database.owner_url).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations").execute(&owner).await.unwrap();
    let (status, body) = ready().await;
    assert_eq!((status, &body["parts"]["migrations"]), (503, &"not all applied".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_hand_is_finished_before_the_end() {
    let service = Setup::of(ServiceName::Order).start().await;
    let slow = tokio::spawn(service.http.get(service.at("/api/v1/slow/600")).send());
    let in_hand =
        || async { platform::telemetry::render_metrics(None).contains("http_requests_in_flight{service=\"order\"} 1") };
    platform::telemetry::install_metrics();
    tokio::time::timeout(Duration::from_millis(400), async {
        while !in_hand().await {
            tokio::task::yield_now().await
        }
    })
    .await
    .ok();
    service.process.stopper().cancel();
    service.process.run().await.unwrap();
    assert_eq!(slow.await.unwrap().unwrap().text().await.unwrap(), "done");
    assert!(service.http.get(format!("{}/health", service.url)).send().await.is_err(), "nothing is accepted any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_in_hand_finds_everybody_it_calls_until_it_is_done() {
    static CALLED: Mutex<Option<(String, bool)>> = Mutex::new(None);
    static AT_WORK: Notify = Notify::const_new();
    static STOPPED: Notify = Notify::const_new();
    async fn calls(_: Shelves) -> Result<Progress> {
        AT_WORK.notify_one();
        STOPPED.notified().await;
        let url = CALLED.lock().unwrap().as_ref().unwrap().0.clone();
        let answered = reqwest::get(&url).await.is_ok_and(|answer| answer.status() == 200);
        *CALLED.lock().unwrap() = Some((url, answered));
        Ok(Progress::Idle)
    }
    let job = Job::every(Duration::from_millis(10), "calls", calls);
    let service = Setup::of(ServiceName::Order).start_service(builder(ServiceName::Order).job(job).build()).await;
    let url = service.at("/health");
    *CALLED.lock().unwrap() = Some((url.clone(), false));
    AT_WORK.notified().await;
    let stop = service.process.stopper();
    let ended = tokio::spawn(service.process.run());
    stop.cancel();
    // Were the server to end now, it would be gone soon.
    let gone = async { while reqwest::get(&url).await.is_ok() {} };
    tokio::time::timeout(Duration::from_millis(300), gone).await.unwrap_err();
    STOPPED.notify_one();
    ended.await.unwrap().unwrap();
    assert_eq!(*CALLED.lock().unwrap(), Some((url.clone(), true)));
    assert!(reqwest::get(&url).await.is_err(), "nothing is accepted any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_leave_serves_on_and_asks_everybody_to_close_the_connection() {
    let service = Setup::of(ServiceName::Order).start().await;
    let address = service.url.strip_prefix("http://").unwrap();
    let connect = async || TcpStream::connect(address).await.unwrap();
    let (mut busy, mut idle) = (connect().await, connect().await);
    for connection in [&mut busy, &mut idle] {
        assert!(!is_asked_to_close(connection).await);
    }
    let mut leave = std::pin::pin!(service.process.take_leave());
    assert!(leave.as_mut().now_or_never().is_none());
    assert!(is_asked_to_close(&mut connect().await).await, "who comes now is served, too");
    assert!(is_asked_to_close(&mut busy).await);
    assert!(leave.as_mut().now_or_never().is_none(), "an idle connection is not closed: a request may be on its way");
    assert!(is_asked_to_close(&mut idle).await);
    let soon = Duration::from_secs(4);
    tokio::time::timeout(soon, leave).await.expect("nobody is waited for who has gone");
    let mut late = connect().await;
    assert!(is_asked_to_close(&mut late).await, "it serves until it is stopped");
}

/// Asks and reads the answer; if that says that the connection is to be closed, closes it.
async fn is_asked_to_close(connection: &mut TcpStream) -> bool {
    connection.write_all(b"GET /health HTTP/1.1\r\nhost: haat\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    while !answer.contains(r#"{"status":"alive"}"#) {
        let mut part = [0; 1024];
        let length = connection.read(&mut part).await.unwrap();
        assert_ne!(length, 0, "closed without an answer: {answer}");
        answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    let asked = answer.contains("connection: close\r\n");
    if asked {
        assert_eq!(connection.read(&mut [0]).await.unwrap(), 0);
        connection.shutdown().await.unwrap();
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_task_that_dies_takes_the_process_down() {
    async fn dies(_: Shelves) -> Result<Progress> {
        panic!("a job has died")
    }
    let job = Job::every(Duration::from_millis(10), "dies", dies);
    let service = Setup::of(ServiceName::Order).start_service(builder(ServiceName::Order).job(job).build()).await;
    let ended = tokio::time::timeout(Duration::from_secs(30), service.process.run()).await.unwrap();
    let message = ended.unwrap_err().to_string();
    assert!(message.contains("a background task of order died: a job has died"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_task_that_dies_takes_the_services_beside_it_down() {
    async fn dies(_: Shelves) -> Result<Progress> {
        panic!("a job has died")
    }
    let database = TestDatabase::create(&MIGRATIONS).await;
    let setup = Setup::of(ServiceName::Order);
    let settings =
        Settings { env: setup.env(&database).await, clock: Clock::system(), addresses: Some(setup.addresses) };
    let job = Job::every(Duration::from_millis(10), "dies", dies);
    // Both are called by others, so they end together.
    let services = vec![builder(ServiceName::Order).job(job).build(), builder(ServiceName::Payment).build()];
    let process = Bound::bind(services, settings).await.unwrap().start().await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), process.run()).await.expect("they wait for each other");
    assert!(ended.unwrap_err().to_string().contains("a background task of order died"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_by_the_clock_and_when_it_is_woken() {
    use std::sync::atomic::{AtomicU32, Ordering};
    static RUNS: AtomicU32 = AtomicU32::new(0);
    async fn counts(app: Shelves) -> Result<Progress> {
        // Twice at once when there is more, then none until woken: the clock's turn is an hour away.
        app.context.wake().job("never-mind");
        Ok(if RUNS.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { Progress::More } else { Progress::Idle })
    }
    async fn wakes(app: Shelves) -> Result<Progress> {
        app.context.wake().job("counts");
        Ok(Progress::Idle)
    }
    let service = builder(ServiceName::Order)
        .job(Job::every(Duration::from_secs(3600), "counts", counts))
        .job(Job::every(Duration::from_millis(20), "wakes", wakes));
    let _service = Setup::of(ServiceName::Order).start_service(service.build()).await;
    eventually(Duration::from_secs(20), || async { RUNS.load(Ordering::SeqCst) >= 4 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_says_why_in_one_sentence() {
    let database = TestDatabase::create(&MIGRATIONS).await;
    let attempt = async |setup: Setup| {
        let settings =
            Settings { env: setup.env(&database).await, clock: Clock::system(), addresses: Some(setup.addresses) };
        let service = builder(setup.name).build();
        let checked = check([&service], &settings).err().map(|error: BootError| error.to_string());
        let bound = match Bound::bind(vec![service], settings).await {
            Ok(bound) => bound,
            Err(error) => return error.to_string(),
        };
        let started = bound.start().await.err().map(|error: BootError| error.to_string());
        assert_eq!(checked, started, "the check and the start find the same");
        started.unwrap_or_default()
    };
    let order = || Setup::of(ServiceName::Order);
    assert_eq!(
        attempt(order().with("DATABASE_CONNECTIONS", "many")).await,
        "DATABASE_CONNECTIONS: invalid digit found in string"
    );
    assert_eq!(
        attempt(order().with("HAAT_TYPO", "1")).await,
        "unknown variable HAAT_TYPO: nothing reads it; correct its name or unset it"
    );
    assert!(attempt(order().with("JWT_SECRET", "xyz")).await.starts_with("JWT_SECRET: "));
    assert!(!attempt(order().with("JWT_SECRET", "c2VjcmV0")).await.contains("c2VjcmV0"), "a secret is not repeated");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let message = attempt(order().with("ORDER_PORT", port.to_string())).await;
    assert!(message.starts_with(&format!("port {port} cannot be bound for order: ")), "{message}");
    assert!(message.ends_with("; ORDER_PORT names another one"), "{message}");
}
