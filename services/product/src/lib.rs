//! The catalogue and the stock.

// Query results name the types of this crate's `sqlx.toml`.
use types::ServiceName;

pub mod api;
mod counters;
pub mod demo;
pub mod domain;
pub mod events;
mod hot;
mod index;
pub mod jobs;
pub mod stock;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use platform::Result;
use platform::cache::Key;
use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Job, Service};

use domain::catalogue::Category;
use hot::Hot;
use index::Index;
pub use store::reconcile;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Products>(ServiceName::Product)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::calls::look_up_variants)
        .answers(api::calls::reserve_stock)
        .answers(api::calls::commit_stock)
        .answers(api::calls::release_stock)
        .on(events::order_confirmed)
        .on(events::order_cancelled)
        .on(events::return_received)
        .on(events::erasure_requested)
        .on(events::heard::<contracts::returns::ReturnRequested>)
        .on(events::heard::<contracts::returns::ReturnApproved>)
        .on(events::heard::<contracts::returns::ReturnRejected>)
        .on(events::heard::<contracts::returns::ReturnRefundDue>)
        .on(events::heard::<contracts::returns::ReturnClosed>)
        .job(Job::every(Duration::from_secs(1), "expire-reservations", jobs::expire_reservations))
        .build()
}

#[derive(Clone)]
pub struct Products {
    context: Context,
    db: Db,
    /// Answers to what many ask at once.
    hot: Hot,
    index: Index,
}

impl App for Products {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        let db = context.database()?;
        counters::begin();
        Ok(Products { hot: Hot::default(), index: Index::new(db.clone(), context.clock().clone()), db, context })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

const CATEGORY_LIFE: Duration = Duration::from_secs(30 * 60);

impl Products {
    /// All categories, in the order in which they are shown.
    async fn categories(&self) -> Result<Arc<Vec<Category>>> {
        // From the primary: what a replica has not seen yet would stay in the cache.
        let load = || async { Ok(store::catalogue::categories(&mut *self.db.primary().await?).await?) };
        self.context.cache().get_or_load(&categories_key(), CATEGORY_LIFE, load).await
    }
}

fn categories_key() -> Key {
    Key::new("category", "all")
}

/// Of a product, by its identifier or its slug.
fn product_key(id_or_slug: impl std::fmt::Display) -> Key {
    Key::new("product", id_or_slug)
}
