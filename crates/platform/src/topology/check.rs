//! From the map as it is written to one that can be relied on, or all of its mistakes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use types::{QueueName, ServiceName, StreamName};

use super::Topology;
use super::model::{
    Autoscaling, Bounds, Cidr, Class, Environment, EnvironmentName, Event, KeySet, Queue, Resources, Service,
};
use super::routes::{Routes, lies_below};
use super::written::{
    Written, WrittenAutoscaling, WrittenClass, WrittenEnvironment, WrittenEvent, WrittenQueue, WrittenService,
};

/// Where every public path starts. What lies outside, `/internal` above all, cannot be routed.
const PUBLIC: &str = "/api/v1";

pub(super) fn check(written: Written) -> Result<Topology, Vec<String>> {
    let mut mistakes = Mistakes::default();
    if written.product.is_empty() {
        mistakes.add("product", "has no name");
    }
    let classes = classes(&mut mistakes, written.classes);
    let autoscaling = autoscaling(&mut mistakes, &written.autoscaling);
    let services = services(&mut mistakes, written.services, &classes);
    let key_set = key_set(&mut mistakes, &written.key_set.service, written.key_set.path);
    let queues = queues(&mut mistakes, &written.queues);
    let events = events(&mut mistakes, &written.events, &written.streams);
    for (name, queue) in &queues {
        if !events.values().any(|e| e.consumers.contains(&queue.owner)) {
            mistakes.add(format!("queues.{name}.owner"), format!("{} consumes no event", queue.owner));
        }
    }
    let environments = environments(&mut mistakes, written.environments);
    match (mistakes.0.is_empty(), key_set) {
        (true, Some(key_set)) => {
            let routes = Routes::new(services.values().flat_map(|s| s.routes.iter().map(|r| (r.as_str(), s.name))));
            let product = written.product;
            Ok(Topology { product, classes, autoscaling, key_set, services, queues, events, environments, routes })
        }
        _ => Err(mistakes.0),
    }
}

#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn add(&mut self, place: impl Display, what: impl Display) {
        self.0.push(format!("{place}: {what}"));
    }

    fn name<N: FromStr>(&mut self, place: impl Display, kind: &str, text: &str) -> Option<N> {
        let name = text.parse().ok();
        if name.is_none() {
            self.add(place, format!("unknown {kind} '{text}'"));
        }
        name
    }

    /// Names of which none may stand twice.
    fn names<N: FromStr + Ord>(&mut self, place: impl Display, kind: &str, texts: &[String]) -> BTreeSet<N> {
        let mut names = BTreeSet::new();
        for text in texts {
            if self.name(&place, kind, text).is_some_and(|name: N| !names.insert(name)) {
                self.add(&place, format!("'{text}' stands twice"));
            }
        }
        names
    }

    fn missing<'a, N: Display>(&mut self, place: &str, all: &[N], written: impl IntoIterator<Item = &'a String>) {
        let written: BTreeSet<&str> = written.into_iter().map(String::as_str).collect();
        for name in all {
            if !written.contains(name.to_string().as_str()) {
                self.add(place, format!("'{name}' is missing"));
            }
        }
    }

    fn bounds(&mut self, place: impl Display, bounds: Bounds, least: u32) {
        let Bounds { min, max } = bounds;
        if min > max {
            self.add(&place, format!("from {min} to {max} is the wrong way round"));
        }
        self.at_least(place, min, least);
    }

    fn at_least(&mut self, place: impl Display, value: u32, least: u32) {
        if value < least {
            self.add(place, format!("{value} is less than {least}"));
        }
    }

    fn per_cent(&mut self, place: impl Display, value: u32) {
        if !(1..=100).contains(&value) {
            self.add(place, format!("{value} per cent is not between 1 and 100"));
        }
    }

    fn not_zero(&mut self, place: impl Display, seconds: u64) {
        if seconds == 0 {
            self.add(place, "0 is less than 1");
        }
    }
}

fn classes(mistakes: &mut Mistakes, written: BTreeMap<String, WrittenClass>) -> Vec<Class> {
    let mut classes = Vec::new();
    for (name, WrittenClass { requests, limits }) in written {
        let Resources { cpu, memory } = requests;
        if cpu == 0 || memory == 0 {
            mistakes.add(format!("classes.{name}.requests"), "must not be zero");
        }
        if cpu > limits.cpu || memory > limits.memory {
            mistakes.add(format!("classes.{name}.limits"), "are lower than the requests");
        }
        classes.push(Class { name, requests, limits });
    }
    classes
}

fn autoscaling(mistakes: &mut Mistakes, written: &WrittenAutoscaling) -> Autoscaling {
    mistakes.per_cent("autoscaling.cpu", written.cpu);
    mistakes.per_cent("autoscaling.memory", written.memory);
    mistakes.not_zero("autoscaling.calm", written.calm);
    Autoscaling { cpu: written.cpu, memory: written.memory, calm: Duration::from_secs(written.calm) }
}

fn key_set(mistakes: &mut Mistakes, service: &str, path: String) -> Option<KeySet> {
    if !path.starts_with('/') {
        mistakes.add("key_set.path", format!("'{path}' does not start with '/'"));
    }
    let service = mistakes.name("key_set.service", "service", service)?;
    Some(KeySet { service, path })
}

fn services(
    mistakes: &mut Mistakes,
    written: BTreeMap<String, WrittenService>,
    classes: &[Class],
) -> BTreeMap<ServiceName, Service> {
    mistakes.missing("services", ServiceName::ALL, written.keys());
    let mut services = BTreeMap::new();
    for (name, written) in written {
        if let Some(service) = service(mistakes, &name, written, classes) {
            services.insert(service.name, service);
        }
    }
    ports(mistakes, &services);
    routes(mistakes, &services);
    services
}

fn service(mistakes: &mut Mistakes, text: &str, written: WrittenService, classes: &[Class]) -> Option<Service> {
    let place = |field: &str| format!("services.{text}.{field}");
    let name = mistakes.name(format!("services.{text}"), "service", text);
    let class = classes.iter().find(|c| c.name == written.class);
    if class.is_none() {
        mistakes.add(place("class"), format!("unknown class '{}'", written.class));
    }
    let calls = mistakes.names(place("calls"), "service", &written.calls);
    if name.is_some_and(|name| calls.contains(&name)) {
        mistakes.add(place("calls"), format!("{text} calls itself"));
    }
    // A pod does not run as root, and only root may listen below.
    if written.port < 1024 {
        mistakes.add(place("port"), format!("{} is less than 1024", written.port));
    }
    let Bounds { min, max } = written.scale;
    mistakes.bounds(place("scale"), written.scale, 1);
    if min <= max && !(min..=max).contains(&written.replicas) {
        mistakes.add(place("replicas"), format!("{} is not between {min} and {max}", written.replicas));
    }
    Some(Service {
        name: name?,
        port: written.port,
        class: class?.clone(),
        replicas: written.replicas,
        scale: written.scale,
        database: written.database,
        anti_affinity: written.anti_affinity,
        calls,
        routes: written.routes,
    })
}

fn ports(mistakes: &mut Mistakes, services: &BTreeMap<ServiceName, Service>) {
    let mut owners = BTreeMap::new();
    for service in services.values() {
        if let Some(other) = owners.insert(service.port, service.name) {
            mistakes.add(format!("services.{}.port", service.name), format!("{} is {other}'s", service.port));
        }
    }
}

fn routes(mistakes: &mut Mistakes, services: &BTreeMap<ServiceName, Service>) {
    let gateway_calls = services.get(&ServiceName::Gateway).map(|g| &g.calls);
    let mut seen: Vec<(&str, ServiceName)> = Vec::new();
    for service in services.values() {
        let place = format!("services.{}.routes", service.name);
        let unreachable = gateway_calls.is_some_and(|calls| !calls.contains(&service.name));
        if unreachable && !service.routes.is_empty() {
            mistakes.add(&place, format!("the gateway may not call {}", service.name));
        }
        for route in &service.routes {
            let below = route.strip_prefix(PUBLIC).and_then(|rest| rest.strip_prefix('/'));
            if !below.is_some_and(|rest| rest.split('/').all(is_segment)) {
                mistakes.add(&place, format!("'{route}' is no path below {PUBLIC}"));
                continue;
            }
            for (other, owner) in &seen {
                if *owner == service.name && other == route {
                    mistakes.add(&place, format!("'{route}' stands twice"));
                } else if *owner != service.name && (lies_below(route, other) || lies_below(other, route)) {
                    mistakes.add(&place, format!("'{route}' overlaps '{other}' of {owner}"));
                }
            }
            seen.push((route, service.name));
        }
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn queues(mistakes: &mut Mistakes, written: &BTreeMap<String, WrittenQueue>) -> BTreeMap<QueueName, Queue> {
    mistakes.missing("queues", QueueName::ALL, written.keys());
    let mut queues: BTreeMap<QueueName, Queue> = BTreeMap::new();
    for (text, written) in written {
        let name = mistakes.name(format!("queues.{text}"), "queue", text);
        let owner = mistakes.name(format!("queues.{text}.owner"), "service", &written.owner);
        mistakes.not_zero(format!("queues.{text}.visibility"), written.visibility);
        mistakes.at_least(format!("queues.{text}.deliveries"), written.deliveries, 1);
        let (Some(name), Some(owner)) = (name, owner) else { continue };
        if let Some((other, _)) = queues.iter().find(|(_, queue)| queue.owner == owner) {
            mistakes.add(format!("queues.{text}.owner"), format!("{owner} owns {other} already"));
        }
        let visibility = Duration::from_secs(written.visibility);
        queues.insert(name, Queue { owner, visibility, deliveries: written.deliveries });
    }
    queues
}

fn events(
    mistakes: &mut Mistakes,
    written: &BTreeMap<String, WrittenEvent>,
    streams: &[String],
) -> BTreeMap<String, Event> {
    mistakes.missing("streams", StreamName::ALL, streams);
    let known: BTreeSet<StreamName> = mistakes.names("streams", "stream", streams);
    let mut events = BTreeMap::new();
    for (name, written) in written {
        let place = |field: &str| format!("events.{name}.{field}");
        if !is_event_type(name) {
            mistakes.add(format!("events.{name}"), "is not of the form subject.what_happened.v1");
        }
        let stream = mistakes.name(place("stream"), "stream", &written.stream);
        let producers = mistakes.names(place("producer"), "service", &written.producer);
        let consumers = mistakes.names(place("consumers"), "service", &written.consumers);
        if written.producer.is_empty() {
            mistakes.add(place("producer"), "nobody produces it");
        }
        if written.consumers.is_empty() {
            mistakes.add(place("consumers"), "nobody consumes it");
        }
        for consumer in &consumers {
            if producers.iter().eq([consumer]) {
                mistakes.add(place("consumers"), format!("{consumer} is its only producer"));
            }
        }
        if let Some(stream) = stream {
            events.insert(name.clone(), Event { stream, producers, consumers });
        }
    }
    for stream in known {
        if !events.values().any(|e| e.stream == stream) {
            mistakes.add("streams", format!("no event goes to '{stream}'"));
        }
    }
    events
}

fn is_event_type(name: &str) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match name.split('.').collect::<Vec<_>>()[..] {
        [subject, what, version] => {
            let version = version.strip_prefix('v').and_then(|v| v.parse::<u32>().ok());
            is_word(subject) && is_word(what) && version.is_some_and(|v| v > 0)
        }
        _ => false,
    }
}

fn environments(
    mistakes: &mut Mistakes,
    written: BTreeMap<String, WrittenEnvironment>,
) -> BTreeMap<EnvironmentName, Environment> {
    mistakes.missing("environments", EnvironmentName::ALL, written.keys());
    let mut environments: BTreeMap<EnvironmentName, Environment> = BTreeMap::new();
    for (text, written) in written {
        let Some(environment) = environment(mistakes, &text, written) else { continue };
        for other in environments.values().filter(|other| other.cidr.overlaps(environment.cidr)) {
            mistakes.add(
                format!("environments.{text}.cidr"),
                format!("{} overlaps {} of {}", environment.cidr, other.cidr, other.name),
            );
        }
        environments.insert(environment.name, environment);
    }
    environments
}

fn environment(mistakes: &mut Mistakes, text: &str, written: WrittenEnvironment) -> Option<Environment> {
    let place = |field: &str| format!("environments.{text}.{field}");
    let name = mistakes.name(format!("environments.{text}"), "environment", text);
    let cidr = Cidr::parse(&written.cidr).filter(|cidr| cidr.prefix == 16);
    if cidr.is_none() {
        mistakes.add(place("cidr"), format!("'{}' is no network of the size /16", written.cidr));
    }
    match (name, written.scale) {
        (_, Some(scale)) if name != Some(EnvironmentName::Production) => mistakes.bounds(place("scale"), scale, 1),
        (Some(EnvironmentName::Production), Some(_)) => {
            mistakes.add(place("scale"), "stands with each service in production");
        }
        (Some(EnvironmentName::Staging | EnvironmentName::Development), None) => {
            mistakes.add(place("scale"), "is missing");
        }
        _ => {}
    }
    mistakes.bounds(place("nodes"), written.nodes, 1);
    mistakes.bounds(place("database.ocpus"), written.database.ocpus, 1);
    mistakes.bounds(place("database.replicas"), written.database.replicas, 0);
    mistakes.at_least(place("database.storage_tib"), written.database.storage_tib, 1);
    mistakes.at_least(place("database.backup_days"), written.database.backup_days, 1);
    mistakes.at_least(place("stream.partitions"), written.stream.partitions, 1);
    mistakes.at_least(place("stream.retention_hours"), written.stream.retention_hours, 1);
    mistakes.at_least(place("queue_retention_days"), written.queue_retention_days, 1);
    mistakes.at_least(place("log_days"), written.log_days, 1);
    let alarms = written.alarms;
    mistakes.per_cent(place("alarms.database_cpu"), alarms.database_cpu);
    mistakes.per_cent(place("alarms.database_storage"), alarms.database_storage);
    mistakes.per_cent(place("alarms.redis_memory"), alarms.redis_memory);
    mistakes.per_cent(place("alarms.node_cpu"), alarms.node_cpu);
    mistakes.at_least(place("alarms.load_balancer_5xx"), alarms.load_balancer_5xx, 1);
    mistakes.at_least(place("alarms.replica_lag"), alarms.replica_lag, 1);
    Some(Environment {
        name: name?,
        cidr: cidr?,
        nodes: written.nodes,
        scale: written.scale,
        database: written.database,
        stream: written.stream,
        queue_retention_days: written.queue_retention_days,
        log_days: written.log_days,
        alarms,
    })
}
