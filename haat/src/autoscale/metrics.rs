//! What `/metrics` says of the controller.

use metrics::{counter, describe_counter, describe_gauge, gauge};
use types::{ServiceName, Timestamp};

use super::policy::Metric;

/// Gauge: OCPUs of each node, by `database`.
pub const OCPUS: &str = "haat_autoscale_ocpus";
/// Gauge: the most that the environment and the shape allow.
pub const OCPUS_CAP: &str = "haat_autoscale_ocpus_cap";
/// Gauge: per cent in the mean of the last minutes, by `database` and `metric` (`cpu`, `memory`); absent if not known.
pub const LOAD_PERCENT: &str = "haat_autoscale_load_percent";
/// Gauge: 1 if the metric is missing or too old to go by, by `database` and `metric`.
pub const METRIC_MISSING: &str = "haat_autoscale_metric_missing";
/// Counter: by `database` and `decision` (`up`, `down`, `steady`, `at_floor`, `at_cap`, `cooldown`, `not_active`, `cpu_unknown`,
/// `memory_unknown`).
pub const DECISIONS_TOTAL: &str = "haat_autoscale_decisions_total";
/// Counter: changes asked for, by `database`, `direction` (`up`, `down`) and `outcome` (`accepted`, `refused`, `unknown`, `dry_run`).
pub const CHANGES_TOTAL: &str = "haat_autoscale_changes_total";
/// Counter: what failed, by `part` (`lease`, `metrics`, `systems`).
pub const FAILURES_TOTAL: &str = "haat_autoscale_failures_total";
/// Gauge: 1 if this process is the one that acts.
pub const LEADER: &str = "haat_autoscale_leader";
/// Gauge: when all databases and their load were last seen, in seconds since 1970.
pub const LAST_SUCCESS_TIMESTAMP: &str = "haat_autoscale_last_success_timestamp";

pub fn describe() {
    describe_gauge!(OCPUS, "OCPUs of each node of a database.");
    describe_gauge!(OCPUS_CAP, "The most OCPUs that a database may have.");
    describe_gauge!(LOAD_PERCENT, "Utilisation of a database in the last minutes.");
    describe_gauge!(METRIC_MISSING, "1 if a database's metric is missing or too old.");
    describe_counter!(DECISIONS_TOTAL, "What was decided.");
    describe_counter!(CHANGES_TOTAL, "Changes that were asked for.");
    describe_counter!(FAILURES_TOTAL, "What could not be read or written.");
    describe_gauge!(LEADER, "1 if this process is the one that acts.");
    describe_gauge!(LAST_SUCCESS_TIMESTAMP, "When everything was last seen, in seconds since 1970.");
}

pub fn cap(ocpus: u32) {
    gauge!(OCPUS_CAP).set(f64::from(ocpus));
}

pub fn ocpus(database: ServiceName, ocpus: u32) {
    gauge!(OCPUS, "database" => database.as_str()).set(f64::from(ocpus));
}

/// In per mille; nothing if it is not known.
pub fn load(database: ServiceName, metric: Metric, per_mille: Option<u32>) {
    let labels = [("database", database.as_str()), ("metric", metric.as_str())];
    gauge!(METRIC_MISSING, &labels).set(f64::from(u8::from(per_mille.is_none())));
    // One that is not known any more must not look as if it were.
    let percent = per_mille.map_or(f64::NAN, |per_mille| f64::from(per_mille / 10));
    gauge!(LOAD_PERCENT, &labels).set(percent);
}

pub fn decision(database: ServiceName, decision: &'static str) {
    counter!(DECISIONS_TOTAL, "database" => database.as_str(), "decision" => decision).increment(1);
}

pub fn change(database: ServiceName, direction: &'static str, outcome: &'static str) {
    let labels = [("database", database.as_str()), ("direction", direction), ("outcome", outcome)];
    counter!(CHANGES_TOTAL, &labels).increment(1);
}

pub fn failure(part: &'static str) {
    counter!(FAILURES_TOTAL, "part" => part).increment(1);
}

pub fn leader(leads: bool) {
    gauge!(LEADER).set(f64::from(u8::from(leads)));
}

pub fn success(now: Timestamp) {
    // Exact for the next 143 million years.
    gauge!(LAST_SUCCESS_TIMESTAMP).set(now.as_seconds().to_string().parse().unwrap_or(f64::NAN));
}
