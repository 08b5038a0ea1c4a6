//! Holds the books of the services against themselves and against each other: `haat reconcile`.
//!
//! On a platform at work some differences are only on their way: an order is confirmed before its parcel is there. What is found
//! is a fault if it stays.

mod across;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use platform::bus::{self, Bus, BusConfig, BusError, BusOptions};
use platform::clock::Clock;
use platform::env::{Env, EnvError};
use platform::reconcile::Violation;
use platform::topology::{Topology, TopologyError};
use sqlx::{Connection as _, PgConnection};
use types::{QueueName, ServiceName, Timestamp};

use crate::services;
use crate::up::{Infrastructure, StateError, environment_of};
use across::Books;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("{0}'s database: {1}")]
    Database(ServiceName, sqlx::Error),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
}

/// Prints a sentence for each thing that is not as it must be; fails if there is one.
pub async fn run(state: Option<&Path>, env: &Env) -> Result<ExitCode, Error> {
    let env = match state {
        Some(directory) => env.with(environment_of(directory)?),
        None => env.clone(),
    };
    let found = of(&env, Clock::system().now()).await?;
    let mut text = String::new();
    for sentence in &found {
        text.push_str(sentence);
        text.push('\n');
    }
    text.push_str(&format!("{} found\n", found.len()));
    let _closed = std::io::stdout().write_all(text.as_bytes());
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same for a platform in this process.
pub async fn of_local(infrastructure: &Infrastructure, now: Timestamp) -> Result<Vec<String>, Error> {
    of(&Env::from_values(infrastructure.variables()), now).await
}

async fn of(env: &Env, now: Timestamp) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut books = Books::default();
    for service in services::all().iter().filter(|service| service.migrations.is_some()).map(|service| service.name) {
        let fault = |error| Error::Database(service, error);
        let url: String =
            env.for_service(service).required("DATABASE_URL", "postgres://user:password@host:port/database")?;
        let mut connection = PgConnection::connect(&url).await.map_err(fault)?;
        // One moment for all that is read here.
        let mut moment = connection.begin().await.map_err(fault)?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *moment)
            .await
            .map_err(fault)?;
        let own = violations(service, &mut moment, &mut books, now).await.map_err(fault)?;
        let under_way = platform::events::under_way(&mut moment).await.map_err(fault)?;
        let told = own.iter().map(ToString::to_string).chain(under_way);
        found.extend(told.map(|sentence| format!("{service}: {sentence}")));
        moment.rollback().await.map_err(fault)?;
    }
    found.extend(books.differences());
    let topology = Topology::embedded()?;
    // From where the databases are reached the streams or the queues may not be: what the books say is told all the same.
    match bus(env) {
        Ok(bus) => {
            if let Err(error) = streams(&bus, topology, &mut found).await {
                found.push(format!("the streams could not be looked at: {error}"));
            }
            if let Err(error) = queues(&bus, &mut found).await {
                found.push(format!("the queues could not be looked at: {error}"));
            }
        }
        Err(error) => found.push(format!("neither streams nor queues could be looked at: {error}")),
    }
    Ok(found)
}

/// What a service's own books say, and what they say to the others'.
async fn violations(
    service: ServiceName,
    connection: &mut PgConnection,
    books: &mut Books,
    now: Timestamp,
) -> Result<Vec<Violation>, sqlx::Error> {
    match service {
        ServiceName::Order => {
            books.orders = order_service::reconcile::facts(connection).await?;
            order_service::reconcile::violations(connection, now).await
        }
        ServiceName::Payment => {
            books.payments = payment_service::reconcile::facts(connection).await?;
            books.refunds = payment_service::reconcile::refund_facts(connection).await?;
            payment_service::reconcile::violations(connection, now).await
        }
        ServiceName::Product => {
            books.stock = product_service::reconcile::facts(connection).await?;
            product_service::reconcile::violations(connection, now).await
        }
        ServiceName::Discount => {
            books.coupons = discount_service::reconcile::facts(connection).await?;
            discount_service::reconcile::violations(connection).await
        }
        ServiceName::Shipping => {
            books.shipments = shipping_service::reconcile::facts(connection).await?;
            shipping_service::reconcile::violations(connection, now).await
        }
        ServiceName::Return => {
            books.returns = return_service::reconcile::facts(connection).await?;
            return_service::reconcile::violations(connection, now).await
        }
        // Their books are of no money and no stock.
        ServiceName::Gateway
        | ServiceName::Auth
        | ServiceName::User
        | ServiceName::Cart
        | ServiceName::Notification => Ok(Vec::new()),
    }
}

fn bus(env: &Env) -> Result<Bus, Error> {
    let options = BusOptions { prefix: env.value("BUS_PREFIX", "haat:".to_owned())?, ..BusOptions::default() };
    Ok(bus::connect(&BusConfig::from_env(env)?, &options)?)
}

/// Events that a service has not read from their stream.
async fn streams(bus: &Bus, topology: &Topology, found: &mut Vec<String>) -> Result<(), BusError> {
    for service in topology.services().map(|service| service.name) {
        let group = topology.queue_of(service).map_or(service.as_str(), QueueName::as_str);
        for stream in topology.streams_consumed_by(service) {
            let unread = bus.streams.lag(stream, group).await?;
            if unread > 0 {
                found.push(format!("{stream}: {unread} events are not read by {group}"));
            }
        }
    }
    Ok(())
}

async fn queues(bus: &Bus, found: &mut Vec<String>) -> Result<(), BusError> {
    for queue in QueueName::ALL {
        let depth = bus.queues.depth(*queue).await?;
        let waiting = depth.visible + depth.in_flight;
        if waiting > 0 {
            found.push(format!("{queue}: {waiting} messages are not worked off"));
        }
        if depth.dead > 0 {
            found.push(format!("{queue}: {} dead letters", depth.dead));
        }
    }
    Ok(())
}
