//! Every metric that the code counts stands in the table (`platform::telemetry::names::ALL`) with its kind and its labels, and
//! the table has no other: dashboards and alert rules are held against it.

use platform::telemetry::names::{ALL, Kind, Metric};

use super::tokens::{Code, Placed, Token};
use super::tree::Tree;

/// What no service exports: the controller of the databases' size is a process of its own, and has its own table.
const ELSEWHERE: [&str; 2] = ["crates/testkit/", "haat/src/autoscale/"];

/// One `counter!(..)`, `gauge!(..)` or `histogram!(..)`.
struct Use {
    place: String,
    kind: Kind,
    /// As it is written: a constant, or a string.
    name: String,
    /// `None` if they come from a variable. Those are seen by the test of the running platform.
    labels: Option<Vec<String>>,
}

pub fn strangers(tree: &Tree) -> Vec<String> {
    uses(tree).iter().filter_map(breach).collect()
}

pub fn never_counted(tree: &Tree) -> Vec<String> {
    let uses = uses(tree);
    let unused = ALL.iter().filter(|metric| !uses.iter().any(|used| is(metric, &used.name)));
    unused.map(|metric| format!("{}: nothing counts it", metric.name)).collect()
}

fn breach(used: &Use) -> Option<String> {
    let Use { place, kind, name, labels } = used;
    let Some(metric) = ALL.iter().find(|metric| is(metric, name)) else {
        return Some(format!("{place}: {name} does not stand in platform::telemetry::names::ALL"));
    };
    if metric.kind != *kind {
        return Some(format!("{place}: {name} is a {:?} in the table, here a {kind:?}", metric.kind));
    }
    let labels = labels.as_ref()?;
    (metric.labels != *labels)
        .then(|| format!("{place}: {name} has the labels {labels:?}, in the table {:?}", metric.labels))
}

/// By its constant, or by the name itself.
fn is(metric: &Metric, written: &str) -> bool {
    metric.name.to_uppercase() == written || format!("\"{}\"", metric.name) == written
}

fn uses(tree: &Tree) -> Vec<Use> {
    let sources = tree.rust().filter(|s| !s.is_test() && !ELSEWHERE.iter().any(|folder| s.path.starts_with(folder)));
    let mut uses = Vec::new();
    for source in sources {
        let Ok(code) = Code::of(source.text) else { continue };
        for (at, token) in code.shipped.iter().enumerate() {
            let kind = match token.word() {
                Some("counter") => Kind::Counter,
                Some("gauge") => Kind::Gauge,
                Some("histogram") => Kind::Histogram,
                _ => continue,
            };
            let rest = &code.shipped[at + 1..];
            if rest.len() > 2 && rest[0].is("!") && rest[1].is("(") {
                let place = format!("{}:{}", source.path, token.line);
                let (name, labels) = arguments(&rest[2..]);
                uses.push(Use { place, kind, name, labels });
            }
        }
    }
    uses
}

fn arguments(tokens: &[Placed]) -> (String, Option<Vec<String>>) {
    let mut depth = 0_usize;
    let own: Vec<&Token> = tokens
        .iter()
        .take_while(|token| {
            depth += usize::from(["(", "[", "{"].iter().any(|open| token.is(open)));
            let end = depth == 0 && token.is(")");
            depth = depth.saturating_sub(usize::from([")", "]", "}"].iter().any(|close| token.is(close))));
            !end
        })
        .map(|placed| &placed.token)
        .collect();
    let path = own.iter().take_while(|token| !matches!(token, Token::Other)).count();
    let name = match own[..path].last() {
        Some(Token::Word(constant)) => constant.clone(),
        Some(Token::Text(text)) => text.clone(),
        _ => String::new(),
    };
    // `"label" =>`: an arrow is two marks.
    let labels: Vec<String> = own[path..]
        .windows(3)
        .filter_map(|three| match three {
            [Token::Text(label), Token::Other, Token::Other] => Some(label.trim_matches('"').to_owned()),
            _ => None,
        })
        .collect();
    let from_a_variable = labels.is_empty() && own.len() > path + 1;
    (name, (!from_a_variable).then_some(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(text: &str, breaches: &[&str]) {
        let path = "services/cart/src/jobs.rs";
        let expected: Vec<_> = breaches.iter().map(|what| format!("{path}:1: {what}")).collect();
        assert_eq!(strangers(&Tree::of(&[(path, text)])), expected, "{text}");
    }

    #[test]
    fn a_metric_that_is_not_as_in_the_table_is_told() {
        let counted = |text: &str| format!("fn a() {{ metrics::{text}.increment(1) }}");
        finds(
            &counted(
                "counter!(names::CACHE_LOOKUPS_TOTAL, \"service\" => s, \"tier\" => \"x\", \"outcome\" => o(1, 2))",
            ),
            &[],
        );
        finds(&counted("counter!(names::CACHE_LOOKUPS_TOTAL, &labels)"), &[]);
        finds(
            &counted("counter!(\"carts_total\")"),
            &["\"carts_total\" does not stand in platform::telemetry::names::ALL"],
        );
        finds(
            &counted("counter!(names::CARTS_TOTAL)"),
            &["CARTS_TOTAL does not stand in platform::telemetry::names::ALL"],
        );
        finds(
            &counted("gauge!(names::RATE_LIMITED_TOTAL, \"rule\" => r)"),
            &["RATE_LIMITED_TOTAL is a Counter in the table, here a Gauge"],
        );
        finds(
            &counted("counter!(names::RATE_LIMITED_TOTAL, \"rule\" => r, \"user\" => u)"),
            &["RATE_LIMITED_TOTAL has the labels [\"rule\", \"user\"], in the table [\"rule\"]"],
        );
        finds(
            &counted("counter!(names::RATE_LIMITED_TOTAL)"),
            &["RATE_LIMITED_TOTAL has the labels [], in the table [\"rule\"]"],
        );
        finds("#[cfg(test)] mod tests { fn a() { metrics::counter!(\"x\") } }", &[]);
    }

    #[test]
    fn a_metric_of_the_table_that_nothing_counts_is_told() {
        let text = "fn a() { metrics::counter!(names::RATE_LIMITED_TOTAL, \"rule\" => r).increment(1) }";
        let told = never_counted(&Tree::of(&[("services/cart/src/jobs.rs", text)]));
        assert!(told.contains(&"outbox_events: nothing counts it".to_owned()), "{told:?}");
        assert!(!told.iter().any(|line| line.starts_with("rate_limited_total")), "{told:?}");
    }
}
