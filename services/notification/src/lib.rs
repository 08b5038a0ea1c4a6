//! The notification service: what customers, and staff, are told, on which channels, in which language, and when.

use std::sync::Arc;
use std::time::Duration;

use contracts::{auth, cart, order, payment, product, returns, shipping, user};
use platform::db::Db;
use platform::env::Env;
use platform::service::{App, BootError, Context, Job, Service};
use types::ServiceName;

pub mod api;
mod desks;
pub mod domain;
pub mod events;
pub mod jobs;
pub mod senders;
pub mod store;
pub mod templates;

use desks::Desks;
use domain::Lane;
use events::{heard, tell};
use senders::Senders;
use templates::Templates;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

pub fn service() -> Service {
    Service::builder::<Notifications>(ServiceName::Notification)
        .migrations(&MIGRATIONS)
        .routes(api::routes())
        .on(tell::<auth::EmailVerified>)
        .on(tell::<auth::CodeRequested>)
        .on(tell::<auth::PasswordChanged>)
        .on(tell::<auth::UserLocked>)
        .on(tell::<auth::MfaChanged>)
        .on(tell::<auth::LoginSuspicious>)
        .on(tell::<order::OrderCreated>)
        .on(tell::<order::OrderConfirmed>)
        .on(tell::<order::OrderShipped>)
        .on(tell::<order::OrderDelivered>)
        .on(tell::<order::OrderCancelled>)
        .on(tell::<order::InvoiceIssued>)
        .on(tell::<order::CreditNoteIssued>)
        .on(tell::<payment::PaymentFailed>)
        .on(tell::<payment::PaymentLateAuthorized>)
        .on(tell::<payment::RefundSucceeded>)
        .on(tell::<payment::RefundFailed>)
        .on(tell::<returns::ReturnRequested>)
        .on(tell::<returns::ReturnApproved>)
        .on(tell::<returns::ReturnRejected>)
        .on(tell::<returns::ReturnReceived>)
        .on(tell::<returns::ReturnRefundDue>)
        .on(tell::<returns::ReturnClosed>)
        .on(tell::<shipping::ShipmentStatusChanged>)
        .on(tell::<shipping::ShipmentException>)
        .on(tell::<shipping::ShipmentRto>)
        .on(tell::<product::BackInStock>)
        .on(tell::<product::StockLow>)
        .on(tell::<product::ReviewSubmitted>)
        .on(tell::<cart::CartAbandoned>)
        .on(events::erasure_requested)
        .on(heard::<auth::UserRegistered>)
        .on(heard::<user::UserUpdated>)
        .on(heard::<user::ConsentChanged>)
        .on(heard::<shipping::ShipmentCreated>)
        .on(heard::<shipping::ShipmentDelivered>)
        .on(heard::<payment::PaymentAuthorized>)
        .on(heard::<payment::PaymentSucceeded>)
        .job(jobs::deliver(Lane::UrgentMail))
        .job(jobs::deliver(Lane::Urgent))
        .job(jobs::deliver(Lane::Mail))
        .job(jobs::deliver(Lane::Other))
        .job(Job::every(Duration::from_secs(3600), "forget", jobs::forget))
        .build()
}

#[derive(Clone)]
pub struct Notifications {
    context: Context,
    db: Db,
    senders: Arc<Senders>,
    templates: Arc<Templates>,
    desks: Arc<Desks>,
}

impl App for Notifications {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let shop = env.value("NOTIFICATION_SHOP_URL", "http://localhost:3000".to_owned())?;
        let templates = Templates::load(shop.trim_end_matches('/'));
        Ok(Notifications {
            db: context.database()?,
            desks: Arc::new(Desks::from_env(env, context.app_env())?),
            senders: Arc::new(Senders::from_env(env, context.app_env())?),
            templates: Arc::new(templates.map_err(|error| BootError::Other(format!("a template: {error}")))?),
            context,
        })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}
