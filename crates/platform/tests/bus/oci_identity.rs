//! Who signs requests to the cloud: tokens are had, renewed, and survived.

use std::sync::Arc;
use std::time::Duration;

use ::oci::queue::Queue;
use ::oci::{ApiKey, Client, Error, Identity};
use platform::clock::Clock;
use platform::types::QueueName;
use testkit::oci::{FINGERPRINT, Fault, Oci, TENANCY, USER};

const HALF: Duration = Duration::from_secs(601);
const WHOLE: Duration = Duration::from_secs(1201);

struct Asking {
    cloud: Oci,
    clock: Clock,
    queue: Queue,
}

impl Asking {
    async fn by(identity: impl FnOnce(&Oci) -> Identity) -> Self {
        let clock = Clock::system();
        let cloud = Oci::start_at(clock.clone()).await;
        let queue = queue(&cloud, identity(&cloud), &clock);
        Asking { cloud, clock, queue }
    }

    async fn ask(&self) -> Result<(), Error> {
        self.queue.stats("events").await.map(|_| ())
    }
}

fn queue(cloud: &Oci, identity: Identity, clock: &Clock) -> Queue {
    let clock = clock.clone();
    let client = Client::new(identity, Arc::new(move || clock.now())).unwrap();
    Queue::new(client, &cloud.queue_url(QueueName::Order), Duration::from_secs(5)).unwrap()
}

async fn tokens_are_renewed_at_half_their_life_and_when_they_are_refused(asking: Asking) {
    let Asking { cloud, clock, .. } = &asking;
    let asks: Vec<_> = (0..5).map(|_| asking.ask()).collect();
    for outcome in futures::future::join_all(asks).await {
        outcome.unwrap();
    }
    assert_eq!(cloud.tokens.given(), 1, "one for all who ask at once");
    clock.advance(HALF);
    asking.ask().await.unwrap();
    asking.ask().await.unwrap();
    assert_eq!(cloud.tokens.given(), 2);
    cloud.tokens.revoke_all();
    asking.ask().await.unwrap();
    assert_eq!(cloud.tokens.given(), 3, "a token that was refused is renewed");

    // The exchange is away: the old token serves on, and then there is a clear error.
    let unavailable = http::StatusCode::SERVICE_UNAVAILABLE;
    cloud.tokens.faults().plant(http::Method::POST, Fault::Refused(unavailable), 100);
    clock.advance(HALF);
    for _ in 0..5 {
        asking.ask().await.unwrap();
    }
    assert_eq!(cloud.tokens.faults().left(), 99, "asked again and again though there is time");
    clock.advance(WHOLE - HALF);
    let error = asking.ask().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().starts_with("no token for requests to the cloud: "), "{error}");
    cloud.tokens.faults().clear();
    asking.ask().await.unwrap();
}

#[tokio::test]
async fn a_pod_exchanges_its_account_for_tokens() {
    tokens_are_renewed_at_half_their_life_and_when_they_are_refused(Asking::by(|cloud| cloud.workload().into()).await)
        .await;
}

#[tokio::test]
async fn a_machine_exchanges_its_certificate_for_tokens() {
    tokens_are_renewed_at_half_their_life_and_when_they_are_refused(Asking::by(|cloud| cloud.instance().into()).await)
        .await;
}

#[tokio::test]
async fn a_pods_account_is_read_anew_for_each_token() {
    let asking = Asking::by(|cloud| cloud.workload().into()).await;
    asking.ask().await.unwrap();
    asking.cloud.tokens.rotate_account("account-2");
    asking.cloud.tokens.revoke_all();
    asking.ask().await.unwrap();
}

#[tokio::test]
async fn what_a_pod_lacks_is_named() {
    let clock = Clock::system();
    let cloud = Oci::start_at(clock.clone()).await;
    let without = async |change: &dyn Fn(&mut ::oci::WorkloadIdentity)| {
        let mut workload = cloud.workload();
        change(&mut workload);
        queue(&cloud, workload.into(), &clock).stats("events").await.unwrap_err().to_string()
    };
    let error = without(&|pod| pod.account = "/nowhere/token".into()).await;
    assert!(error.contains("/nowhere/token: "), "{error}");
    let error = without(&|pod| pod.authority = "/nowhere/ca.crt".into()).await;
    assert!(error.contains("/nowhere/ca.crt: "), "{error}");
    let error = without(&|pod| pod.exchange = "127.0.0.1:1".into()).await;
    assert!(error.contains("127.0.0.1:1 cannot be reached"), "{error}");
    let forbidden = http::StatusCode::FORBIDDEN;
    cloud.tokens.faults().plant(http::Method::POST, Fault::Refused(forbidden), 1);
    let error = without(&|_| {}).await;
    assert!(error.contains("is it of the enhanced type?"), "{error}");
}

#[tokio::test]
async fn a_token_that_does_not_come_takes_no_longer_than_the_request_has() {
    let asking = Asking::by(|cloud| cloud.workload().into()).await;
    asking.cloud.tokens.faults().plant(http::Method::POST, Fault::Silence, 1);
    let asked = std::time::Instant::now();
    let error = asking.ask().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("in the time that the request has"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    asking.ask().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_somebody_elses_is_told_nothing() {
    let clock = Clock::system();
    let (cloud, other) = tokio::join!(Oci::start_at(clock.clone()), Oci::start());
    let mut workload = cloud.workload();
    workload.authority = other.authority();
    let error = queue(&cloud, workload.into(), &clock).stats("events").await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(cloud.tokens.given(), 0);
}

#[tokio::test]
async fn a_key_or_a_clock_that_is_not_right_is_refused_once() {
    let asking = Asking::by(Oci::user).await;
    asking.ask().await.unwrap();
    let before = asking.cloud.queues.requests();
    // Oracle's services take a date that is five minutes off, and no more.
    let slow = Clock::system();
    asking.clock.advance(Duration::from_secs(299));
    queue(&asking.cloud, asking.cloud.user(), &slow).stats("events").await.unwrap();
    asking.clock.advance(Duration::from_secs(60));
    let error = queue(&asking.cloud, asking.cloud.user(), &slow).stats("events").await.unwrap_err();
    assert!(error.to_string().contains("five minutes off"), "{error}");

    let stranger = Oci::start().await;
    let key = stranger.key_file();
    let key = ApiKey::from_file(TENANCY.to_owned(), USER.to_owned(), FINGERPRINT.to_owned(), &key).unwrap();
    let error = queue(&asking.cloud, key.into(), &asking.clock).stats("events").await.unwrap_err();
    assert_eq!(error.status(), Some(http::StatusCode::UNAUTHORIZED));
    assert!(!error.is_transient() && error.to_string().contains("not this request's"), "{error}");
    assert_eq!(asking.cloud.queues.requests(), before + 1, "who is not known gets no further");
}

#[tokio::test]
async fn a_file_that_is_no_key_is_refused_and_never_shown() {
    let cloud = Oci::start().await;
    let read = |path: &std::path::Path| ApiKey::from_file(String::new(), String::new(), String::new(), path);
    let error = read(&cloud.authority()).unwrap_err().to_string();
    assert!(error.contains("a PEM file with an RSA key"), "{error}");
    let key = read(&cloud.key_file()).unwrap();
    assert!(format!("{key:?}").contains("key: [secret]"), "{key:?}");
}
