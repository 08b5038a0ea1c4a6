//! The map as it is written. Names are still text here, so that [`check`](super::check) can tell every wrong one at once
//! and not only the first.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::model::{Alarms, AntiAffinity, Bounds, DatabaseSize, Resources, StreamSize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub product: String,
    pub classes: BTreeMap<String, WrittenClass>,
    pub autoscaling: WrittenAutoscaling,
    pub key_set: WrittenKeySet,
    pub services: BTreeMap<String, WrittenService>,
    pub queues: BTreeMap<String, WrittenQueue>,
    pub streams: Vec<String>,
    pub events: BTreeMap<String, WrittenEvent>,
    pub environments: BTreeMap<String, WrittenEnvironment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenClass {
    pub requests: Resources,
    pub limits: Resources,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAutoscaling {
    pub cpu: u32,
    pub memory: u32,
    /// Seconds.
    pub calm: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenKeySet {
    pub service: String,
    pub path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenService {
    pub port: u16,
    pub class: String,
    pub replicas: u32,
    pub scale: Bounds,
    #[serde(default)]
    pub database: bool,
    #[serde(default)]
    pub anti_affinity: AntiAffinity,
    pub calls: Vec<String>,
    pub routes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenQueue {
    pub owner: String,
    /// Seconds.
    pub visibility: u64,
    pub deliveries: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEvent {
    pub stream: String,
    pub producer: Vec<String>,
    pub consumers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEnvironment {
    pub cidr: String,
    pub nodes: Bounds,
    pub scale: Option<Bounds>,
    pub database: DatabaseSize,
    pub stream: StreamSize,
    pub queue_retention_days: u32,
    pub log_days: u32,
    pub alarms: Alarms,
}
