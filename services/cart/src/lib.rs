//! The cart service: what customers and guests mean to buy.

// Query results name the types of this crate's `sqlx.toml`.
use types::ServiceName;

pub mod api;
pub mod domain;
pub mod events;
pub mod jobs;
mod owner;
mod pricing;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use contracts::product::{LookUpVariants, VariantSnapshot};
use platform::cache::Key;
use platform::db::Db;
use platform::env::Env;
use platform::problem::Problem;
use platform::service::{App, BootError, Context, Job, Service};
use types::VariantId;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Carts>(ServiceName::Cart)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::checkout_cart)
        .on(events::order_confirmed)
        .on(events::product_created)
        .on(events::product_updated)
        .on(events::product_deleted)
        .on(events::price_changed)
        .on(events::erasure_requested)
        .job(Job::every(Duration::from_secs(5), "tell-abandoned", jobs::tell_abandoned))
        .job(Job::every(Duration::from_secs(60), "forget-old", jobs::forget_old))
        .build()
}

#[derive(Clone)]
pub struct Carts {
    context: Context,
    db: Db,
    /// A customer's cart that nobody touched for so long was left alone.
    abandoned_after: Duration,
}

impl App for Carts {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let abandoned_after = env.seconds("CART_ABANDONED_AFTER", Duration::from_secs(24 * 3600))?;
        Ok(Carts { db: context.database()?, context, abandoned_after })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

/// Long enough for a customer's next click, short enough for a price to be believed.
const VARIANT_LIFE: Duration = Duration::from_secs(2);

impl Carts {
    /// A variant as it was at most two seconds ago: for limits, and for the price that is shown with an addition. What is to be
    /// paid is never reckoned from it.
    async fn variant(&self, id: VariantId) -> Result<Arc<Option<VariantSnapshot>>, Problem> {
        let load = || async {
            let found = self.context.client().call(&LookUpVariants { variant_ids: vec![id] }).await?;
            Ok::<_, Problem>(found.variants.into_iter().next())
        };
        self.context.cache().get_or_load_optional(&variant_key(id), VARIANT_LIFE, Duration::ZERO, load).await
    }
}

fn variant_key(id: VariantId) -> Key {
    Key::new("cart-variant", id)
}
