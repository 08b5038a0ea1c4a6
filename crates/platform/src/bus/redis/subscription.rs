//! One member of a group on a Redis stream: reads like Kafka's, from a committed position, while it holds the group's lease.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::Value;
use redis::streams::StreamReadReply;
use types::StreamName;
use uuid::Uuid;

use super::connections::{Connections, is_missing, milliseconds};
use super::entry;
use super::lease::Lease;
use super::streams::{Extent, committed};
use crate::bus::{BusError, BusOptions, Message, Subscription};

pub struct RedisSubscription {
    connections: Arc<Connections>,
    stream: StreamName,
    key: String,
    group: String,
    lease_key: String,
    lease_time: Duration,
    token: String,
    place: Option<Place>,
    /// Has anything been returned since the last commit or loss of the place?
    outstanding: bool,
}

/// The active member's place in the stream.
struct Place {
    lease: Lease,
    committed: Position,
    read: Position,
}

/// An entry's id and, for the lag, how many entries precede it and it, if that is known.
#[derive(Clone, PartialEq, Eq)]
struct Position {
    id: String,
    entries: Option<u64>,
}

const START: &str = "0-0";

impl RedisSubscription {
    pub fn new(
        connections: Arc<Connections>,
        options: &BusOptions,
        stream: StreamName,
        key: String,
        group: &str,
    ) -> Self {
        RedisSubscription {
            connections,
            stream,
            lease_key: format!("{}lease:{stream}:{group}", options.prefix),
            lease_time: options.membership,
            token: Uuid::new_v4().to_string(),
            group: group.to_owned(),
            key,
            place: None,
            outstanding: false,
        }
    }

    async fn read(&mut self, max: usize, deadline: Instant) -> Result<Vec<Message>, BusError> {
        loop {
            let place = match self.place.take_if(|place| place.lease.held()) {
                Some(place) => self.place.insert(place),
                None => {
                    self.place = None;
                    match self.join(deadline).await? {
                        Some(place) => self.place.insert(place),
                        None => return Ok(Vec::new()),
                    }
                }
            };
            // In slices, to notice when the lease is lost.
            let block = deadline.saturating_duration_since(Instant::now()).min(self.lease_time / 2);
            let mut read = redis::cmd("XREAD");
            read.arg("COUNT").arg(max);
            if block >= Duration::from_millis(1) {
                // Zero would block for ever.
                read.arg("BLOCK").arg(milliseconds(block));
            }
            read.arg("STREAMS").arg(&self.key).arg(&place.read.id);
            let reply: Option<StreamReadReply> = self.connections.run_blocking(&read, block).await?;
            if !place.lease.held() {
                continue;
            }
            let entries = reply.into_iter().flat_map(|r| r.keys).flat_map(|k| k.ids).collect::<Vec<_>>();
            if let Some(last) = entries.last() {
                let read = place.read.entries.map(|n| n + entries.len() as u64);
                place.read = Position { id: last.id.clone(), entries: read };
            }
            let messages: Vec<Message> = entries.iter().filter_map(|e| entry::message(&self.key, e)).collect();
            self.outstanding |= !messages.is_empty();
            if !messages.is_empty() || Instant::now() >= deadline {
                return Ok(messages);
            }
        }
    }

    /// Waits for the lease and then takes up where the group has committed. None if another member is active all the time.
    async fn join(&self, deadline: Instant) -> Result<Option<Place>, BusError> {
        let poll = (self.lease_time / 20).clamp(Duration::from_millis(5), Duration::from_millis(250));
        let lease = loop {
            let lease = Lease::acquire(&self.connections, &self.lease_key, &self.token, self.lease_time).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            match lease {
                Some(lease) => break lease,
                None if left.is_zero() => return Ok(None),
                None => tokio::time::sleep(poll.min(left)).await,
            }
        };
        let committed = match committed(&self.connections, &self.key, &self.group).await? {
            Some(place) => match place.entries_read {
                Some(entries) => Position { id: place.last_delivered_id, entries: Some(entries as u64) },
                None => self.position_of(place.last_delivered_id).await?,
            },
            None => {
                self.create_group().await?;
                self.position_of(START.to_owned()).await?
            }
        };
        Ok(Some(Place { lease, read: committed.clone(), committed }))
    }

    /// For a group of which the server does not know how much it has read: it has committed nothing yet.
    async fn position_of(&self, id: String) -> Result<Position, BusError> {
        let extent = Extent::of(&self.connections, &self.key).await?;
        let entries = extent.and_then(|extent| match &*id {
            last if last == extent.last_id => Some(extent.added),
            // What was trimmed before the group began counts as read.
            START => Some(extent.added.saturating_sub(extent.length)),
            _ => None,
        });
        Ok(Position { id, entries })
    }

    async fn create_group(&self) -> Result<(), BusError> {
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(&self.key).arg(&self.group).arg(START).arg("MKSTREAM");
        match self.connections.run::<Value>(&create).await {
            Err(BusError::Refused(why)) if why.contains("BUSYGROUP") => Ok(()),
            created => created.map(|_| ()),
        }
    }

    fn lost(&mut self) -> BusError {
        self.place = None;
        self.outstanding = false;
        BusError::MembershipLost { stream: self.stream, group: self.group.clone() }
    }
}

#[async_trait]
impl Subscription for RedisSubscription {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<Message>, BusError> {
        let deadline = Instant::now() + wait;
        let result = self.read(max.max(1), deadline).await;
        self.connections.pace(result, deadline).await
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        if !self.outstanding {
            return Ok(());
        }
        let Some(place) = self.place.as_mut().filter(|place| place.lease.held()) else { return Err(self.lost()) };
        let mut commit = redis::cmd("XGROUP");
        commit.arg("SETID").arg(&self.key).arg(&self.group).arg(&place.read.id);
        if let Some(entries) = place.read.entries {
            commit.arg("ENTRIESREAD").arg(entries);
        }
        match self.connections.run::<Value>(&commit).await {
            Ok(_) => {
                place.committed = place.read.clone();
                self.outstanding = false;
                Ok(())
            }
            // The server has lost its data. Begin at the start again: what is there now, nobody has seen.
            Err(error) if is_missing(&error) => Err(self.lost()),
            Err(error) => Err(error),
        }
    }

    async fn rewind(&mut self) -> Result<(), BusError> {
        if let Some(place) = &mut self.place {
            place.read = place.committed.clone();
            self.outstanding = false;
        }
        Ok(())
    }
}
