//! The return service: goods that come back, from the request to the refund.

use std::time::Duration;

use contracts::order::{OrderDelivered, OrderShipped};
use contracts::shipping::ShipmentCreated;
use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Job, Service};
use types::ServiceName;

pub mod api;
pub mod domain;
pub mod events;
pub mod jobs;
mod lifecycle;
pub mod store;

pub use store::reconcile;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Returns>(ServiceName::Return)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .on(events::heard::<OrderShipped>)
        .on(events::heard::<OrderDelivered>)
        .on(events::heard::<ShipmentCreated>)
        .on(events::parcel_moved)
        .on(events::parcel_arrived)
        .on(events::parcel_held_up)
        .on(events::parcel_sent_back)
        .on(events::refund_succeeded)
        .on(events::refund_failed)
        .on(events::erasure_requested)
        .job(Job::every(Duration::from_secs(1), jobs::BOOK_PICKUPS, jobs::book_pickups))
        .build()
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Returns {
    context: Context,
    db: Db,
}

impl App for Returns {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        Ok(Returns { db: context.database()?, context })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}
