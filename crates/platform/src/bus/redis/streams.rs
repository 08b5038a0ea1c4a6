use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use redis::Value;
use redis::streams::{StreamInfoGroup, StreamInfoGroupsReply};
use types::StreamName;

use super::connections::{Connections, is_missing};
use super::entry;
use super::subscription::RedisSubscription;
use crate::bus::{BusError, BusOptions, Message, RedisConfig, Streams, Subscription};

pub struct RedisStreams {
    connections: Arc<Connections>,
    options: BusOptions,
}

impl RedisStreams {
    pub fn new(server: &RedisConfig, options: &BusOptions) -> Result<Self, BusError> {
        Ok(RedisStreams { connections: Arc::new(Connections::new(server, options)?), options: options.clone() })
    }

    fn key(&self, stream: StreamName) -> String {
        format!("{}stream:{stream}", self.options.prefix)
    }
}

#[async_trait]
impl Streams for RedisStreams {
    async fn publish(&self, stream: StreamName, messages: &[Message]) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        let key = self.key(stream);
        // All or nothing: were only later messages appended, repeating the call would turn their order.
        let mut batch = redis::pipe();
        batch.atomic();
        for message in messages {
            batch.add_command(entry::append(&key, message)).ignore();
        }
        self.connections.run_all::<()>(&batch).await?;
        self.connections.trim(&key, self.options.stream_retention).await;
        Ok(())
    }

    async fn subscribe(&self, stream: StreamName, group: &str) -> Result<Box<dyn Subscription>, BusError> {
        let connections = Arc::clone(&self.connections);
        Ok(Box::new(RedisSubscription::new(connections, &self.options, stream, self.key(stream), group)))
    }

    async fn lag(&self, stream: StreamName, group: &str) -> Result<u64, BusError> {
        let key = self.key(stream);
        let Some(end) = Extent::of(&self.connections, &key).await? else { return Ok(0) };
        Ok(match committed(&self.connections, &key, group).await? {
            None => end.length,
            Some(place) if place.last_delivered_id == end.last_id => 0,
            // What the group has not read may have been trimmed, so it lacks at most what is there.
            Some(place) => place.lag.map_or(end.length, |lag| (lag as u64).min(end.length)),
        })
    }

    async fn ping(&self) -> Result<(), BusError> {
        self.connections.ping().await
    }
}

/// How far a stream goes.
pub struct Extent {
    /// Entries that are there.
    pub length: u64,
    /// Entries that there ever were.
    pub added: u64,
    pub last_id: String,
}

impl Extent {
    /// None if there is no such stream.
    pub async fn of(connections: &Connections, key: &str) -> Result<Option<Extent>, BusError> {
        let info: HashMap<String, Value> = match connections.run(redis::cmd("XINFO").arg("STREAM").arg(key)).await {
            Err(error) if is_missing(&error) => return Ok(None),
            info => info?,
        };
        let number = |name: &str| info.get(name).and_then(|v| redis::from_redis_value_ref(v).ok()).unwrap_or_default();
        let last_id = info.get("last-generated-id").and_then(|v| redis::from_redis_value_ref(v).ok());
        let (length, added) = (number("length"), number("entries-added"));
        Ok(Some(Extent { length, added, last_id: last_id.unwrap_or_default() }))
    }
}

/// A group's committed place in a stream. None if there is no such stream or group.
pub async fn committed(connections: &Connections, key: &str, group: &str) -> Result<Option<StreamInfoGroup>, BusError> {
    let groups: StreamInfoGroupsReply = match connections.run(redis::cmd("XINFO").arg("GROUPS").arg(key)).await {
        Err(error) if is_missing(&error) => return Ok(None),
        groups => groups?,
    };
    Ok(groups.groups.into_iter().find(|g| g.name == group))
}
