//! The alert rules: queries that have results, texts that name labels that there are, a runbook for each.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::promql::{Labels, judge};
use super::{files, holds, links, read};

const FOLDER: &str = "deploy/kubernetes/cluster/observability";

#[derive(Deserialize)]
struct Document {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
pub struct Rule {
    pub alert: String,
    pub expr: String,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

pub fn all() -> Vec<Rule> {
    let rules = files(FOLDER, ".yaml").into_iter().filter(|name| name.starts_with("rules-"));
    rules.flat_map(|name| of(&read(&format!("{FOLDER}/{name}")))).collect()
}

fn of(text: &str) -> Vec<Rule> {
    let document: Document = serde_saphyr::from_str(text).unwrap();
    document.spec.groups.into_iter().flat_map(|group| group.rules).collect()
}

fn breaches(rules: &[Rule]) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut names = BTreeSet::new();
    for rule in rules {
        let mut tell = |what: String| breaches.push(format!("alert {}: {what}", rule.alert));
        // One alert may have a rule for each service.
        if !names.insert((&rule.alert, rule.labels.get("service"))) {
            tell("there are two of this name".to_owned());
        }
        let judged = judge(&rule.expr);
        let understood = judged.breaches.is_empty();
        judged.breaches.into_iter().for_each(&mut tell);
        for (annotation, text) in rule.annotations.iter().filter(|_| understood) {
            for label in labels_named(text).filter(|label| !judged.labels.contains(label)) {
                tell(format!("{annotation} names the label {label}, which its result has not"));
            }
        }
        for wanted in ["summary", "description", "runbook_url"] {
            if !rule.annotations.contains_key(wanted) {
                tell(format!("has no {wanted}"));
            }
        }
        if let Some(link) = rule.annotations.get("runbook_url") {
            links::broken(link).map(|why| format!("runbook_url: {why}")).into_iter().for_each(&mut tell);
        }
        if !["page", "ticket"].contains(&rule.labels.get("severity").map_or("", String::as_str)) {
            tell("has no severity, page or ticket".to_owned());
        }
    }
    breaches
}

fn labels_named(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split("$labels.").skip(1).map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

#[test]
fn every_rule_can_fire_and_leads_to_a_runbook() {
    let rules = all();
    assert!(rules.len() > 20, "the rules were not found");
    holds(breaches(&rules));
}

#[test]
fn the_runbooks_index_names_every_alert() {
    let index = read("docs/runbooks/README.md");
    let missing = all().into_iter().filter(|rule| !index.contains(&format!("| {} |", rule.alert)));
    holds(missing.map(|rule| format!("docs/runbooks/README.md: {} is not in the table", rule.alert)).collect());
}

#[test]
fn a_rule_that_is_wrong_is_told() {
    let rule = |expr: &str, annotations: &str| {
        of(&format!(
            "spec: {{ groups: [{{ rules: [{{ alert: A, expr: '{expr}', labels: {{ severity: page }}, annotations: {{ {annotations} }} }}] }}] }}"
        ))
    };
    let good = "summary: '{{ $labels.service }}', description: d, runbook_url: README.md";
    assert_eq!(breaches(&rule("max by (service) (outbox_events) > 1", good)), [""; 0]);
    let told = |expr: &str, annotations: &str| breaches(&rule(expr, annotations)).join("; ");
    assert_eq!(told("max by (service) (outbox_evnets) > 1", good), "alert A: nothing exports outbox_evnets");
    assert_eq!(
        told("max(outbox_events) > 1", good),
        "alert A: summary names the label service, which its result has not"
    );
    assert_eq!(
        told("outbox_events > 1", "summary: s, description: d, runbook_url: docs/absent.md"),
        "alert A: runbook_url: there is no docs/absent.md"
    );
    assert_eq!(
        told("outbox_events > 1", ""),
        "alert A: has no summary; alert A: has no description; alert A: has no runbook_url"
    );
    let twice = |second: &str| {
        let one = |labels: &str| {
            format!(
                "{{ alert: A, expr: up, labels: {{ severity: page{labels} }}, annotations: {{ {} }} }}",
                good.replace("{{ $labels.service }}", "s")
            )
        };
        of(&format!("spec: {{ groups: [{{ rules: [{}, {}] }}] }}", one(", service: a"), one(second)))
    };
    assert_eq!(breaches(&twice(", service: a")), ["alert A: there are two of this name"]);
    assert_eq!(breaches(&twice(", service: b")), [""; 0]);
    assert_eq!(labels_named("{{ $labels.a_b }} and {{$labels.c}}").collect::<Labels>().len(), 2);
}
