//! Metrics as Prometheus reads them. One recorder per process, although a process may be several services.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use types::ServiceName;

use super::names;

/// From a cached answer to a request that has hit its deadline, in seconds.
const LATENCIES: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Samples are folded into their buckets this often, so that memory does not grow between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts to collect; a second call changes nothing. [`init`](super::init) does it too.
pub fn install_metrics() {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // The only error is an empty list of buckets.
        let recorder = match builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCIES) {
            Ok(builder) => builder.build_recorder(),
            Err(_) => PrometheusBuilder::new().build_recorder(),
        };
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are collected by somebody else: /metrics will be empty");
        }
        names::describe();
        let upkeep = handle.clone();
        // A thread, since there need not be a runtime yet, nor the same one for ever.
        let spawned = std::thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(move || {
            loop {
                std::thread::park_timeout(UPKEEP);
                upkeep.run_upkeep();
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread for the upkeep of metrics: it is done with each scrape");
        }
        handle
    });
}

/// The text of `/metrics`. With a service, its own samples and those that belong to none; without one, all.
pub fn render_metrics(service: Option<ServiceName>) -> String {
    let Some(handle) = METRICS.get() else { return String::new() };
    handle.run_upkeep();
    let text = handle.render();
    service.map_or(text.clone(), |service| only(&text, service))
}

fn only(text: &str, service: ServiceName) -> String {
    let mut kept = String::with_capacity(text.len());
    // A metric's HELP and TYPE are kept only if one of its samples is.
    let mut comments = String::new();
    for line in text.lines() {
        if line.starts_with("# HELP") || (line.starts_with("# TYPE") && !comments.starts_with("# HELP")) {
            comments.clear();
        }
        if line.starts_with('#') {
            comments.push_str(line);
            comments.push('\n');
        } else if !line.is_empty() && service_of(line).is_none_or(|owner| owner == service.as_str()) {
            kept.push_str(&comments);
            comments.clear();
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The value of a sample's label `service`. Inside another label's value the quotes would be escaped.
fn service_of(sample: &str) -> Option<&str> {
    let labels = sample.find('{').map(|at| &sample[at..])?;
    let at = labels.find("{service=\"").or_else(|| labels.find(",service=\""))?;
    labels[at..].split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_sees_its_own_samples_and_the_processs() {
        install_metrics();
        install_metrics();
        for service in ["cart", "order"] {
            metrics::counter!(names::HTTP_REQUESTS_TOTAL, "method" => "GET", "service" => service).increment(2);
            metrics::histogram!(names::HTTP_REQUEST_DURATION_SECONDS, "service" => service).record(0.003);
        }
        metrics::counter!(names::RATE_LIMITED_TOTAL, "rule" => "a\",service=\"order").increment(1);
        metrics::gauge!(names::HTTP_REQUESTS_IN_FLIGHT, "service" => "order").set(1);

        let cart = render_metrics(Some(ServiceName::Cart));
        assert!(cart.contains("# TYPE http_requests_total counter\nhttp_requests_total{"), "{cart}");
        assert!(cart.contains("# HELP http_requests_total Requests answered.\n"), "{cart}");
        let bucket = "http_request_duration_seconds_bucket{service=\"cart\",le=\"0.005\"} 1";
        assert!(cart.contains(bucket), "{cart}");
        assert!(cart.contains("rate_limited_total{rule="), "{cart}");
        assert!(!cart.contains("{service=\"order\"") && !cart.contains(",service=\"order\"}"), "{cart}");
        assert!(!cart.contains("http_requests_in_flight"), "{cart}");
        let all = render_metrics(None);
        assert!(all.contains("http_requests_in_flight{service=\"order\"} 1"), "{all}");
    }
}
