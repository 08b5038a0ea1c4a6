//! How far behind the service's readers of streams are, for `/metrics`. Asked by a task of its own, so that a stream that does not
//! answer this keeps nobody from reading.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use types::{ServiceName, StreamName};

use crate::bus::Streams;
use crate::telemetry::names;

/// As often as metrics are usually scraped. OCI Streaming answers ten requests a second for a group's commits
/// (<https://docs.oracle.com/iaas/Content/Streaming/Concepts/streamingoverview_topic-Limits_on_Streaming_Resources.htm>).
pub const EVERY: Duration = Duration::from_secs(15);

/// Measures the lag of each group in its stream `every` so often, until stopped.
pub async fn watch(
    service: ServiceName,
    streams: Arc<dyn Streams>,
    groups: Vec<(StreamName, &'static str)>,
    every: Duration,
    stop: CancellationToken,
) {
    let measure_all = || join_all(groups.iter().map(|(stream, group)| measure(service, &*streams, *stream, group)));
    let measuring = async {
        loop {
            measure_all().await;
            tokio::time::sleep(every).await;
        }
    };
    let _stopped = stop.run_until_cancelled(measuring).await;
}

async fn measure(service: ServiceName, streams: &dyn Streams, stream: StreamName, group: &'static str) {
    let labels = [("service", service.as_str()), ("stream", stream.as_str()), ("group", group)];
    // Both are there from the first look on, so that a rate of failures begins at none.
    let failures = metrics::counter!(names::STREAM_LAG_FAILURES_TOTAL, &labels);
    let lag = metrics::gauge!(names::STREAM_LAG_EVENTS, &labels);
    match streams.lag(stream, group).await {
        #[allow(clippy::cast_precision_loss, reason = "a gauge")]
        Ok(events) => lag.set(events as f64),
        Err(error) => {
            // What was measured before would look like an answer.
            lag.set(f64::NAN);
            failures.increment(1);
            tracing::warn!(%error, %service, %stream, group, "the lag is not known");
        }
    }
}
