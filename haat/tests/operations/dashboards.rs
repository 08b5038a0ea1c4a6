//! The dashboards: queries that have results, panels that say what they show, every metric shown somewhere.

use std::collections::BTreeSet;

use platform::telemetry::names::ALL;
use platform::topology::Topology;
use serde_json::{Value, json};

use super::promql::{Judged, judge, sample};
use super::{files, holds, links, read};

const FOLDER: &str = "deploy/dashboards";
/// The schema of Grafana 12.
const SCHEMA: i64 = 42;
/// What Grafana puts in place of its own variables, as far as a query's meaning goes.
const OWN_VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "5m"), ("$__range", "1h"), ("$__interval", "1m")];
/// Metrics that no dashboard shows, and why.
const LEFT_OUT: &[(&str, &str)] = &[];

fn all() -> Vec<(String, Value)> {
    let names = files(FOLDER, ".json").into_iter();
    names.map(|name| (name.clone(), serde_json::from_str(&read(&format!("{FOLDER}/{name}"))).unwrap())).collect()
}

fn breaches(name: &str, dashboard: &Value) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut tell = |what: String| breaches.push(format!("{name}: {what}"));
    if dashboard["schemaVersion"] != SCHEMA || dashboard["id"] != Value::Null || dashboard.get("__inputs").is_some() {
        tell(format!("is not as Grafana provisions it: schema {SCHEMA}, no id, no inputs"));
    }
    for wanted in ["uid", "title", "description"] {
        if text(&dashboard[wanted]).is_empty() {
            tell(format!("has no {wanted}"));
        }
    }
    let variables = list(&dashboard["templating"]["list"]);
    let names: BTreeSet<&str> = variables.iter().map(|variable| text(&variable["name"])).collect();
    for used in variables_used(&dashboard.to_string()).filter(|used| !names.contains(used.as_str())) {
        tell(format!("has no variable {used}"));
    }
    for variable in variables.iter().filter(|variable| variable["type"] == "query") {
        values(text(&variable["definition"])).into_iter().for_each(&mut tell);
        if variable["definition"] != variable["query"]["query"] {
            tell(format!("the variable {} says two things", variable["name"]));
        }
    }
    for link in runbooks(dashboard) {
        links::broken(&link).into_iter().for_each(&mut tell);
    }
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in list(&dashboard["panels"]) {
        let mut tell = |what: String| tell(format!("{}: {what}", panel["title"]));
        if !ids.insert(panel["id"].as_i64()) {
            tell("has another panel's id".to_owned());
        }
        let place = |side: &str| panel["gridPos"][side].as_i64().unwrap_or_default();
        let (x, y) = (place("x"), place("y"));
        let fields = (x..x + place("w")).flat_map(|x| (y..y + place("h")).map(move |y| (x, y)));
        if fields.filter(|(x, y)| *x >= 24 || !taken.insert((*x, *y))).count() > 0 {
            tell("lies on another panel, or beside the dashboard".to_owned());
        }
        if panel["type"] != "row" {
            of_panel(panel).into_iter().for_each(&mut tell);
        }
    }
    breaches
}

fn of_panel(panel: &Value) -> Vec<String> {
    let mut breaches = Vec::new();
    for (what, value) in [
        ("title", &panel["title"]),
        ("description", &panel["description"]),
        ("unit", &panel["fieldConfig"]["defaults"]["unit"]),
    ] {
        if text(value).is_empty() {
            breaches.push(format!("has no {what}"));
        }
    }
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let targets = list(&panel["targets"]);
    if targets.is_empty() {
        breaches.push("asks nothing".to_owned());
    }
    let mut references = BTreeSet::new();
    for target in targets {
        if panel["datasource"] != source || target["datasource"] != source {
            breaches.push("has a source of its own".to_owned());
        }
        if !references.insert(text(&target["refId"])) {
            breaches.push("has two queries of one name".to_owned());
        }
        let judged = judged(target);
        let missing = labels_shown(text(&target["legendFormat"])).filter(|label| !judged.labels.contains(label));
        for label in missing.filter(|_| judged.breaches.is_empty()) {
            breaches.push(format!("its legend names the label {label}, which the result has not"));
        }
        breaches.extend(judged.breaches);
    }
    breaches
}

fn judged(target: &Value) -> Judged {
    let query =
        OWN_VARIABLES.iter().fold(text(&target["expr"]).to_owned(), |query, (name, value)| query.replace(name, value));
    judge(&query)
}

/// `label_values(metric, label)`.
fn values(definition: &str) -> Vec<String> {
    let inner = definition.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
    let Some((metric, label)) = inner.and_then(|inner| inner.split_once(", ")) else {
        return vec![format!("{definition} is not understood")];
    };
    match sample(metric) {
        None => vec![format!("{definition}: nothing exports {metric}")],
        Some((_, labels)) if !labels.contains(label) => vec![format!("{definition}: {metric} has no label {label}")],
        Some(_) => Vec::new(),
    }
}

fn labels_shown(legend: &str) -> impl Iterator<Item = String> + '_ {
    legend.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim().to_owned()))
}

/// Without Grafana's own.
fn variables_used(text: &str) -> impl Iterator<Item = String> + '_ {
    let names = text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    });
    names.filter(|name| !name.is_empty() && !name.starts_with("__"))
}

fn runbooks(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.strip_prefix("${repository}/").map(str::to_owned).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(runbooks).collect(),
        Value::Object(members) => members.values().flat_map(runbooks).collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn not_shown(dashboards: &[(String, Value)], left_out: &[(&str, &str)]) -> Vec<String> {
    let targets = dashboards.iter().flat_map(|(_, d)| list(&d["panels"])).flat_map(|panel| list(&panel["targets"]));
    let shown: BTreeSet<String> = targets.flat_map(|target| judged(target).metrics).collect();
    let mut breaches = Vec::new();
    for metric in ALL {
        match (shown.contains(metric.name), left_out.iter().any(|(name, _)| *name == metric.name)) {
            (false, false) => breaches.push(format!("no dashboard shows {}", metric.name)),
            (true, true) => breaches.push(format!("{} is not left out", metric.name)),
            _ => {}
        }
    }
    breaches
}

#[test]
fn every_panel_says_what_it_shows_and_can_show_it() {
    holds(all().iter().flat_map(|(name, dashboard)| breaches(name, dashboard)).collect());
}

#[test]
fn every_metric_is_shown() {
    holds(not_shown(&all(), LEFT_OUT));
}

#[test]
fn dashboards_do_not_take_each_others_place_in_grafana() {
    let all = all();
    let uids: BTreeSet<&str> = all.iter().map(|(_, dashboard)| text(&dashboard["uid"])).collect();
    assert_eq!(uids.len(), all.len());
}

#[test]
fn what_is_brought_to_grafana_is_what_there_is() {
    let kustomization: Value = serde_saphyr::from_str(&read(&format!("{FOLDER}/kustomization.yaml"))).unwrap();
    let brought: Vec<&str> =
        list(&kustomization["configMapGenerator"]).iter().flat_map(|map| list(&map["files"])).map(text).collect();
    assert_eq!(brought, files(FOLDER, ".json"));
    assert_eq!(kustomization["generatorOptions"]["labels"]["grafana_dashboard"], "1");
}

#[test]
fn the_alarm_for_lagging_replicas_is_the_maps() {
    let alarms: BTreeSet<u64> = Topology::embedded()
        .unwrap()
        .environments()
        .map(|environment| u64::from(environment.alarms.replica_lag))
        .collect();
    let mut panels = 0;
    for (name, dashboard) in all() {
        for panel in list(&dashboard["panels"]).iter().filter(|panel| panel["title"] == "Replica lag") {
            let steps = list(&panel["fieldConfig"]["defaults"]["thresholds"]["steps"]);
            let marks: BTreeSet<u64> = steps.iter().filter_map(|step| step["value"].as_u64()).collect();
            assert_eq!(marks, alarms, "{name}");
            panels += 1;
        }
    }
    assert_eq!(panels, 2);
}

#[test]
fn a_panel_that_is_wrong_is_told() {
    let (name, good) = all().into_iter().find(|(name, _)| name == "events.json").unwrap();
    let told = |from: &str, to: &str| {
        let changed = good.to_string().replacen(from, to, 1);
        assert_ne!(changed, good.to_string(), "{from} is not there");
        breaches(&name, &serde_json::from_str(&changed).unwrap()).join("; ")
    };
    assert!(told("max(outbox_age_seconds)", "max(outbox_age_second)").ends_with("nothing exports outbox_age_second"));
    assert!(
        told("max by (service) (outbox_events)", "max by (stream) (outbox_events)").contains("has no label stream")
    );
    assert!(told("{{queue}}", "{{group}}").ends_with("its legend names the label group, which the result has not"));
    assert!(told("${datasource}", "P1809").ends_with("has a source of its own"));
    assert!(told("dead-letters.md", "dead-leters.md").contains("there is no docs/runbooks/dead-leters.md"));
    assert!(told("$__rate_interval", "$interval").contains("has no variable interval"));
    assert!(told("\"schemaVersion\":42", "\"schemaVersion\":36").contains("is not as Grafana provisions it"));
    assert!(
        told("\"description\":\"Events that wait to be published.\"", "\"description\":\"\"")
            .contains("has no description")
    );
    assert!(told("\"x\":6", "\"x\":5").contains("lies on another panel"));
}

#[test]
fn a_metric_that_nobody_shows_is_told() {
    let all = all();
    let without: Vec<_> = all.iter().filter(|(name, _)| name != "business.json").cloned().collect();
    assert!(not_shown(&without, &[]).contains(&"no dashboard shows payments_total".to_owned()));
    assert_eq!(not_shown(&all, &[("payments_total", "no reason")]), ["payments_total is not left out"]);
}

#[test]
fn a_list_of_values_that_does_not_exist_is_told() {
    assert_eq!(values("label_values(outbox_events, service)"), [""; 0]);
    assert_eq!(values("label_values(outbox_events, queue)").len(), 1);
    assert_eq!(values("label_values(outbox_event, service)").len(), 1);
    assert_eq!(values("query_result(up)").len(), 1);
}
