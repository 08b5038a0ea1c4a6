use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::Value;
use redis::streams::{StreamId, StreamPendingReply, StreamRangeReply, StreamReadReply};
use types::{QueueName, Timestamp};

use super::connections::{Connections, is_missing, milliseconds};
use super::entry;
use super::pending::{GROUP, Queue, WORKER, parse, receipt};
use crate::bus::{BusError, BusOptions, DeadLetter, Delivery, Message, QueueDepth, Queues, Receipt, RedisConfig};

pub struct RedisQueues {
    connections: Connections,
    options: BusOptions,
    /// When each queue is looked through for expired messages next.
    next_look: Mutex<HashMap<QueueName, Instant>>,
}

/// How many dead letters are moved at a time.
const PAGE: usize = 100;

impl RedisQueues {
    pub fn new(server: &RedisConfig, options: &BusOptions) -> Result<Self, BusError> {
        let connections = Connections::new(server, options)?;
        Ok(RedisQueues { connections, options: options.clone(), next_look: Mutex::default() })
    }

    fn queue(&self, name: QueueName) -> Queue<'_> {
        Queue::new(&self.connections, &self.options, name)
    }

    async fn receive(&self, queue: &Queue<'_>, max: usize, deadline: Instant) -> Result<Vec<Delivery>, BusError> {
        // How long a message that another process has given back, or dropped, may wait for us.
        let slice = (queue.options.visibility / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
        let in_a_hurry = deadline.saturating_duration_since(Instant::now()) < slice;
        loop {
            let mut deliveries = Vec::new();
            if in_a_hurry || self.next_look(queue.name) <= Instant::now() {
                self.look_at(queue.name, Instant::now() + slice);
                deliveries = self.receive_expired(queue, max).await?;
                if deliveries.len() == max {
                    self.look_by(queue.name, Instant::now());
                }
            }
            if deliveries.len() < max {
                let wait = deadline.min(self.next_look(queue.name)).saturating_duration_since(Instant::now());
                let block = if deliveries.is_empty() { wait } else { Duration::ZERO };
                match self.receive_new(queue, max - deliveries.len(), block).await {
                    Ok(new) => deliveries.extend(new),
                    Err(error) if deliveries.is_empty() => return Err(error),
                    Err(error) => tracing::warn!(%error, queue = %queue.name, "got only messages delivered before"),
                }
            }
            if !deliveries.is_empty() || Instant::now() >= deadline {
                return Ok(deliveries);
            }
        }
    }

    fn next_look(&self, queue: QueueName) -> Instant {
        let looks = self.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(&queue).copied().unwrap_or_else(Instant::now)
    }

    fn look_at(&self, queue: QueueName, at: Instant) {
        self.next_look.lock().unwrap_or_else(PoisonError::into_inner).insert(queue, at);
    }

    fn look_by(&self, queue: QueueName, at: Instant) {
        self.look_at(queue, at.min(self.next_look(queue)));
    }

    async fn receive_expired(&self, queue: &Queue<'_>, max: usize) -> Result<Vec<Delivery>, BusError> {
        let expired = queue.expired(max).await?;
        let claimed = queue.claim(&expired).await?;
        let count = |id: &str| expired.iter().find(|e| e.id == id).map_or(1, |e| e.deliveries.saturating_add(1));
        let claimed = claimed.into_iter().map(|entry| (count(&entry.id), entry)).collect();
        self.deliver(queue, claimed).await
    }

    async fn receive_new(&self, queue: &Queue<'_>, max: usize, block: Duration) -> Result<Vec<Delivery>, BusError> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg(WORKER).arg("COUNT").arg(max);
        if block >= Duration::from_millis(1) {
            // Zero would block for ever.
            read.arg("BLOCK").arg(milliseconds(block));
        }
        read.arg("STREAMS").arg(&queue.entries).arg(">");
        let reply: Option<StreamReadReply> = match self.connections.run_blocking(&read, block).await {
            Err(error) if is_missing(&error) => {
                self.create_group(queue).await?;
                return Ok(Vec::new());
            }
            reply => reply?,
        };
        let entries = reply.into_iter().flat_map(|r| r.keys).flat_map(|k| k.ids).map(|entry| (1, entry)).collect();
        self.deliver(queue, entries).await
    }

    /// The group of a new queue, or of one whose server has lost its data.
    async fn create_group(&self, queue: &Queue<'_>) -> Result<(), BusError> {
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(&queue.entries).arg(GROUP).arg("0").arg("MKSTREAM");
        match self.connections.run::<Value>(&create).await {
            Err(BusError::Refused(why)) if why.contains("BUSYGROUP") => Ok(()),
            created => created.map(|_| ()),
        }
    }

    async fn deliver(&self, queue: &Queue<'_>, entries: Vec<(u32, StreamId)>) -> Result<Vec<Delivery>, BusError> {
        let mut deliveries = Vec::with_capacity(entries.len());
        for (count, entry) in entries {
            match entry::message(&queue.entries, &entry) {
                Some(message) => {
                    let receipt = receipt(&entry.id, count);
                    deliveries.push(Delivery { message, receipt, deliveries: count });
                }
                None => queue.delete(&[&entry.id]).await?,
            }
        }
        Ok(deliveries)
    }

    /// Puts one dead letter back. False if somebody else did so before.
    async fn revive(&self, queue: &Queue<'_>, letter: &DeadLetter) -> Result<bool, BusError> {
        let mut revive = redis::pipe();
        revive.atomic();
        revive.add_command(entry::append(&queue.entries, &letter.message)).ignore();
        revive.cmd("XDEL").arg(&queue.dead).arg(&letter.id);
        let (removed,): (u64,) = self.connections.run_all(&revive).await?;
        Ok(removed == 1)
    }

    /// Dead letters with ids from `from` to `to`.
    async fn letters(&self, queue: &Queue<'_>, from: &str, to: &str, max: usize) -> Result<Vec<DeadLetter>, BusError> {
        let mut range = redis::cmd("XRANGE");
        range.arg(&queue.dead).arg(from).arg(to).arg("COUNT").arg(max);
        let range: StreamRangeReply = self.connections.run(&range).await?;
        Ok(range.ids.iter().filter_map(|entry| dead_letter(&queue.dead, entry)).collect())
    }
}

#[async_trait]
impl Queues for RedisQueues {
    async fn put(&self, queue: QueueName, messages: &[Message]) -> Result<(), BusError> {
        if messages.is_empty() {
            return Ok(());
        }
        let queue = self.queue(queue);
        let mut batch = redis::pipe();
        batch.atomic();
        for message in messages {
            batch.add_command(entry::append(&queue.entries, message)).ignore();
        }
        self.connections.run_all::<()>(&batch).await?;
        self.connections.trim(&queue.entries, self.options.queue_retention).await;
        self.connections.trim(&queue.dead, self.options.queue_retention).await;
        Ok(())
    }

    async fn get(&self, queue: QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        let deadline = Instant::now() + wait;
        let result = self.receive(&self.queue(queue), max.max(1), deadline).await;
        self.connections.pace(result, deadline).await
    }

    async fn delete(&self, queue: QueueName, receipts: &[Receipt]) -> Result<(), BusError> {
        let ids: Vec<&str> = receipts.iter().filter_map(parse).map(|(id, _)| id).collect();
        if ids.is_empty() { Ok(()) } else { self.queue(queue).delete(&ids).await }
    }

    async fn set_visibility(&self, queue: QueueName, receipt: &Receipt, visibility: Duration) -> Result<(), BusError> {
        self.queue(queue).set_visibility(receipt, visibility).await?;
        self.look_by(queue, Instant::now() + visibility);
        Ok(())
    }

    async fn depth(&self, queue: QueueName) -> Result<QueueDepth, BusError> {
        let queue = self.queue(queue);
        let expired = queue.expired(usize::MAX).await?.len() as u64;
        let pending = match self.connections.run(redis::cmd("XPENDING").arg(&queue.entries).arg(GROUP)).await {
            Ok(StreamPendingReply::Data(pending)) => pending.count as u64,
            Ok(_) => 0,
            Err(error) if is_missing(&error) => 0,
            Err(error) => return Err(error),
        };
        let mut rest = redis::pipe();
        rest.cmd("XLEN").arg(&queue.entries).cmd("XLEN").arg(&queue.dead);
        rest.cmd("XRANGE").arg(&queue.entries).arg("-").arg("+").arg("COUNT").arg(1);
        let (length, dead, oldest): (u64, u64, StreamRangeReply) = self.connections.run_all(&rest).await?;
        let oldest_age = match oldest.ids.first() {
            Some(oldest) => {
                let age = self.connections.now().await?.saturating_sub(entry::added_at(&oldest.id));
                Some(Duration::from_millis(age))
            }
            None => None,
        };
        let in_flight = pending.saturating_sub(expired);
        Ok(QueueDepth { visible: length.saturating_sub(in_flight), in_flight, dead, oldest_age })
    }

    async fn dead_letters(&self, queue: QueueName, max: usize) -> Result<Vec<DeadLetter>, BusError> {
        let queue = self.queue(queue);
        // What has died since the last worker looked.
        queue.expired(0).await?;
        self.letters(&queue, "-", "+", max).await
    }

    async fn dead_letter(&self, queue: QueueName, id: &str) -> Result<Option<DeadLetter>, BusError> {
        if !entry::is_id(id) {
            return Ok(None);
        }
        Ok(self.letters(&self.queue(queue), id, id, 1).await?.pop())
    }

    async fn redrive(&self, queue: QueueName, ids: Option<&[String]>) -> Result<u64, BusError> {
        let queue = self.queue(queue);
        let mut revived = 0;
        if let Some(ids) = ids {
            for id in ids.iter().filter(|id| entry::is_id(id)) {
                if let Some(letter) = self.letters(&queue, id, id, 1).await?.pop() {
                    revived += u64::from(self.revive(&queue, &letter).await?);
                }
            }
            return Ok(revived);
        }
        // Only those that are there now: one that dies again at once must not keep us here.
        let mut newest = redis::cmd("XREVRANGE");
        newest.arg(&queue.dead).arg("+").arg("-").arg("COUNT").arg(1);
        let newest: StreamRangeReply = self.connections.run(&newest).await?;
        let Some(newest) = newest.ids.first() else { return Ok(0) };
        let mut from = "-".to_owned();
        loop {
            let letters = self.letters(&queue, &from, &newest.id, PAGE).await?;
            let Some(last) = letters.last() else { return Ok(revived) };
            from = format!("({}", last.id);
            for letter in &letters {
                revived += u64::from(self.revive(&queue, letter).await?);
            }
        }
    }

    async fn purge(&self, queue: QueueName, id: &str) -> Result<bool, BusError> {
        if !entry::is_id(id) {
            return Ok(false);
        }
        let removed: u64 = self.connections.run(redis::cmd("XDEL").arg(&self.queue(queue).dead).arg(id)).await?;
        Ok(removed == 1)
    }

    async fn ping(&self) -> Result<(), BusError> {
        self.connections.ping().await
    }
}

fn dead_letter(stream: &str, entry: &StreamId) -> Option<DeadLetter> {
    let died_at = i64::try_from(entry::added_at(&entry.id).saturating_mul(1000)).unwrap_or(i64::MAX);
    Some(DeadLetter {
        id: entry.id.clone(),
        message: entry::message(stream, entry)?,
        deliveries: entry::field(entry, "deliveries").unwrap_or_default(),
        died_at: Timestamp::from_microseconds(died_at),
    })
}
