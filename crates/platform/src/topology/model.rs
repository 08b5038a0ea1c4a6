//! What the map says, in types.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Deserialize;
use types::{ServiceName, StreamName};

types::text_enum! {
    pub enum EnvironmentName { Production = "production", Staging = "staging", Development = "development" }
}

/// A size of pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    pub requests: Resources,
    pub limits: Resources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Millicores.
    pub cpu: u32,
    /// Mebibytes.
    pub memory: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaling {
    /// Target utilisation of the requested CPU, in per cent.
    pub cpu: u32,
    /// Target utilisation of the requested memory, in per cent.
    pub memory: u32,
    /// How long the load must be calm before a scale-down.
    pub calm: Duration,
}

/// Where the keys are published that verify users' access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    pub service: ServiceName,
    pub path: String,
}

/// From the least to the most; written `[2, 10]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "[u32; 2]")]
pub struct Bounds {
    pub min: u32,
    pub max: u32,
}

impl From<[u32; 2]> for Bounds {
    fn from([min, max]: [u32; 2]) -> Self {
        Bounds { min, max }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if self.min == self.max { self.min.to_string() } else { format!("{}-{}", self.min, self.max) })
    }
}

/// May two pods of a service share a node?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiAffinity {
    /// If there is no other place.
    #[default]
    Preferred,
    /// Never: a pod waits for a node rather than share one.
    Required,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceName,
    pub port: u16,
    pub class: Class,
    /// In production, before the load changes them.
    pub replicas: u32,
    /// Replicas in production; see [`Topology::scale_in`](super::Topology::scale_in) for the other environments.
    pub scale: Bounds,
    /// Does it have a database of its own, named like the service?
    pub database: bool,
    pub anti_affinity: AntiAffinity,
    /// Whom it may call under `/internal/v1`.
    pub calls: BTreeSet<ServiceName>,
    /// The public path prefixes that the gateway sends to it.
    pub routes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub owner: ServiceName,
    /// How long a message that was taken stays hidden from other takers.
    pub visibility: Duration,
    /// After so many deliveries without success a message becomes a dead letter.
    pub deliveries: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub stream: StreamName,
    pub producers: BTreeSet<ServiceName>,
    pub consumers: BTreeSet<ServiceName>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    pub name: EnvironmentName,
    /// The virtual cloud network's addresses.
    pub cidr: Cidr,
    /// Nodes of the cluster.
    pub nodes: Bounds,
    /// Replicas of every service; `None` in production, where each service has its own.
    pub scale: Option<Bounds>,
    pub database: DatabaseSize,
    pub stream: StreamSize,
    pub queue_retention_days: u32,
    pub log_days: u32,
    pub alarms: Alarms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSize {
    /// OCPUs: at first, and the cap of scaling up.
    pub ocpus: Bounds,
    /// Tebibytes.
    pub storage_tib: u32,
    /// Read replicas, the primary not counted.
    pub replicas: Bounds,
    pub backup_days: u32,
}

/// Neither can be changed after a stream's creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSize {
    pub partitions: u32,
    pub retention_hours: u32,
}

/// Thresholds above which an alarm fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Per cent.
    pub database_cpu: u32,
    /// Per cent.
    pub database_storage: u32,
    /// Per cent.
    pub redis_memory: u32,
    /// Answers of the class 5xx in five minutes.
    pub load_balancer_5xx: u32,
    /// Per cent.
    pub node_cpu: u32,
    /// Seconds.
    pub replica_lag: u32,
}

/// A network of IPv4 addresses, `10.0.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub address: Ipv4Addr,
    /// The network's part of the address, in bits.
    pub prefix: u32,
}

impl Cidr {
    /// Nothing if the text is no network, which includes an address with bits set behind the prefix.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let cidr = Cidr { address: address.parse().ok()?, prefix: prefix.parse().ok().filter(|p| *p <= 32)? };
        (cidr.masked(cidr.prefix) == cidr.address.to_bits()).then_some(cidr)
    }

    pub fn overlaps(self, other: Cidr) -> bool {
        let prefix = self.prefix.min(other.prefix);
        self.masked(prefix) == other.masked(prefix)
    }

    fn masked(self, prefix: u32) -> u32 {
        self.address.to_bits() & u32::MAX.checked_shl(32 - prefix).unwrap_or(0)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.address, self.prefix))
    }
}
