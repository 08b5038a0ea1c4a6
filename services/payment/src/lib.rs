//! Payments: one intent per order, attempts to pay it, webhooks, refunds, and the providers that move the money.

mod api;
mod attempts;
mod config;
mod counters;
mod domain;
mod events;
mod jobs;
pub mod provider;
pub mod reconcile;
mod refunds;
pub mod sandbox;
mod settle;
mod signature;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Job, Service};
use types::ServiceName;

pub use config::{Configured, Settings};
use provider::{Provider, ProviderName};

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Payments>(ServiceName::Payment)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .routes(sandbox::api::routes())
        .answers(api::create_intent)
        .answers(api::sync_intent)
        .on(events::order_cancelled)
        .on(events::shipment_delivered)
        .on(events::return_refund_due)
        .on(events::erasure_requested)
        .job(Job::every(Duration::from_secs(1), jobs::POLL_ATTEMPTS, jobs::poll_attempts))
        .job(Job::every(Duration::from_secs(2), jobs::EXECUTE_REFUNDS, jobs::execute_refunds))
        .job(Job::every(Duration::from_secs(2), jobs::APPLY_WEBHOOKS, jobs::apply_webhooks))
        .job(Job::every(Duration::from_secs(5), jobs::FORGET_WEBHOOKS, jobs::forget_webhooks))
        .job(Job::every(Duration::from_secs(1), sandbox::DELIVER, jobs::deliver_sandbox_webhooks))
        .build()
}

#[derive(Clone)]
pub struct Payments {
    context: Context,
    db: Db,
    settings: Arc<Settings>,
    configured: Configured,
}

impl App for Payments {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let db = context.database()?;
        let settings = Arc::new(Settings::from_env(env)?);
        let configured = Configured::from_env(env, &context, &db)?;
        counters::begin();
        Ok(Payments { context, db, settings, configured })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

impl Payments {
    /// The provider of new payments.
    fn provider(&self) -> &dyn Provider {
        self.configured.provider()
    }

    /// The provider of an older payment; `None` if it is not configured any more.
    fn provider_named(&self, name: ProviderName) -> Option<&dyn Provider> {
        Some(self.provider()).filter(|provider| provider.name() == name)
    }
}
