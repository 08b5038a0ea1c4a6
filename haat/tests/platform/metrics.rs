//! What the running platform exports, held against the table of metrics. Dashboards and alert rules are held against the table
//! (`haat/tests/operations`), so that they ask for what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use platform::bus::{self, BusConfig, BusOptions, Message};
use platform::env::Env;
use platform::telemetry::names::{ALL, Kind};
use serde_json::json;
use testkit::eventually;
use types::{EventId, QueueName, ServiceName, StreamName};
use uuid::Uuid;

use crate::shop::{PATIENCE, Shop};

/// What only a broken platform, or one with replicas, counts. Their labels stand in the code (`haat/tests/house/metrics.rs`).
const NOT_HERE: [&str; 7] = [
    "call_retries_total",
    "database_reads_total",
    "database_replica_lag_seconds",
    "database_replica_usable",
    "job_failures_total",
    "outbox_relay_failures_total",
    "redis_failures_total",
];
/// The backlog of streams and queues is measured every half minute.
const MEASURED: Duration = Duration::from_secs(70);

/// The names of samples, each with the sets of labels that it was seen with.
type Samples = BTreeMap<String, BTreeSet<Vec<String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_is_what_the_table_says() {
    platform::telemetry::install_metrics();
    let shop = Shop::open_with(&[("EVENT_REST", "0.01"), ("AUTH_REQUESTS_PER_ADDRESS", "2")]).await;
    buy_and_fail(&shop).await;
    let stuck = bad_events(&shop).await;

    eventually(MEASURED, || async {
        let text = scrape(&shop).await;
        let has = |start: &str, end: &str| text.lines().any(|line| line.starts_with(start) && line.ends_with(end));
        let missing: Vec<_> = stuck.iter().filter(|(start, end)| !has(start, end)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    })
    .await;
    let text = scrape(&shop).await;
    let samples = samples(&text);
    assert_eq!(strangers(&samples), [""; 0]);
    assert_eq!(unseen(&samples), [""; 0]);
    business(&text);
}

/// An order that is paid and one that is cancelled after it was paid, a payment that fails, a shortage, requests that are too many.
async fn buy_and_fail(shop: &Shop) {
    let (asha, ravi, offer) = (shop.customer(), shop.customer(), shop.offer(3).await);
    let order = asha.order(&offer, 2).await;
    asha.pay(&order, "decline@sandbox").await;
    // As soon as the one that was declined is over.
    eventually(PATIENCE, || async { asha.pay(&order, "success@sandbox").await.status == 201 }).await;
    asha.until(&order, "status", "confirmed").await;
    ravi.add(&offer, 1).await;
    let method = ravi.shipping_method().await;
    let piece = asha.order(&offer, 1).await;
    ravi.check_out(&method, "upi").await.problem(409, "insufficient-stock");
    asha.pay(&piece, "success@sandbox").await.is(201);
    asha.until(&piece, "status", "confirmed").await;
    asha.post(&format!("/api/v1/orders/{}/cancel", piece["id"].as_str().unwrap()), json!({})).await.is(200);
    asha.until(&piece, "refund_status", "refunded").await;
    let login = json!({ "email": "nobody@example.com", "password": "not a password" });
    let limited = async || shop.guest().post("/api/v1/auth/login", login.clone()).await.status == 429;
    eventually(PATIENCE, limited).await;
}

/// Events that no handler can read: one dies in a queue, one is put aside. The samples that tell of them.
async fn bad_events(shop: &Shop) -> [(&'static str, &'static str); 4] {
    let variables = Env::from_values(shop.platform.infrastructure.variables());
    let options = BusOptions { prefix: "haat:".to_owned(), ..BusOptions::default() };
    let bus = bus::connect(&BusConfig::from_env(&variables).unwrap(), &options).unwrap();
    bus.queues.put(QueueName::Order, &[unreadable("payment.succeeded.v1")]).await.unwrap();
    bus.streams.publish(StreamName::Order, &[unreadable("order.confirmed.v1")]).await.unwrap();
    [
        ("events_parked{service=\"cart\"}", " 1"),
        ("queue_messages{service=\"order\",queue=\"order-service-events\",state=\"dead\"}", " 1"),
        ("queue_dead_letters_total{queue=\"order-service-events\"}", " 1"),
        ("stream_lag_events{service=\"cart\",stream=\"order-events\",group=\"cart\"}", " 0"),
    ]
}

fn unreadable(kind: &str) -> Message {
    let (id, key) = (EventId(Uuid::now_v7()), Uuid::new_v4().to_string());
    Message { id, key, kind: kind.to_owned(), payload: b"not JSON".as_slice().into(), traceparent: None }
}

/// `/metrics` of all services, one after the other.
async fn scrape(shop: &Shop) -> String {
    let mut all = String::new();
    for service in ServiceName::ALL {
        let url = format!("http://127.0.0.1:{}/metrics", shop.platform.port(*service));
        all += &shop.http.get(url).send().await.unwrap().text().await.unwrap();
    }
    all
}

fn samples(text: &str) -> Samples {
    let mut samples = Samples::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, rest) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let labels = rest.rsplit_once('}').map_or("", |(labels, _)| labels);
        // No value of ours has a comma followed by a label's beginning.
        let names = labels.split("\",").filter_map(|pair| Some(pair.split_once("=\"")?.0.to_owned()));
        samples.entry(name.to_owned()).or_default().insert(names.collect());
    }
    samples
}

/// The metric's samples by name, each with the labels that it has besides.
fn samples_of(name: &str, kind: Kind) -> Vec<(String, Option<&'static str>)> {
    match kind {
        Kind::Counter | Kind::Gauge => vec![(name.to_owned(), None)],
        Kind::Histogram => {
            vec![(format!("{name}_bucket"), Some("le")), (format!("{name}_sum"), None), (format!("{name}_count"), None)]
        }
    }
}

/// Samples that the table does not have, or not with these labels.
fn strangers(samples: &Samples) -> Vec<String> {
    let known: BTreeMap<String, BTreeSet<&str>> = ALL
        .iter()
        .flat_map(|metric| {
            samples_of(metric.name, metric.kind)
                .into_iter()
                .map(|(sample, more)| (sample, metric.labels.iter().copied().chain(more).collect()))
        })
        .collect();
    let mut told = Vec::new();
    for (name, seen) in samples {
        match known.get(name) {
            None => told.push(format!("{name} does not stand in the table")),
            Some(known) => told.extend(
                seen.iter()
                    .filter(|labels| labels.iter().map(String::as_str).collect::<BTreeSet<_>>() != *known)
                    .map(|labels| format!("{name} has the labels {labels:?}, in the table {known:?}")),
            ),
        }
    }
    told
}

/// Metrics of the table that the platform did not export although nothing kept it from that.
fn unseen(samples: &Samples) -> Vec<String> {
    let expected = ALL.iter().filter(|metric| !NOT_HERE.contains(&metric.name));
    let seen = |name: &str, kind: Kind| samples_of(name, kind).iter().all(|(sample, _)| samples.contains_key(sample));
    expected.filter(|metric| !seen(metric.name, metric.kind)).map(|metric| metric.name.to_owned()).collect()
}

/// The sums that the shop's earnings are read from.
fn business(text: &str) {
    let sum = |start: &str| -> f64 {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    };
    let invoiced = sum("invoiced_paise_total{service=\"order\",method=\"upi\"}");
    let credited = sum("credited_paise_total{service=\"order\"}");
    assert!(invoiced > credited && credited > 0.0, "{invoiced} {credited}");
    assert_eq!(sum("refunded_paise_total{service=\"payment\"}"), credited, "what was credited went back");
    assert_eq!(sum("payments_total{service=\"payment\",method=\"upi\",outcome=\"succeeded\"}"), 2.0);
    assert_eq!(sum("payments_total{service=\"payment\",method=\"upi\",outcome=\"failed\"}"), 1.0);
    assert_eq!(sum("stock_shortages_total{service=\"product\",at=\"reservation\"}"), 1.0);
    let orders = |what: &str| {
        sum(&format!("events_published_total{{service=\"order\",stream=\"order-events\",type=\"order.{what}.v1\"}}"))
    };
    assert_eq!([orders("created"), orders("confirmed"), orders("cancelled")], [2.0, 2.0, 1.0]);
}

#[test]
fn a_sample_that_the_table_does_not_have_is_told() {
    let text = "# TYPE a gauge\noutbox_events{service=\"cart\"} 1\noutbox_event{service=\"cart\"} 1\nrate_limited_total{rule=\"a,b\",user=\"1\"} 2\nup 1\n";
    let told = strangers(&samples(text));
    assert_eq!(
        told,
        [
            "outbox_event does not stand in the table",
            "rate_limited_total has the labels [\"rule\", \"user\"], in the table {\"rule\"}",
            "up does not stand in the table",
        ]
    );
    assert!(unseen(&samples(text)).contains(&"http_requests_total".to_owned()));
}
