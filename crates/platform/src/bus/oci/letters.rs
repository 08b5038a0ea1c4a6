//! The dead letters of a queue, in a channel of their own. Looking at a message means to get it, so whoever looks takes all of
//! them for a moment, and gives back what stays.

use std::iter;
use std::time::{Duration, Instant};

use super::failure;
use super::message::{DEAD_LETTERS, content, dead_letter};
use super::queues::gone;
use crate::bus::{BusError, DeadLetter};
use ::oci::queue::{BATCH, Delivered, Queue};

pub struct Letters<'a> {
    pub queue: &'a Queue,
}

/// How long those are kept from others that are being looked at. Also how long they are away if we die meanwhile.
const HELD: Duration = Duration::from_secs(30);

impl Letters<'_> {
    pub async fn list(&self, max: usize) -> Result<Vec<DeadLetter>, BusError> {
        let held = self.take().await?;
        self.give_back(&held).await;
        let mut letters: Vec<_> = held.iter().filter_map(dead_letter).collect();
        letters.sort_by_key(|letter| letter.died_at);
        letters.truncate(max);
        Ok(letters)
    }

    pub async fn find(&self, id: &str) -> Result<Option<DeadLetter>, BusError> {
        let held = self.take().await?;
        self.give_back(&held).await;
        Ok(held.iter().find(|delivered| delivered.id == id).and_then(dead_letter))
    }

    /// Those with these ids, or all that were there when we began: one that dies again at once must not keep us here.
    pub async fn redrive(&self, ids: Option<&[String]>) -> Result<u64, BusError> {
        let (mut wanted, mut others) = (Vec::new(), Vec::new());
        for delivered in self.take().await? {
            match dead_letter(&delivered) {
                Some(letter) if ids.is_none_or(|ids| ids.contains(&letter.id)) => wanted.push((delivered, letter)),
                _ => others.push(delivered),
            }
        }
        self.give_back(&others).await;
        let mut revived = 0;
        let mut wanted = wanted.into_iter();
        while let Some((delivered, letter)) = wanted.next() {
            if let Err(error) = self.revive(&delivered, &letter).await {
                let rest: Vec<_> = iter::once(delivered).chain(wanted.map(|(delivered, _)| delivered)).collect();
                self.give_back(&rest).await;
                return Err(error);
            }
            revived += 1;
        }
        Ok(revived)
    }

    pub async fn purge(&self, id: &str) -> Result<bool, BusError> {
        let (wanted, others): (Vec<_>, Vec<_>) =
            self.take().await?.into_iter().partition(|delivered| delivered.id == id);
        self.give_back(&others).await;
        for delivered in &wanted {
            self.delete(delivered).await?;
        }
        Ok(!wanted.is_empty())
    }

    async fn revive(&self, delivered: &Delivered, letter: &DeadLetter) -> Result<(), BusError> {
        self.queue.put(&[content(&letter.message)?]).await.map_err(failure)?;
        self.delete(delivered).await
    }

    async fn delete(&self, delivered: &Delivered) -> Result<(), BusError> {
        gone(self.queue.delete(&[&delivered.receipt]).await.map_err(failure)?)
    }

    /// All of them, or as many as can be taken before the first ones come back; after a failure none.
    async fn take(&self) -> Result<Vec<Delivered>, BusError> {
        let mut held = Vec::new();
        let began = Instant::now();
        while began.elapsed() < HELD / 2 {
            match self.queue.get(DEAD_LETTERS, BATCH, Duration::ZERO, Some(HELD)).await {
                Ok(got) if got.is_empty() => return Ok(held),
                Ok(got) => held.extend(got),
                Err(error) => {
                    self.give_back(&held).await;
                    return Err(failure(error));
                }
            }
        }
        tracing::warn!(taken = held.len(), "there are more dead letters than can be looked at in {HELD:?}");
        Ok(held)
    }

    async fn give_back(&self, held: &[Delivered]) {
        for batch in held.chunks(BATCH) {
            let batch: Vec<&str> = batch.iter().map(|delivered| delivered.receipt.as_str()).collect();
            if let Err(error) = self.queue.set_visibilities(&batch, Duration::ZERO).await {
                tracing::warn!(%error, "dead letters are out of sight for {HELD:?}");
            }
        }
    }
}
