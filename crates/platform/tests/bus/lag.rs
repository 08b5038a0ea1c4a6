//! How far behind the groups are, as `/metrics` tells it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use platform::events::lag;
use platform::telemetry::{install_metrics, render_metrics};
use platform::types::{ServiceName, StreamName};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use crate::kafka_tls::Cloud;
use crate::server::RedisServer;
use crate::{PATIENCE, messages, read, texts};

const OFTEN: Duration = Duration::from_millis(100);

/// The value of a sample of the stream's, as it is printed.
fn sample(metric: &str, stream: StreamName, group: &str) -> Result<String, String> {
    let text = render_metrics(Some(ServiceName::Notification));
    let labels = format!("{{service=\"notification\",stream=\"{stream}\",group=\"{group}\"}} ");
    let found = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(labels.as_str()));
    found.map(str::to_owned).ok_or(text)
}

async fn until_lag_is(value: &str, stream: StreamName, group: &str) {
    eventually(PATIENCE, async || match sample("stream_lag_events", stream, group)? {
        lag if lag == value => Ok(()),
        other => Err(format!("{stream}: {other}, not {value}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_and_group_has_its_lag_in_the_metrics() {
    install_metrics();
    let (cloud, redis) = (Cloud::start().await, RedisServer::start().await);
    for (bus, group) in [(cloud.bus(), "kafka"), (redis.bus(), "redis")] {
        bus.streams.publish(StreamName::Order, &messages(&["1", "2", "3"])).await.unwrap();
        bus.streams.publish(StreamName::Product, &messages(&["1"])).await.unwrap();
        let stop = CancellationToken::new();
        let groups = vec![(StreamName::Order, group), (StreamName::Product, group)];
        let watching = lag::watch(ServiceName::Notification, Arc::clone(&bus.streams), groups, OFTEN, stop.clone());
        let watching = tokio::spawn(watching);
        until_lag_is("3", StreamName::Order, group).await;
        until_lag_is("1", StreamName::Product, group).await;
        let mut subscription = bus.streams.subscribe(StreamName::Order, group).await.unwrap();
        read(&mut *subscription, 2).await;
        subscription.commit().await.unwrap();
        until_lag_is("1", StreamName::Order, group).await;
        stop.cancel();
        watching.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lag_that_cannot_be_had_is_unknown_and_keeps_nobody_from_reading() {
    install_metrics();
    let cloud = Cloud::start().await;
    let bus = cloud.bus();
    let (stream, group) = (StreamName::Order, "group");
    let mut subscription = bus.streams.subscribe(stream, group).await.unwrap();
    bus.streams.publish(stream, &messages(&["1"])).await.unwrap();
    read(&mut *subscription, 1).await;
    subscription.commit().await.unwrap();
    let stop = CancellationToken::new();
    let groups = vec![(stream, group)];
    let watching = lag::watch(ServiceName::Notification, Arc::clone(&bus.streams), groups, OFTEN, stop.clone());
    let watching = tokio::spawn(watching);
    until_lag_is("0", stream, group).await;

    cloud.front.keep_commits_to_itself(true);
    // While the query waits for its answer, and after it has given up.
    for text in ["2", "3", "4"] {
        let published = Instant::now();
        bus.streams.publish(stream, &messages(&[text])).await.unwrap();
        assert_eq!(texts(&read(&mut *subscription, 1).await), [text]);
        subscription.commit().await.unwrap();
        assert!(published.elapsed() < Duration::from_secs(3), "took {:?}", published.elapsed());
        if text == "3" {
            until_lag_is("NaN", stream, group).await;
            assert_ne!(sample("stream_lag_failures_total", stream, group).unwrap(), "0");
        }
    }
    bus.streams.publish(stream, &messages(&["5"])).await.unwrap();
    cloud.front.keep_commits_to_itself(false);
    until_lag_is("1", stream, group).await;
    stop.cancel();
    watching.await.unwrap();
}
