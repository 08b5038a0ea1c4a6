//! The discount service: what a basket costs less, why, and who uses which coupon.

// Query results name the types of this crate's `sqlx.toml`.
use types::ServiceName;

pub mod api;
pub mod demo;
pub mod domain;
pub mod events;
pub mod jobs;
pub mod store;
mod uses;

use std::sync::Arc;
use std::time::Duration;

use contracts::discount::Promotion;
use platform::Problem;
use platform::cache::Key;
use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Job, Service};

pub use store::reconcile;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Discounts>(ServiceName::Discount)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::calls::price_basket)
        .answers(api::calls::reserve_coupon)
        .answers(api::calls::release_coupon)
        .on(events::order_created)
        .on(events::order_confirmed)
        .on(events::order_cancelled)
        .on(events::erasure_requested)
        .job(Job::every(Duration::from_secs(3600), "forget-closed-orders", jobs::forget_closed_orders))
        .build()
}

#[derive(Clone)]
pub struct Discounts {
    context: Context,
    db: Db,
}

impl App for Discounts {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        Ok(Discounts { db: context.database()?, context })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

impl Discounts {
    /// The promotions that are switched on and not over, as every basket needs them: whether their time has come is for the rules
    /// to say.
    async fn promotions(&self) -> Result<Arc<Vec<Promotion>>, Problem> {
        let load = || async {
            let now = self.context.now();
            Ok(store::promotion::open(&mut *self.db.primary().await?, now).await?)
        };
        self.context.cache().get_or_load(&open_promotions(), Duration::from_secs(2), load).await
    }

    async fn forget_promotions(&self) {
        self.context.cache().invalidate(&[open_promotions()]).await;
    }
}

fn open_promotions() -> Key {
    Key::new("discount", "open-promotions")
}
