use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::oci::queue::{BATCH, Content, Delivered, LARGEST_BATCH, Outcomes, Queue};
use async_trait::async_trait;
use http::StatusCode;
use types::QueueName;

use super::age::Age;
use super::failure;
use super::letters::Letters;
use super::message::{DEAD_LETTERS, EVENTS, buried, content, message, set_aside};
use crate::bus::pace::Pace;
use crate::bus::{
    BusError, BusOptions, DeadLetter, Delivery, Message, OciConfig, QueueDepth, QueueOptions, Queues, Receipt,
};
use crate::clock::Clock;
use crate::cloud;

pub struct OciQueues {
    places: BTreeMap<QueueName, Place>,
    clock: Clock,
    pace: Pace,
}

struct Place {
    queue: Queue,
    options: QueueOptions,
    age: Mutex<Age>,
}

/// How long to rest between two looks when less than a second of waiting is left: the service waits for whole seconds.
const REST: Duration = Duration::from_millis(250);

impl OciQueues {
    pub fn new(config: &OciConfig, options: &BusOptions) -> Result<Self, BusError> {
        let clock = Clock::system();
        let client = cloud::client(config.identity.clone(), clock.clone()).map_err(failure)?;
        let mut places = BTreeMap::new();
        for (name, url) in &config.queues {
            let queue = Queue::new(client.clone(), url, options.answer_within).map_err(failure)?;
            places.insert(*name, Place { queue, options: options.queue(*name), age: Mutex::default() });
        }
        Ok(OciQueues { places, clock, pace: Pace::default() })
    }

    fn place(&self, queue: QueueName) -> Result<&Place, BusError> {
        let place = self.places.get(&queue);
        place.ok_or_else(|| BusError::Configuration(format!("OCI_QUEUES has no entry for {queue}")))
    }

    async fn receive(&self, place: &Place, max: usize, deadline: Instant) -> Result<Vec<Delivery>, BusError> {
        let mut deliveries = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = if deliveries.is_empty() { left } else { Duration::ZERO };
            let wanted = (max - deliveries.len()).min(BATCH);
            let got = match place.queue.get(EVENTS, wanted, wait, Some(place.options.visibility)).await {
                Ok(got) => got,
                Err(error) if deliveries.is_empty() => return Err(failure(error)),
                Err(error) => {
                    tracing::warn!(%error, "got fewer messages than there may be");
                    return Ok(deliveries);
                }
            };
            let more = got.len() == wanted;
            for delivered in got {
                match self.accept(place, &delivered).await {
                    Ok(delivery) => deliveries.extend(delivery),
                    // It comes again; the others must not wait for it.
                    Err(error) => {
                        tracing::warn!(%error, id = delivered.id, "a message could not be put where it belongs")
                    }
                }
            }
            let done = if more { deliveries.len() >= max } else { !deliveries.is_empty() || left.is_zero() };
            if done {
                return Ok(deliveries);
            }
            if !more && wait < Duration::from_secs(1) {
                tokio::time::sleep(REST.min(left)).await;
            }
        }
    }

    /// What a worker may have, and not what is dead or none of ours: that is put where it belongs.
    async fn accept(&self, place: &Place, delivered: &Delivered) -> Result<Option<Delivery>, BusError> {
        let Some(message) = message(delivered) else {
            tracing::error!(id = delivered.id, "a message that is none of ours is set aside");
            move_to(place, delivered, set_aside(delivered)).await?;
            return Ok(None);
        };
        let limit = place.options.deliveries;
        if delivered.delivery_count > limit {
            move_to(place, delivered, buried(delivered, limit, self.clock.now())).await?;
            return Ok(None);
        }
        if let Some(created) = delivered.created_at {
            let mut age = place.age.lock().unwrap_or_else(PoisonError::into_inner);
            age.delivered(self.clock.now().since(created));
        }
        let receipt = Receipt(delivered.receipt.clone());
        Ok(Some(Delivery { message, receipt, deliveries: delivered.delivery_count }))
    }

    fn letters(&self, queue: QueueName) -> Result<Letters<'_>, BusError> {
        Ok(Letters { queue: &self.place(queue)?.queue })
    }
}

#[async_trait]
impl Queues for OciQueues {
    async fn put(&self, queue: QueueName, messages: &[Message]) -> Result<(), BusError> {
        let queue = &self.place(queue)?.queue;
        let mut batch: Vec<Content> = Vec::new();
        let mut size = 0;
        for content in messages.iter().map(content) {
            let content = content?;
            if batch.len() == BATCH || size + content.content.len() > LARGEST_BATCH {
                queue.put(&batch).await.map_err(failure)?;
                batch.clear();
                size = 0;
            }
            size += content.content.len();
            batch.push(content);
        }
        if batch.is_empty() { Ok(()) } else { queue.put(&batch).await.map_err(failure) }
    }

    async fn get(&self, queue: QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, BusError> {
        let deadline = Instant::now() + wait;
        let result = self.receive(self.place(queue)?, max.max(1), deadline).await;
        self.pace.keep(result, deadline).await
    }

    async fn delete(&self, queue: QueueName, receipts: &[Receipt]) -> Result<(), BusError> {
        let queue = &self.place(queue)?.queue;
        for batch in receipts.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(|receipt| receipt.0.as_str()).collect();
            gone(queue.delete(&batch).await.map_err(failure)?)?;
        }
        Ok(())
    }

    async fn set_visibility(&self, queue: QueueName, receipt: &Receipt, visibility: Duration) -> Result<(), BusError> {
        let held = self.place(queue)?.queue.set_visibility(&receipt.0, visibility).await.map_err(failure)?;
        if held { Ok(()) } else { Err(BusError::StaleReceipt) }
    }

    async fn depth(&self, queue: QueueName) -> Result<QueueDepth, BusError> {
        let place = self.place(queue)?;
        let events = place.queue.stats(EVENTS).await.map_err(failure)?;
        let dead = place.queue.stats(DEAD_LETTERS).await.map_err(failure)?;
        let (visible, in_flight) = (events.visible_messages, events.in_flight_messages);
        let oldest_age = place.age.lock().unwrap_or_else(PoisonError::into_inner).counted(visible + in_flight);
        Ok(QueueDepth { visible, in_flight, dead: dead.visible_messages + dead.in_flight_messages, oldest_age })
    }

    async fn dead_letters(&self, queue: QueueName, max: usize) -> Result<Vec<DeadLetter>, BusError> {
        self.letters(queue)?.list(max).await
    }

    async fn dead_letter(&self, queue: QueueName, id: &str) -> Result<Option<DeadLetter>, BusError> {
        self.letters(queue)?.find(id).await
    }

    async fn redrive(&self, queue: QueueName, ids: Option<&[String]>) -> Result<u64, BusError> {
        self.letters(queue)?.redrive(ids).await
    }

    async fn purge(&self, queue: QueueName, id: &str) -> Result<bool, BusError> {
        self.letters(queue)?.purge(id).await
    }

    async fn ping(&self) -> Result<(), BusError> {
        for place in self.places.values() {
            place.queue.stats(EVENTS).await.map_err(failure)?;
        }
        Ok(())
    }
}

/// Puts first and deletes then: who dies in between leaves it twice, and not nowhere.
async fn move_to(place: &Place, delivered: &Delivered, content: Content) -> Result<(), BusError> {
    place.queue.put(&[content]).await.map_err(failure)?;
    gone(place.queue.delete(&[&delivered.receipt]).await.map_err(failure)?)
}

/// Deleting what is deleted, or was delivered again, is no error.
pub(super) fn gone(outcomes: Outcomes) -> Result<(), BusError> {
    let gone = |code: &u16| StatusCode::from_u16(*code).is_ok_and(::oci::queue::is_gone);
    match outcomes.into_iter().filter_map(Result::err).find(|(code, _)| !gone(code)) {
        None => Ok(()),
        Some((code, why)) => Err(BusError::Unavailable(format!("a message could not be deleted: {code} {why}"))),
    }
}
