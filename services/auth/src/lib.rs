//! Accounts and who is who: registration, log-in, sessions, one-time codes, the second factor.

mod api;
mod app;
mod attempts;
mod codes;
pub mod demo;
pub mod domain;
mod events;
mod jobs;
mod keys;
mod passwords;
mod store;

use std::time::Duration;

use platform::service::{Job, Service};
use types::ServiceName;

use app::Auth;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Auth>(ServiceName::Auth)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::reveal_code)
        .answers(api::get_confirmed_phone)
        .on(events::erasure_requested)
        .job(Job::every(Duration::from_secs(60), "sweep", jobs::sweep))
        .job(Job::every(Duration::from_secs(60), "reseal", jobs::reseal))
        .job(Job::every(Duration::from_secs(1), "repeat-revocations", jobs::repeat_revocations))
        .build()
}
