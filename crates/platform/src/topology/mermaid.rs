//! The map as flow charts. Two, since calls and events drawn into one cannot be told apart any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use types::{ServiceName, StreamName};

use super::Topology;

pub(super) fn render(topology: &Topology) -> String {
    format!(
        "Who calls whom, each service with its port:\n\n```mermaid\n{}```\n\n\
         How events travel: from those who publish them (left) through the streams to those on whom they have an effect, \
         whose own queue stands between where they have one:\n\n```mermaid\n{}```\n",
        calls(topology),
        events(topology),
    )
}

fn calls(topology: &Topology) -> String {
    let mut chart = Chart::new();
    chart.line("client([client]) --> gateway");
    for service in topology.services() {
        chart.line(format!("{}[\"{}<br/>{}\"]", service.name, service.name, service.port));
    }
    for service in topology.services().filter(|s| !s.calls.is_empty()) {
        chart.line(format!("{} --> {}", service.name, all(&service.calls, "")));
    }
    chart.0
}

fn events(topology: &Topology) -> String {
    let mut producers: BTreeMap<StreamName, BTreeSet<ServiceName>> = BTreeMap::new();
    let mut consumers: BTreeMap<StreamName, BTreeSet<ServiceName>> = BTreeMap::new();
    for (_, event) in topology.events() {
        producers.entry(event.stream).or_default().extend(&event.producers);
        consumers.entry(event.stream).or_default().extend(&event.consumers);
    }
    let mut chart = Chart::new();
    for (stream, producers) in &producers {
        chart.line(format!("{} --> {stream}([{stream}])", all(producers, "")));
    }
    for (stream, consumers) in &consumers {
        let (queued, direct): (BTreeSet<ServiceName>, BTreeSet<ServiceName>) =
            consumers.iter().partition(|c| topology.queue_of(**c).is_some());
        let queues: Vec<_> = queued.iter().filter_map(|service| topology.queue_of(*service)).collect();
        if !queues.is_empty() {
            chart.line(format!("{stream} --> {}", all(&queues, "")));
        }
        if !direct.is_empty() {
            chart.line(format!("{stream} --> {}", all(&direct, "to_")));
        }
    }
    for (name, queue) in topology.queues() {
        chart.line(format!("{name}[/{name}/] --> to_{}", queue.owner));
    }
    // A consumer is drawn apart from the producer of the same name, or every arrow would run back through the picture.
    let drawn: BTreeSet<_> = consumers.values().flatten().copied().collect();
    for service in drawn {
        chart.line(format!("to_{service}[{service}]"));
    }
    chart.0
}

struct Chart(String);

impl Chart {
    fn new() -> Self {
        Chart("flowchart LR\n".to_owned())
    }

    fn line(&mut self, line: impl Display) {
        self.0.push_str(&format!("    {line}\n"));
    }
}

/// Several nodes at one end of an arrow.
fn all<N: Display>(names: impl IntoIterator<Item = N>, prefix: &str) -> String {
    names.into_iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(" & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_calls_and_the_way_of_events() {
        let drawn = render(Topology::embedded().unwrap());
        for line in [
            "client([client]) --> gateway",
            "order[\"order<br/>3005\"]",
            "cart --> product & discount & shipping",
            "payment --> order",
            "product --> product-events([product-events])",
            "payment-events --> order-service-events & notification-service-events",
            "product-events --> to_cart",
            "order-service-events[/order-service-events/] --> to_order",
            "to_return[return]",
        ] {
            assert!(drawn.lines().any(|l| l.trim() == line), "{line} is not in\n{drawn}");
        }
        assert_eq!(drawn.matches("```mermaid\nflowchart LR\n").count(), 2);
    }
}
