//! The one map of the system, `topology.yaml`, read and checked: services and who may call whom, queues, streams, events,
//! environments. Whatever is in a [`Topology`] has been checked, so nobody who reads it checks again.

mod check;
mod mermaid;
mod model;
mod routes;
mod table;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use types::{QueueName, ServiceName, StreamName};

pub use model::{
    Alarms, AntiAffinity, Autoscaling, Bounds, Cidr, Class, DatabaseSize, Environment, EnvironmentName, Event, KeySet,
    Queue, Resources, Service, StreamSize,
};
use routes::Routes;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Not YAML, or not of the map's shape: a field too many, too few, or of another type.
    #[error("the topology cannot be read: {0}")]
    Unreadable(String),
    /// Every mistake in it, each a sentence that starts with the place (`services.cart.calls: unknown service 'prodct'`).
    #[error("the topology is wrong:\n{}", .0.join("\n"))]
    Mistakes(Vec<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    product: String,
    classes: Vec<Class>,
    autoscaling: Autoscaling,
    key_set: KeySet,
    /// One for every name, as in `queues` and `environments`: a map that lacks one is refused when it is read.
    services: BTreeMap<ServiceName, Service>,
    queues: BTreeMap<QueueName, Queue>,
    events: BTreeMap<String, Event>,
    environments: BTreeMap<EnvironmentName, Environment>,
    routes: Routes,
}

static EMBEDDED: LazyLock<Result<Topology, TopologyError>> =
    LazyLock::new(|| Topology::parse(include_str!("../../../../topology.yaml")));

impl Topology {
    /// The map that this binary was built with, read once. A test refuses to ship one with a mistake.
    pub fn embedded() -> Result<&'static Topology, TopologyError> {
        EMBEDDED.as_ref().map_err(Clone::clone)
    }

    /// Reads a map and checks it whole, so that all its mistakes are told at once.
    pub fn parse(text: &str) -> Result<Topology, TopologyError> {
        let written = serde_saphyr::from_str(text).map_err(|e| TopologyError::Unreadable(e.to_string()))?;
        check::check(written).map_err(TopologyError::Mistakes)
    }

    /// The product's name.
    pub fn product(&self) -> &str {
        &self.product
    }

    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    pub fn autoscaling(&self) -> Autoscaling {
        self.autoscaling
    }

    /// Where the keys are published that verify users' access tokens.
    pub fn key_set(&self) -> &KeySet {
        &self.key_set
    }

    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    pub fn service(&self, name: ServiceName) -> &Service {
        &self.services[&name]
    }

    /// The port on which a service listens.
    pub fn port(&self, name: ServiceName) -> u16 {
        self.service(name).port
    }

    /// May `caller` call `callee` under `/internal/v1`?
    pub fn allows_call(&self, caller: ServiceName, callee: ServiceName) -> bool {
        self.service(caller).calls.contains(&callee)
    }

    /// Whose internal calls `callee` accepts.
    pub fn callers_of(&self, callee: ServiceName) -> impl Iterator<Item = ServiceName> {
        self.services().filter(move |s| s.calls.contains(&callee)).map(|s| s.name)
    }

    pub fn queues(&self) -> impl Iterator<Item = (QueueName, Queue)> {
        self.queues.iter().map(|(name, queue)| (*name, *queue))
    }

    pub fn queue(&self, name: QueueName) -> Queue {
        self.queues[&name]
    }

    pub fn owner_of_queue(&self, name: QueueName) -> ServiceName {
        self.queue(name).owner
    }

    /// The queue that a service takes its events from; a service without one reads the streams themselves.
    pub fn queue_of(&self, service: ServiceName) -> Option<QueueName> {
        self.queues().find(|(_, queue)| queue.owner == service).map(|(name, _)| name)
    }

    /// All event types with what is said of them, by name.
    pub fn events(&self) -> impl Iterator<Item = (&str, &Event)> {
        self.events.iter().map(|(name, event)| (name.as_str(), event))
    }

    /// An event by its full type (`order.confirmed.v1`).
    pub fn event(&self, event_type: &str) -> Option<&Event> {
        self.events.get(event_type)
    }

    /// The event types that have an effect in a service, and the stream that each comes from.
    pub fn events_consumed_by(&self, service: ServiceName) -> Vec<(&str, StreamName)> {
        self.events().filter(|(_, e)| e.consumers.contains(&service)).map(|(name, e)| (name, e.stream)).collect()
    }

    pub fn streams_consumed_by(&self, service: ServiceName) -> BTreeSet<StreamName> {
        self.events_consumed_by(service).into_iter().map(|(_, stream)| stream).collect()
    }

    /// Who may publish an event; nobody, if there is no such event.
    pub fn producers_of(&self, event_type: &str) -> &BTreeSet<ServiceName> {
        static NOBODY: BTreeSet<ServiceName> = BTreeSet::new();
        self.event(event_type).map_or(&NOBODY, |e| &e.producers)
    }

    /// The service that answers for a public path (without its query): the longest route that the path equals or lies below.
    ///
    /// The path is taken literally; who asks for an untrusted one refuses `.`, `..` and encoded slashes before.
    pub fn route(&self, path: &str) -> Option<ServiceName> {
        self.routes.find(path)
    }

    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values()
    }

    pub fn environment(&self, name: EnvironmentName) -> &Environment {
        &self.environments[&name]
    }

    /// Between how many replicas a service scales in an environment.
    pub fn scale_in(&self, environment: EnvironmentName, service: ServiceName) -> Bounds {
        self.environment(environment).scale.unwrap_or(self.service(service).scale)
    }

    /// The map as two Mermaid flow charts in Markdown: who calls whom, and how events travel.
    pub fn to_mermaid(&self) -> String {
        mermaid::render(self)
    }

    /// The map as tables in plain text.
    pub fn to_table(&self) -> String {
        table::render(self)
    }
}
