//! Events that nobody could handle: `haat dead-letters`. A queue keeps its own; a service that reads a stream itself puts them
//! aside in its database.

use std::fmt::{self, Write as _};
use std::path::Path;
use std::str::FromStr;

use platform::bus::{self, Bus, BusConfig, BusError, BusOptions};
use platform::clock::Clock;
use platform::env::{Env, EnvError};
use platform::events::dead_letters::{self, RedriveError};
use platform::topology::{Topology, TopologyError};
use sqlx::{Connection as _, PgConnection};
use types::{EventId, QueueName, ServiceName, Timestamp};

use crate::services;
use crate::up::{StateError, environment_of};

/// What one listing shows of a place at most.
const MOST: usize = 100;

/// Where dead letters lie: in a queue, or with a service that reads streams itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Queue(QueueName),
    Service(ServiceName),
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("{0}'s database: {1}")]
    Database(ServiceName, sqlx::Error),
    #[error(transparent)]
    Redrive(#[from] RedriveError),
    #[error("{place} has no dead letter {id}")]
    Absent { place: Place, id: String },
    #[error("{0} takes its events from the queue {1}: its dead letters are there")]
    HasQueue(ServiceName, QueueName),
}

/// What leads to the dead letters.
pub struct DeadLetters {
    env: Env,
    bus: Bus,
}

/// A dead letter, wherever it lies.
struct Letter {
    id: String,
    kind: String,
    subject: String,
    attempts: u32,
    since: Timestamp,
    error: Option<String>,
    payload: String,
}

impl DeadLetters {
    /// Of the platform that the environment names, or that runs on a state directory of `haat up`.
    pub fn open(state: Option<&Path>, env: &Env) -> Result<Self, Error> {
        let env = match state {
            Some(directory) => env.with(environment_of(directory)?),
            None => env.clone(),
        };
        let options = BusOptions { prefix: env.value("BUS_PREFIX", "haat:".to_owned())?, ..BusOptions::default() };
        let bus = bus::connect(&BusConfig::from_env(&env)?, &options)?;
        Ok(DeadLetters { env, bus })
    }

    /// A line for each, the oldest first. Of all places if none is named, and then only of the services whose database the
    /// environment names: the others are mentioned.
    pub async fn list(&self, place: Option<Place>) -> Result<String, Error> {
        let mut text = String::new();
        let mut count = 0;
        let (places, unknown) = match place {
            Some(place) => (vec![place], Vec::new()),
            None => self.places()?,
        };
        for place in places {
            for letter in self.letters(place).await? {
                count += 1;
                let Letter { id, kind, subject, attempts, since, .. } = &letter;
                let _infallible =
                    write!(text, "{place}  {id}  {kind} of {subject}  {attempts} attempts, dead since {since}");
                let _infallible = writeln!(text, "{}", letter.error.map_or_else(String::new, |why| format!(": {why}")));
            }
        }
        for service in unknown {
            let variable = format!("{}_DATABASE_URL", service.as_str().to_uppercase());
            let _infallible = writeln!(text, "{service}  not looked at: {variable} is not set");
        }
        let _infallible = writeln!(text, "{count} dead letter{}", if count == 1 { "" } else { "s" });
        Ok(text)
    }

    /// The whole event.
    pub async fn show(&self, place: Place, id: &str) -> Result<String, Error> {
        Ok(self.letter(place, id).await?.to_string())
    }

    /// Puts dead letters back to work: these, or all that are there now.
    pub async fn redrive(&self, place: Place, ids: &[String]) -> Result<String, Error> {
        let count = match place {
            Place::Queue(queue) => self.bus.queues.redrive(queue, (!ids.is_empty()).then_some(ids)).await?,
            Place::Service(service) => self.redrive_of(service, ids).await?,
        };
        Ok(format!("{count} put to work for {place} again"))
    }

    /// Deletes these dead letters for good: what they ask for will not be done. Whole, they are in the answer.
    ///
    /// # Errors
    /// Nothing is deleted if one of them is not there.
    pub async fn purge(&self, place: Place, ids: &[String]) -> Result<String, Error> {
        let mut text = String::new();
        for id in ids {
            let _infallible = writeln!(text, "{}", self.letter(place, id).await?);
        }
        let mut count = 0;
        for id in ids {
            count += u64::from(self.purge_one(place, id).await?);
        }
        let _infallible = write!(text, "{count} deleted from {place}");
        Ok(text)
    }

    async fn letters(&self, place: Place) -> Result<Vec<Letter>, Error> {
        match place {
            Place::Queue(queue) => {
                let letters = self.bus.queues.dead_letters(queue, MOST).await?;
                Ok(letters.into_iter().map(Letter::from).collect())
            }
            Place::Service(service) => {
                let mut connection = self.database(service).await?;
                let parked = dead_letters::parked(&mut connection, i64::try_from(MOST).unwrap_or(i64::MAX)).await;
                Ok(parked.map_err(of(service))?.into_iter().map(Letter::from).collect())
            }
        }
    }

    async fn letter(&self, place: Place, id: &str) -> Result<Letter, Error> {
        let letter = match place {
            Place::Queue(queue) => self.bus.queues.dead_letter(queue, id).await?.map(Letter::from),
            Place::Service(service) => {
                let mut connection = self.database(service).await?;
                parked(&mut connection, service, id).await?.map(Letter::from)
            }
        };
        letter.ok_or_else(|| Error::Absent { place, id: id.to_owned() })
    }

    async fn purge_one(&self, place: Place, id: &str) -> Result<bool, Error> {
        match place {
            Place::Queue(queue) => Ok(self.bus.queues.purge(queue, id).await?),
            Place::Service(service) => {
                let mut connection = self.database(service).await?;
                let Some(letter) = parked(&mut connection, service, id).await? else { return Ok(false) };
                dead_letters::purge(&mut connection, &letter).await.map_err(of(service))
            }
        }
    }

    async fn redrive_of(&self, service: ServiceName, ids: &[String]) -> Result<u64, Error> {
        let mut connection = self.database(service).await?;
        let mut letters = Vec::new();
        for id in ids {
            letters.extend(parked(&mut connection, service, id).await?);
        }
        if ids.is_empty() {
            let count = dead_letters::count(&mut connection).await.map_err(of(service))?;
            letters = dead_letters::parked(&mut connection, count).await.map_err(of(service))?;
        }
        let (now, mut count) = (Clock::system().now(), 0);
        for letter in &letters {
            dead_letters::redrive(&mut connection, self.bus.streams.as_ref(), letter, now).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Every place that can be looked at, and the services that cannot, as the environment does not name their database.
    fn places(&self) -> Result<(Vec<Place>, Vec<ServiceName>), Error> {
        let topology = Topology::embedded()?;
        let followers = services::all().into_iter().filter(|service| {
            service.migrations.is_some() && !service.handles.is_empty() && topology.queue_of(service.name).is_none()
        });
        // A DATABASE_URL for any service would be asked in the name of each.
        let own = |service: &ServiceName| {
            self.env.text(&format!("{}_DATABASE_URL", service.as_str().to_uppercase())).is_some()
        };
        let (known, unknown): (Vec<_>, Vec<_>) = followers.map(|service| service.name).partition(own);
        let queues = QueueName::ALL.iter().copied().map(Place::Queue);
        Ok((queues.chain(known.into_iter().map(Place::Service)).collect(), unknown))
    }

    async fn database(&self, service: ServiceName) -> Result<PgConnection, Error> {
        if let Some(queue) = Topology::embedded()?.queue_of(service) {
            return Err(Error::HasQueue(service, queue));
        }
        let env = self.env.for_service(service);
        let url: String = env.required("DATABASE_URL", "postgres://user:password@host:port/database")?;
        PgConnection::connect(&url).await.map_err(of(service))
    }
}

/// None also for what is no event's id.
async fn parked(
    connection: &mut PgConnection,
    service: ServiceName,
    id: &str,
) -> Result<Option<dead_letters::Parked>, Error> {
    let Ok(id) = id.parse::<EventId>() else { return Ok(None) };
    dead_letters::find(connection, id).await.map_err(of(service))
}

fn of(service: ServiceName) -> impl Fn(sqlx::Error) -> Error {
    move |error| Error::Database(service, error)
}

/// In full.
impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Letter { id, attempts, since, error, payload, .. } = self;
        writeln!(f, "id          {id}\nattempts    {attempts}\ndead since  {since}")?;
        if let Some(error) = error {
            writeln!(f, "error       {error}")?;
        }
        match serde_json::from_str::<serde_json::Value>(payload) {
            Ok(event) => write!(f, "{event:#}"),
            Err(_) => f.write_str(payload),
        }
    }
}

impl From<bus::DeadLetter> for Letter {
    fn from(letter: bus::DeadLetter) -> Self {
        Letter {
            id: letter.id,
            kind: letter.message.kind,
            subject: letter.message.key,
            attempts: letter.deliveries,
            since: letter.died_at,
            error: None,
            payload: String::from_utf8_lossy(&letter.message.payload).into_owned(),
        }
    }
}

impl From<dead_letters::Parked> for Letter {
    fn from(parked: dead_letters::Parked) -> Self {
        Letter {
            id: parked.event_id.to_string(),
            kind: parked.kind,
            subject: parked.event["subject"].as_str().unwrap_or("nobody knows what").to_owned(),
            attempts: u32::try_from(parked.attempts).unwrap_or_default(),
            since: parked.parked_at,
            error: Some(parked.error),
            payload: parked.event.to_string(),
        }
    }
}

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let queue = text.parse().map(Place::Queue);
        queue.or_else(|_| text.parse().map(Place::Service)).map_err(|_: types::names::UnknownName| {
            format!("'{text}' is neither a queue ({}, ...) nor a service", QueueName::ALL[0])
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Place::Queue(queue) => queue.as_str(),
            Place::Service(service) => service.as_str(),
        })
    }
}
