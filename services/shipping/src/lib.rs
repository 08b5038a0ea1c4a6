//! The shipping service: where it can be sent, for how much, by when, and where it is.

use std::sync::Arc;
use std::time::Duration;

use contracts::returns::{ReturnApproved, ReturnReceived, ReturnRefundDue, ReturnRejected, ReturnRequested};
use contracts::shipping::RateCard;
use platform::cache::Key;
use platform::db::Db;
use platform::env::Env;
use platform::identity::Secret;
use platform::service::{App, BootError, Context, Job, Service};
use platform::{Problem, Result};
use types::ServiceName;

pub mod api;
pub mod booking;
pub mod carrier;
pub mod demo;
pub mod domain;
pub mod events;
pub mod jobs;
pub mod news;
pub mod store;

use carrier::{Carrier, Sandbox, WebhookKey};
pub use store::reconcile;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Shipping>(ServiceName::Shipping)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::internal::quote_shipping)
        .answers(api::internal::book_pickup)
        .on(events::order_confirmed)
        .on(events::order_cancelled)
        .on(events::erasure_requested)
        .on(events::heard::<ReturnRequested>)
        .on(events::heard::<ReturnApproved>)
        .on(events::heard::<ReturnRejected>)
        .on(events::heard::<ReturnReceived>)
        .on(events::heard::<ReturnRefundDue>)
        .on(events::return_closed)
        .job(Job::every(Duration::from_secs(1), jobs::BOOK, jobs::book_shipments))
        .job(Job::every(Duration::from_secs(1), jobs::TURN_BACK, jobs::turn_back))
        .job(Job::every(Duration::from_secs(5), "apply-news", jobs::apply_news))
        .job(Job::every(Duration::from_secs(5), "follow-up", jobs::follow_up))
        .job(Job::every(Duration::from_secs(1), "sandbox-parcels", jobs::move_sandbox_parcels))
        .job(Job::every(Duration::from_secs(1), carrier::SEND_WEBHOOKS, jobs::send_sandbox_webhooks))
        .build()
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Shipping {
    context: Context,
    db: Db,
    carrier: Arc<dyn Carrier>,
    sandbox: Sandbox,
    /// A parcel that nothing is heard of for so long is asked after.
    follow_up_after: Duration,
}

impl App for Shipping {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let db = context.database()?;
        let key = match env.optional::<Secret<String>>("SHIPPING_SANDBOX_SECRET")? {
            Some(secret) => WebhookKey::new(secret.expose().as_bytes()),
            // Both ends are this service: a secret that all its processes have anyway will do.
            None => {
                let own: Secret<String> = env.required("JWT_SECRET", "the service's private key")?;
                WebhookKey::derived_from(own.expose().as_bytes())
            }
        };
        let own_address = context.client().addresses().of(ServiceName::Shipping).to_owned();
        let default_url = format!("{own_address}/api/v1/shipping/webhooks/sandbox");
        let webhook_url = env.value("SHIPPING_WEBHOOK_URL", default_url)?;
        let step_time = env.seconds("SHIPPING_SANDBOX_SPEED", Duration::ZERO)?;
        let sandbox = Sandbox::new(context.clone(), db.clone(), key, webhook_url, step_time);
        Ok(Shipping {
            carrier: Arc::new(sandbox.clone()),
            sandbox,
            follow_up_after: env.seconds("SHIPPING_FOLLOW_UP_AFTER", Duration::from_secs(3600))?,
            db,
            context,
        })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

impl Shipping {
    /// The rate card, read from memory but for once in a while.
    async fn rate_card(&self) -> Result<Arc<RateCard>> {
        let load = || async {
            // Not from a replica: right after an edit it might still have the old card, which would then be kept.
            let mut connection = self.db.primary().await?;
            Ok::<_, Problem>(store::rate_card::load(&mut connection).await?)
        };
        self.context.cache().get_or_load(&rate_card_key(), Duration::from_secs(300), load).await
    }

    /// To be called after an edit was committed.
    async fn forget_rate_card(&self) {
        self.context.cache().invalidate(&[rate_card_key()]).await;
    }
}

fn rate_card_key() -> Key {
    Key::new("shipping", "rate-card")
}

/// How long to wait before the next attempt: 1 s, 2 s, 4 s ... up to ten minutes.
fn back_off(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 11)).unwrap_or(1) - 1;
    Duration::from_secs(1 << doublings).min(Duration::from_secs(600))
}
