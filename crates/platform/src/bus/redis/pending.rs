//! What was delivered from one queue and not deleted yet: Redis's pending list, and beside it a sorted set of the entries
//! that are held back longer than the queue's visibility (score: until when), since an idle time cannot be negative.

use std::time::Duration;

use redis::streams::{StreamClaimReply, StreamId, StreamPendingCountReply};
use types::QueueName;

use super::connections::{Connections, is_missing, milliseconds};
use super::entry;
use crate::bus::{BusError, BusOptions, QueueOptions, Receipt};
use crate::telemetry::names;

/// All workers are one consumer to Redis: who has a message does not matter, only since when.
pub const GROUP: &str = "workers";
pub const WORKER: &str = "worker";
const PAGE: usize = 100;

/// One queue's keys and settings.
pub struct Queue<'a> {
    connections: &'a Connections,
    pub name: QueueName,
    pub options: QueueOptions,
    pub entries: String,
    pub dead: String,
    held: String,
}

/// An entry that was delivered and whose visibility timeout is over.
pub struct Expired {
    pub id: String,
    pub deliveries: u32,
}

impl<'a> Queue<'a> {
    pub fn new(connections: &'a Connections, options: &BusOptions, name: QueueName) -> Self {
        let entries = format!("{}queue:{name}", options.prefix);
        let (dead, held) = (format!("{entries}:dead"), format!("{entries}:held"));
        Queue { connections, name, options: options.queue(name), entries, dead, held }
    }

    /// Up to `max` entries that may be delivered again, the oldest first, once those that have been delivered too often are
    /// among the dead letters.
    pub async fn expired(&self, max: usize) -> Result<Vec<Expired>, BusError> {
        let mut found = Vec::new();
        let mut from = "-".to_owned();
        loop {
            let mut idle = redis::cmd("XPENDING");
            idle.arg(&self.entries).arg(GROUP).arg("IDLE").arg(milliseconds(self.options.visibility));
            idle.arg(&from).arg("+").arg(PAGE);
            let page: StreamPendingCountReply = match self.connections.run(&idle).await {
                Err(error) if is_missing(&error) => return Ok(found),
                page => page?,
            };
            let Some(last) = page.ids.last() else { return Ok(found) };
            from = format!("({}", last.id);
            let complete = page.ids.len() < PAGE;
            let mut scores = redis::cmd("ZMSCORE");
            scores.arg(&self.held).arg(page.ids.iter().map(|p| p.id.as_str()).collect::<Vec<_>>());
            let held: Vec<Option<u64>> = self.connections.run(&scores).await?;
            let now = if held.iter().any(Option::is_some) { self.connections.now().await? } else { 0 };
            for (pending, until) in page.ids.into_iter().zip(held) {
                if until.is_some_and(|until| until > now) {
                    continue;
                }
                let deliveries = u32::try_from(pending.times_delivered).unwrap_or(u32::MAX);
                let expired = Expired { id: pending.id, deliveries };
                if deliveries >= self.options.deliveries {
                    self.bury(&expired).await?;
                } else if found.len() < max {
                    found.push(expired);
                }
            }
            if complete || found.len() >= max {
                return Ok(found);
            }
        }
    }

    /// Takes expired entries over. Whoever is first gets an entry, since taking it ends its being idle.
    pub async fn claim(&self, expired: &[Expired]) -> Result<Vec<StreamId>, BusError> {
        if expired.is_empty() {
            return Ok(Vec::new());
        }
        let mut claim = redis::cmd("XCLAIM");
        claim.arg(&self.entries).arg(GROUP).arg(WORKER).arg(milliseconds(self.options.visibility));
        claim.arg(expired.iter().map(|e| e.id.as_str()).collect::<Vec<_>>());
        let claimed: StreamClaimReply = self.connections.run(&claim).await?;
        Ok(claimed.ids)
    }

    /// Deletes entries for good.
    pub async fn delete(&self, ids: &[&str]) -> Result<(), BusError> {
        let mut delete = redis::pipe();
        delete.atomic();
        self.forget(&mut delete, ids);
        self.connections.run_all(&delete).await
    }

    /// Lets the delivery that the receipt names end after `visibility` from now.
    pub async fn set_visibility(&self, receipt: &Receipt, visibility: Duration) -> Result<(), BusError> {
        let (id, deliveries) = parse(receipt).ok_or(BusError::StaleReceipt)?;
        let mut pending = redis::cmd("XPENDING");
        pending.arg(&self.entries).arg(GROUP).arg(id).arg(id).arg(1);
        let pending: StreamPendingCountReply = match self.connections.run(&pending).await {
            Err(error) if is_missing(&error) => return Err(BusError::StaleReceipt),
            pending => pending?,
        };
        if pending.ids.first().is_none_or(|p| p.times_delivered != deliveries as usize) {
            return Err(BusError::StaleReceipt);
        }
        let mut change = redis::pipe();
        change.atomic();
        match visibility.checked_sub(self.options.visibility) {
            Some(longer) if !longer.is_zero() => {
                let until = self.connections.now().await?.saturating_add(milliseconds(visibility));
                change.cmd("ZADD").arg(&self.held).arg(until).arg(id).ignore();
            }
            _ => {
                change.cmd("ZREM").arg(&self.held).arg(id).ignore();
            }
        }
        let idle = milliseconds(self.options.visibility.saturating_sub(visibility));
        // JUSTID: this is no delivery and must not be counted as one.
        let claim = change.cmd("XCLAIM").arg(&self.entries).arg(GROUP).arg(WORKER).arg(0).arg(id);
        claim.arg("IDLE").arg(idle).arg("JUSTID").ignore();
        self.connections.run_all(&change).await
    }

    /// Moves an entry to the dead letters. Nothing happens if somebody else has it by now.
    async fn bury(&self, expired: &Expired) -> Result<(), BusError> {
        let mut claim = redis::cmd("XCLAIM");
        claim.arg(&self.entries).arg(GROUP).arg(WORKER).arg(milliseconds(self.options.visibility)).arg(&expired.id);
        // The count stays: if we die before the move, the next one must find it dead too.
        claim.arg("RETRYCOUNT").arg(expired.deliveries);
        let claimed: StreamClaimReply = self.connections.run(&claim).await?;
        let Some(claimed) = claimed.ids.first() else { return Ok(()) };
        let Some(message) = entry::message(&self.entries, claimed) else { return self.delete(&[&expired.id]).await };
        tracing::error!(
            queue = %self.name, event = %message.id, kind = message.kind, deliveries = expired.deliveries,
            "a message is dead"
        );
        metrics::counter!(names::QUEUE_DEAD_LETTERS_TOTAL, "queue" => self.name.as_str()).increment(1);
        let mut funeral = redis::pipe();
        let mut letter = entry::append(&self.dead, &message);
        letter.arg("deliveries").arg(expired.deliveries);
        funeral.atomic().add_command(letter).ignore();
        self.forget(&mut funeral, &[&expired.id]);
        self.connections.run_all(&funeral).await
    }

    fn forget(&self, commands: &mut redis::Pipeline, ids: &[&str]) {
        commands.cmd("XACK").arg(&self.entries).arg(GROUP).arg(ids).ignore();
        commands.cmd("XDEL").arg(&self.entries).arg(ids).ignore();
        commands.cmd("ZREM").arg(&self.held).arg(ids).ignore();
    }
}

/// A receipt names the entry and which of its deliveries it was.
pub fn receipt(id: &str, deliveries: u32) -> Receipt {
    Receipt(format!("{id}/{deliveries}"))
}

pub fn parse(receipt: &Receipt) -> Option<(&str, u32)> {
    let (id, deliveries) = receipt.0.split_once('/')?;
    Some((id, deliveries.parse().ok()?))
}
