//! Monitoring, as far as `SummarizeMetricsData` goes: a compartment with the values that a test records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use platform::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use types::Timestamp;

use super::faults::{Faults, body, refusal};

/// Cheap to clone; clones share what was recorded.
#[derive(Clone)]
pub struct Monitoring {
    clock: Clock,
    compartment: String,
    recorded: Arc<Mutex<Vec<Point>>>,
    pub faults: Faults,
}

/// One value of one node.
#[derive(Clone)]
struct Point {
    namespace: &'static str,
    metric: String,
    dimensions: BTreeMap<String, String>,
    at: Timestamp,
    value: f64,
}

impl Monitoring {
    /// Nothing is recorded yet.
    pub fn new(clock: Clock, compartment: &str) -> Self {
        Monitoring { clock, compartment: compartment.to_owned(), recorded: Arc::default(), faults: Faults::default() }
    }

    /// A value of a database system's node, in per cent; node 0 is the primary.
    pub fn record(&self, db_system: &str, node: u32, metric: &str, at: Timestamp, value: f64) {
        let role = if node == 0 { "PRIMARY" } else { "READ_REPLICA" };
        let dimensions = [
            ("resourceType", "OCI_OPTIMIZED_STORAGE".to_owned()),
            ("resourceId", db_system.to_owned()),
            ("resourceName", db_system.rsplit('.').next().unwrap_or_default().to_owned()),
            ("dbInstanceRole", role.to_owned()),
            ("dbInstanceId", format!("{db_system}-{node}")),
        ];
        let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value)).into();
        let point = Point { namespace: "oci_postgresql", metric: metric.to_owned(), dimensions, at, value };
        self.recorded().push(point);
    }

    /// What was recorded of a metric is gone, and with it the stream.
    pub fn forget(&self, db_system: &str, metric: &str) {
        self.recorded().retain(|p| p.metric != metric || p.dimensions["resourceId"] != db_system);
    }

    pub fn router(&self) -> Router {
        Router::new().route("/20180401/metrics/actions/summarizeMetricsData", post(summarize)).with_state(self.clone())
    }

    fn recorded(&self) -> MutexGuard<'_, Vec<Point>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Parameters {
    compartment_id: String,
    #[serde(default)]
    compartment_id_in_subtree: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Details {
    namespace: String,
    query: String,
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    resolution: Option<String>,
    resource_group: Option<String>,
}

async fn summarize(
    State(monitoring): State<Monitoring>,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Json<Value>, Response> {
    monitoring.faults.strike(request.method()).await?;
    let invalid = |message: &str| refusal(StatusCode::BAD_REQUEST, "InvalidParameter", message);
    let Query(parameters) = parameters.map_err(|error| invalid(&error.body_text()))?;
    if parameters.compartment_id_in_subtree {
        return Err(invalid("compartmentIdInSubtree is for the root compartment"));
    }
    let details: Details = body(request).await?;
    if parameters.compartment_id != monitoring.compartment {
        return Err(refusal(StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound", "No such compartment, or not for you"));
    }
    if details.resource_group.is_some() || details.resolution.is_some() {
        return Err(invalid("this emulator knows neither resourceGroup nor resolution"));
    }
    let now = monitoring.clock.now();
    let end = details.end_time.unwrap_or(now);
    let start = details.start_time.unwrap_or(now.minus(std::time::Duration::from_hours(3)));
    if start >= end {
        return Err(invalid("startTime must be before endTime"));
    }
    let query = Mql::parse(&details.query).map_err(|what| invalid(&format!("{}: {what}", details.query)))?;

    let mut groups: BTreeMap<Vec<String>, BTreeMap<i64, Vec<f64>>> = BTreeMap::new();
    let recorded = monitoring.recorded().clone();
    let of_metric = |p: &&Point| p.namespace == details.namespace && p.metric == query.metric;
    let in_time = |p: &&Point| p.at >= start && p.at < end;
    for point in recorded.iter().filter(of_metric).filter(in_time).filter(|p| query.selects(&p.dimensions)) {
        let group = match &query.group {
            Group::By(names) => {
                names.iter().map(|name| point.dimensions.get(name).cloned().unwrap_or_default()).collect()
            }
            Group::All => Vec::new(),
            Group::None => point.dimensions.values().cloned().collect(),
        };
        let interval = point.at.as_seconds().div_euclid(query.interval) * query.interval;
        groups.entry(group).or_default().entry(interval).or_default().push(point.value);
    }
    let names: Vec<String> = match &query.group {
        Group::By(names) => names.clone(),
        Group::All => Vec::new(),
        Group::None => DIMENSIONS.iter().map(|name| (*name).to_owned()).collect(),
    };
    let streams = groups.into_iter().map(|(values, points)| {
        let dimensions: BTreeMap<&String, String> = names.iter().zip(values).collect();
        let points: Vec<Value> = points
            .into_iter()
            .map(|(second, values)| {
                let at = Timestamp::from_microseconds(second * 1_000_000);
                json!({ "timestamp": format!("{at:.3}"), "value": (query.statistic)(&values) })
            })
            .collect();
        json!({
            "namespace": details.namespace, "resourceGroup": null, "compartmentId": monitoring.compartment,
            "name": query.metric, "dimensions": dimensions, "metadata": { "unit": "percent" }, "resolution": null,
            "aggregatedDatapoints": points,
        })
    });
    Ok(Json(streams.collect()))
}

/// In the order in which a map has them.
const DIMENSIONS: [&str; 5] = ["dbInstanceId", "dbInstanceRole", "resourceId", "resourceName", "resourceType"];

/// `metric[interval]{dimension = "value", ...}.grouping.statistic()`, without predicates, alternatives or joins.
struct Mql {
    metric: String,
    /// Seconds.
    interval: i64,
    dimensions: BTreeMap<String, String>,
    group: Group,
    statistic: fn(&[f64]) -> f64,
}

enum Group {
    None,
    All,
    By(Vec<String>),
}

impl Mql {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (metric, rest) = text.split_once('[').ok_or("an interval is missing")?;
        let (interval, rest) = rest.split_once(']').ok_or("the interval has no end")?;
        let interval = match interval {
            "1m" => 60,
            "5m" => 300,
            "1h" => 3600,
            _ => return Err("this interval is not supported"),
        };
        if metric.is_empty() || !metric.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err("the metric has no name");
        }
        let (dimensions, rest) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}').ok_or("the dimensions have no end")?,
            None => ("", rest),
        };
        let mut selected = BTreeMap::new();
        for pair in dimensions.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once('=').ok_or("a dimension needs a value")?;
            let value = value.trim().strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            selected
                .insert(known(name.trim())?, value.ok_or("a dimension's value stands in double quotes")?.to_owned());
        }
        let calls: Vec<&str> = rest.strip_prefix('.').ok_or("a statistic is missing")?.split('.').collect();
        let (group, statistic) = match calls.as_slice() {
            [statistic] => (Group::None, *statistic),
            ["grouping()", statistic] => (Group::All, *statistic),
            [group, statistic] => {
                let names = group.strip_prefix("groupBy(").and_then(|rest| rest.strip_suffix(')'));
                let names = names.ok_or("grouping() or groupBy(dimension) is expected")?;
                (Group::By(names.split(',').map(|name| known(name.trim())).collect::<Result<_, _>>()?), *statistic)
            }
            _ => return Err("too much behind the interval"),
        };
        let statistic = match statistic {
            "max()" => largest,
            "min()" => least,
            _ => return Err("this statistic is not supported"),
        };
        Ok(Mql { metric: metric.to_owned(), interval, dimensions: selected, group, statistic })
    }

    fn selects(&self, dimensions: &BTreeMap<String, String>) -> bool {
        self.dimensions.iter().all(|(name, value)| dimensions.get(name) == Some(value))
    }
}

fn known(dimension: &str) -> Result<String, &'static str> {
    let known: BTreeSet<&str> = DIMENSIONS.into();
    known.contains(dimension).then(|| dimension.to_owned()).ok_or("there is no such dimension")
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MIN, f64::max)
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::MAX, f64::min)
}
