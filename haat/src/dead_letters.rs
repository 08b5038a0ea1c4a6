//! Messages that no worker could handle: `haat dead-letters`.

use std::fmt::Write as _;

use platform::bus::{self, Bus, BusConfig, BusError, BusOptions};
use platform::env::{Env, EnvError};
use types::QueueName;

/// What one listing shows of a queue at most.
const MOST: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("{queue} has no dead letter {id}")]
    Absent { queue: QueueName, id: String },
}

/// The queues that the environment names.
pub fn bus(env: &Env) -> Result<Bus, Error> {
    let options = BusOptions { prefix: env.value("BUS_PREFIX", "haat:".to_owned())?, ..BusOptions::default() };
    Ok(bus::connect(&BusConfig::from_env(env)?, &options)?)
}

/// A line for each, the oldest first.
pub async fn list(bus: &Bus, queue: Option<QueueName>) -> Result<String, Error> {
    let mut text = String::new();
    let mut count = 0;
    for queue in queue.map_or_else(|| QueueName::ALL.to_vec(), |queue| vec![queue]) {
        for letter in bus.queues.dead_letters(queue, MOST).await? {
            count += 1;
            let _infallible = writeln!(
                text,
                "{queue}  {}  {}  {} of {}  {} deliveries, dead since {}",
                letter.id,
                letter.message.id,
                letter.message.kind,
                letter.message.key,
                letter.deliveries,
                letter.died_at
            );
        }
    }
    let _infallible = writeln!(text, "{count} dead letter{}", if count == 1 { "" } else { "s" });
    Ok(text)
}

/// The whole message.
pub async fn show(bus: &Bus, queue: QueueName, id: &str) -> Result<String, Error> {
    let absent = || Error::Absent { queue, id: id.to_owned() };
    let letter = bus.queues.dead_letter(queue, id).await?.ok_or_else(absent)?;
    let payload = String::from_utf8_lossy(&letter.message.payload);
    let payload = serde_json::from_str(&payload)
        .and_then(|value: serde_json::Value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| payload.into_owned());
    Ok(format!(
        "id          {}\ndeliveries  {}\ndead since  {}\n{payload}",
        letter.id, letter.deliveries, letter.died_at
    ))
}

/// Puts dead letters back to work.
pub async fn redrive(bus: &Bus, queue: QueueName, ids: &[String]) -> Result<String, Error> {
    let count = bus.queues.redrive(queue, (!ids.is_empty()).then_some(ids)).await?;
    Ok(format!("{count} put into {queue} again"))
}
