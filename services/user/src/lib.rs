//! The user service: who a customer is, where they live, what they want to hear, and their right to be told and forgotten.

// Query results name the types of this crate's `sqlx.toml`.
use types::ServiceName;

pub mod api;
pub mod demo;
pub mod domain;
pub mod events;
mod people;
pub mod store;

use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Service};

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Users>(ServiceName::User)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::internal::get_contact)
        .answers(api::internal::get_address)
        .on(events::user_registered)
        .on(events::email_verified)
        .on(events::erasure_completed)
        .on(events::heard::<contracts::auth::PasswordChanged>)
        .on(events::heard::<contracts::auth::UserLocked>)
        .on(events::heard::<contracts::auth::MfaChanged>)
        .on(events::heard::<contracts::auth::LoginSuspicious>)
        .build()
}

#[derive(Clone)]
pub struct Users {
    context: Context,
    db: Db,
}

impl App for Users {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        Ok(Users { db: context.database()?, context })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}
