//! Orders: checkout, order status, cancellation, invoices and credit notes.

mod api;
mod app;
mod checkout;
mod counters;
pub mod domain;
mod events;
mod jobs;
mod lifecycle;
mod pdf;
mod settlement;
pub mod store;

use std::time::Duration;

use platform::service::{Job, Service};
use types::ServiceName;

pub use app::Orders;
pub use store::reconcile;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Orders>(ServiceName::Order)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .answers(api::calls::payability)
        .answers(api::calls::returnable_order)
        .on(events::payment::succeeded)
        .on(events::payment::authorized)
        .on(events::payment::failed)
        .on(events::payment::late_authorized)
        .on(events::payment::cash_collected)
        .on(events::payment::cash_remitted)
        .on(events::payment::refund_succeeded)
        .on(events::payment::refund_failed)
        .on(events::shipment::created)
        .on(events::shipment::status_changed)
        .on(events::shipment::delivered)
        .on(events::shipment::exception)
        .on(events::shipment::returned_to_origin)
        .on(events::returns::requested)
        .on(events::returns::approved)
        .on(events::returns::rejected)
        .on(events::returns::received)
        .on(events::returns::refund_due)
        .on(events::returns::closed)
        .on(events::stock::reserved)
        .on(events::stock::expired)
        .on(events::stock::released)
        .on(events::stock::committed)
        .on(events::customer::cart_converted)
        .on(events::customer::erasure_requested)
        .job(Job::every(Duration::from_secs(1), jobs::SETTLE_ORDERS, jobs::settle_orders))
        .job(Job::every(Duration::from_secs(2), jobs::RESUME_CHECKOUTS, jobs::resume_checkouts))
        .job(Job::every(Duration::from_secs(60), jobs::SWEEP_CHECKOUTS, jobs::sweep_checkouts))
        .job(Job::every(Duration::from_secs(30), jobs::ERASE_CUSTOMERS, jobs::erase_customers))
        .build()
}
