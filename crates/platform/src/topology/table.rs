//! The map as tables for a terminal.

use std::fmt::Display;

use super::{AntiAffinity, Environment, EnvironmentName, Topology};

pub(super) fn render(topology: &Topology) -> String {
    [services(topology), events(topology), queues(topology), environments(topology)].join("\n")
}

fn services(topology: &Topology) -> String {
    let mut table =
        Table::new("SERVICE", ["PORT", "CLASS", "REPLICAS", "SCALE", "DATABASE", "NODE", "CALLS", "ROUTES"]);
    for s in topology.services() {
        let database = if s.database { s.name.as_str() } else { "-" };
        let node = match s.anti_affinity {
            AntiAffinity::Required => "own",
            AntiAffinity::Preferred => "any",
        };
        table.row([
            &s.name as &dyn Display,
            &s.port,
            &s.class.name,
            &s.replicas,
            &s.scale,
            &database,
            &node,
            &list(&s.calls),
            &list(&s.routes),
        ]);
    }
    table.to_string()
}

fn events(topology: &Topology) -> String {
    let mut table = Table::new("EVENT", ["STREAM", "PRODUCERS", "CONSUMERS"]);
    for (name, e) in topology.events() {
        table.row([&name as &dyn Display, &e.stream, &list(&e.producers), &list(&e.consumers)]);
    }
    table.to_string()
}

fn queues(topology: &Topology) -> String {
    let mut table = Table::new("QUEUE", ["OWNER", "VISIBILITY", "DELIVERIES", "STREAMS"]);
    for (name, q) in topology.queues() {
        let visibility = format!("{} s", q.visibility.as_secs());
        let streams = list(topology.streams_consumed_by(q.owner));
        table.row([&name as &dyn Display, &q.owner, &visibility, &q.deliveries, &streams]);
    }
    table.to_string()
}

/// One column for each environment: there are more things to say than environments.
fn environments(topology: &Topology) -> String {
    let mut table = Table::new("ENVIRONMENT", EnvironmentName::ALL.iter().map(|name| name.as_str().to_uppercase()));
    let mut row = |label: &str, value: &dyn Fn(&Environment) -> String| {
        let values: Vec<_> = EnvironmentName::ALL.iter().map(|name| value(topology.environment(*name))).collect();
        table.row(std::iter::once(&label as &dyn Display).chain(values.iter().map(|v| v as &dyn Display)));
    };
    row("network", &|e| e.cidr.to_string());
    row("nodes", &|e| e.nodes.to_string());
    row("replicas of a service", &|e| e.scale.map_or("its own scale".to_owned(), |scale| scale.to_string()));
    row("database OCPUs", &|e| e.database.ocpus.to_string());
    row("database storage", &|e| format!("{} TiB", e.database.storage_tib));
    row("database read replicas", &|e| e.database.replicas.to_string());
    row("backups", &|e| format!("{} days", e.database.backup_days));
    row("stream partitions", &|e| e.stream.partitions.to_string());
    row("stream retention", &|e| format!("{} h", e.stream.retention_hours));
    row("queue retention", &|e| format!("{} days", e.queue_retention_days));
    row("logs", &|e| format!("{} days", e.log_days));
    row("alarm: database CPU", &|e| format!("{} %", e.alarms.database_cpu));
    row("alarm: database storage", &|e| format!("{} %", e.alarms.database_storage));
    row("alarm: Redis memory", &|e| format!("{} %", e.alarms.redis_memory));
    row("alarm: node CPU", &|e| format!("{} %", e.alarms.node_cpu));
    row("alarm: load balancer 5xx", &|e| format!("{} in 5 min", e.alarms.load_balancer_5xx));
    row("alarm: replica lag", &|e| format!("{} s", e.alarms.replica_lag));
    table.to_string()
}

fn list<N: Display>(names: impl IntoIterator<Item = N>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| name.to_string()).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

struct Table(Vec<Vec<String>>);

impl Table {
    fn new<N: Display>(first: &str, others: impl IntoIterator<Item = N>) -> Self {
        Table(vec![std::iter::once(first.to_owned()).chain(others.into_iter().map(|name| name.to_string())).collect()])
    }

    fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a dyn Display>) {
        self.0.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for row in &self.0 {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = self.0.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_say_what_the_map_says() {
        let text = render(Topology::embedded().unwrap());
        let line = |start: &str| {
            let line = text.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("no {start} in\n{text}"));
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            line("cart "),
            "cart 3004 small 2 2-15 cart any product, discount, shipping /api/v1/cart".to_owned()
        );
        assert_eq!(line("gateway ").split(' ').nth(5), Some("-"));
        assert_eq!(line("payment "), "payment 3006 small 2 2-10 payment own order /api/v1/payments");
        assert_eq!(line("order.created.v1"), "order.created.v1 order-events order notification, discount");
        assert_eq!(line("user-service-events"), "user-service-events user 30 s 5 user-events");
        assert_eq!(line("network"), "network 10.0.0.0/16 10.1.0.0/16 10.2.0.0/16");
        assert_eq!(line("database read replicas"), "database read replicas 2-5 1-2 0");
    }

    #[test]
    fn columns_stand_below_one_another() {
        let mut table = Table::new("A", ["B"]);
        table.row([&"longer" as &dyn Display, &1]);
        table.row([&"é" as &dyn Display, &2]);
        assert_eq!(table.to_string(), "A       B\nlonger  1\né       2\n");
    }
}
