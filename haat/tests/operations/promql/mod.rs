//! What a query asks for, held against the metrics that exist: names, labels, and whether two sides of an operator can ever
//! meet.

mod grammar;

use std::collections::BTreeSet;

use platform::telemetry::names::{ALL, Kind};

use grammar::{Expression, Grouping};

pub type Labels = BTreeSet<String>;

/// What Prometheus adds to what it scrapes.
const ADDED: [&str; 6] = ["namespace", "pod", "container", "endpoint", "instance", "job"];

/// What others export: Prometheus itself and kube-state-metrics.
const FOREIGN: &[(&str, &[&str])] = &[
    ("up", &[]),
    ("ALERTS", &["alertname", "alertstate", "severity", "service"]),
    ("kube_horizontalpodautoscaler_status_current_replicas", &["horizontalpodautoscaler"]),
    ("kube_horizontalpodautoscaler_spec_max_replicas", &["horizontalpodautoscaler"]),
    ("prometheus_notifications_dropped_total", &[]),
];

/// What `haat autoscale` exports, a process of its own (`haat/src/autoscale/metrics.rs`).
const AUTOSCALER: &[(&str, &[&str])] = &[
    ("haat_autoscale_ocpus", &["database"]),
    ("haat_autoscale_ocpus_cap", &[]),
    ("haat_autoscale_load_percent", &["database", "metric"]),
    ("haat_autoscale_metric_missing", &["database", "metric"]),
    ("haat_autoscale_decisions_total", &["database", "decision"]),
    ("haat_autoscale_changes_total", &["database", "direction", "outcome"]),
    ("haat_autoscale_failures_total", &["part"]),
    ("haat_autoscale_leader", &[]),
    ("haat_autoscale_last_success_timestamp", &[]),
];

const UNKNOWN: &str = "nothing exports ";

/// What a query has to do with metrics.
#[derive(Debug, Default)]
pub struct Judged {
    /// The names of the metrics it reads, those of others included.
    pub metrics: BTreeSet<String>,
    /// The labels of what comes out; nothing if that is a number.
    pub labels: Labels,
    pub breaches: Vec<String>,
}

pub fn judge(query: &str) -> Judged {
    let mut judged = Judged::default();
    match grammar::parse(query) {
        Ok(expression) => judged.labels = judged.of(&expression).unwrap_or_default(),
        Err(error) => judged.breaches.push(format!("is no PromQL: {error}")),
    }
    // What is not there has no labels either; that need not be told as well.
    if judged.breaches.iter().any(|told| told.starts_with(UNKNOWN)) {
        judged.breaches.retain(|told| told.starts_with(UNKNOWN));
    }
    judged
}

/// The labels of a sample, and the metric that it belongs to: a histogram has three kinds of samples.
pub fn sample(name: &str) -> Option<(&'static str, Labels)> {
    let labels = |own: &[&str], more: &[&str]| own.iter().chain(more).chain(&ADDED).map(|l| (*l).to_owned()).collect();
    if let Some((name, own)) = FOREIGN.iter().chain(AUTOSCALER).find(|(foreign, _)| *foreign == name) {
        return Some((name, labels(own, &[])));
    }
    ALL.iter().find_map(|metric| {
        let rest = name.strip_prefix(metric.name)?;
        let more: &[&str] = match (metric.kind, rest) {
            (Kind::Counter | Kind::Gauge, "") | (Kind::Histogram, "_sum" | "_count") => &[],
            (Kind::Histogram, "_bucket") => &["le"],
            _ => return None,
        };
        Some((metric.name, labels(metric.labels, more)))
    })
}

impl Judged {
    /// The labels of what an expression gives; `None` for a number.
    fn of(&mut self, expression: &Expression) -> Option<Labels> {
        match expression {
            Expression::Number => None,
            Expression::Selector { name, labels, .. } => Some(self.selected(name, labels)),
            Expression::Aggregate { by, chooses, of } => {
                let inner = self.of(of)?;
                let grouped = self.grouped(by.as_ref(), &inner);
                Some(if *chooses { inner } else { grouped })
            }
            Expression::Call { name, arguments } => self.called(name, arguments),
            Expression::Binary { is, matching, left, right } => match (self.of(left), self.of(right)) {
                (Some(left), Some(right)) => Some(self.combined(is, matching.as_ref(), left, right)),
                (left, right) => left.or(right),
            },
        }
    }

    fn selected(&mut self, name: &str, chosen_by: &[String]) -> Labels {
        let Some((metric, labels)) = sample(name) else {
            self.breaches.push(format!("{UNKNOWN}{name}"));
            return Labels::new();
        };
        self.metrics.insert(metric.to_owned());
        for label in chosen_by.iter().filter(|label| !labels.contains(*label)) {
            self.breaches.push(format!("{name} has no label {label}"));
        }
        labels
    }

    fn grouped(&mut self, by: Option<&Grouping>, inner: &Labels) -> Labels {
        let Some(Grouping { these, labels }) = by else { return Labels::new() };
        for label in labels.iter().filter(|label| !inner.contains(*label)) {
            self.breaches.push(format!("what is grouped has no label {label}"));
        }
        inner.iter().filter(|label| labels.contains(label) == *these).cloned().collect()
    }

    /// Samples of two sides meet if they have the same labels with the same values.
    fn combined(&mut self, is: &str, matching: Option<&Grouping>, left: Labels, right: Labels) -> Labels {
        let matched = |side: &Labels| match matching {
            Some(Grouping { these, labels }) => side.iter().filter(|l| labels.contains(l) == *these).cloned().collect(),
            None => side.clone(),
        };
        let (on_left, on_right): (Labels, Labels) = (matched(&left), matched(&right));
        let wanted = matching.filter(|matching| matching.these).map_or(0, |matching| matching.labels.len());
        if is == "or" {
            return left.intersection(&right).cloned().collect();
        }
        if on_left != on_right || on_left.len() < wanted {
            self.breaches.push(format!("{is}: {on_left:?} on its left and {on_right:?} on its right never meet"));
        }
        if ["and", "unless"].contains(&is) { left } else { on_left }
    }

    fn called(&mut self, name: &str, arguments: &[Expression]) -> Option<Labels> {
        let mut labels = arguments.iter().filter_map(|argument| self.of(argument)).last();
        match name {
            "scalar" | "time" => return None,
            "absent" | "vector" => return Some(Labels::new()),
            "histogram_quantile" if !labels.as_mut()?.remove("le") => {
                self.breaches.push("histogram_quantile needs the label le".to_owned());
            }
            "rate" | "increase" => self.wants_a_counter(name, arguments),
            _ => {}
        }
        labels
    }

    fn wants_a_counter(&mut self, function: &str, arguments: &[Expression]) {
        let [Expression::Selector { name, .. }] = arguments else { return };
        if ALL.iter().any(|metric| metric.kind == Kind::Gauge && metric.name == name) {
            self.breaches.push(format!("{name} is a gauge, which has no {function}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(query: &str, breaches: &[&str]) {
        let judged = judge(query);
        assert_eq!(judged.breaches.len(), breaches.len(), "{query}: {:?}", judged.breaches);
        for (found, wanted) in judged.breaches.iter().zip(breaches) {
            assert!(found.contains(wanted), "{query}: {found}");
        }
    }

    #[test]
    fn a_good_query_is_left_alone_and_its_labels_are_known() {
        let ratio = "sum by (service) (rate(http_requests_total{status=~\"5..\"}[5m])) / sum by (service) (rate(http_requests_total[5m]))";
        finds(ratio, &[]);
        assert_eq!(judge(ratio).labels, Labels::from(["service".to_owned()]));
        assert_eq!(judge(ratio).metrics, BTreeSet::from(["http_requests_total".to_owned()]));
        finds("histogram_quantile(0.99, sum by (service, le) (rate(call_duration_seconds_bucket[5m])))", &[]);
        finds("topk(5, sum by (route) (rate(http_request_duration_seconds_count{pod=\"a\"}[5m])))", &[]);
        finds("1 - sum(up == 1) / scalar(count(up))", &[]);
    }

    #[test]
    fn what_does_not_exist_is_told() {
        finds("sum(rate(http_request_total[5m]))", &["nothing exports http_request_total"]);
        finds("call_duration_seconds", &["nothing exports call_duration_seconds"]);
        finds("http_requests_total_bucket", &["nothing exports http_requests_total_bucket"]);
        finds("outbox_events{stream=\"user-events\"}", &["outbox_events has no label stream"]);
        finds("max by (queue) (outbox_events)", &["has no label queue"]);
        finds("sum by (service) (sum by (route) (rate(http_requests_total[5m])))", &["has no label service"]);
        finds("sum without (shard) (outbox_events)", &["has no label shard"]);
        finds("{job=\"a\"}", &["is no PromQL"]);
        finds("sum(rate(", &["is no PromQL"]);
    }

    #[test]
    fn the_autoscalers_metrics_are_those_that_it_exports() {
        let source = std::fs::read_to_string(crate::root().join("haat/src/autoscale/metrics.rs")).unwrap();
        let exported: BTreeSet<&str> = source.split('"').filter(|text| text.starts_with("haat_autoscale_")).collect();
        assert_eq!(AUTOSCALER.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), exported);
    }

    #[test]
    fn what_never_has_a_result_is_told() {
        finds("sum by (service) (outbox_events) / sum by (pod) (outbox_events)", &["never meet"]);
        finds("sum by (service) (outbox_events) > on (pod) sum by (pod) (outbox_events)", &["never meet"]);
        finds("sum by (service, pod) (outbox_events) * ignoring (pod) sum by (service) (outbox_events)", &[]);
        finds(
            "histogram_quantile(0.9, sum by (service) (rate(call_duration_seconds_bucket[5m])))",
            &["needs the label le"],
        );
        finds("rate(outbox_events[5m])", &["is a gauge, which has no rate"]);
    }
}
