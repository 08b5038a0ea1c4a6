//! The notification service as its clients, the events and a mail server meet it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the functions beside the tests fail as the tests do")]

mod codes;
mod delivery;
mod erasure;
mod every_kind;
mod inbox;
mod outbox;
mod phone;
mod preferences;
mod samples;
mod smtp_server;
mod staff;

use contracts::auth::{ConfirmedPhone, GetConfirmedPhone};
use contracts::notification::{
    DeliveryRecord, LocalMessage, LocalOutbox, NotificationKind, NotificationStatus, Outlet,
};
use contracts::user::{Contact, FoundContact, GetContact};
use contracts::{Event, Page};
use smtp_server::SmtpServer;
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{Role, UserId};

const EMAIL: &str = "asha@example.in";
const PHONE: &str = "+919876543210";

/// On a developer's machine: what is sent lands in the outbox.
async fn start() -> TestService {
    knows_customers(TestService::start(notification_service::service()).await)
}

/// With a mail server, and everything else as on a developer's machine.
async fn start_with(server: &SmtpServer) -> TestService {
    knows_customers(
        TestService::of(notification_service::service()).env("NOTIFICATION_SMTP_URL", server.url()).start().await,
    )
}

fn knows_customers(service: TestService) -> TestService {
    customers_are(&service, contact());
    service.stubs.answer(|_: GetConfirmedPhone| ConfirmedPhone { phone: Some(PHONE.into()) });
    service
}

/// From now on, every customer is like this one.
fn customers_are(service: &TestService, contact: Contact) {
    service
        .stubs
        .answer(move |call: GetContact| FoundContact::Found(Contact { user_id: call.user_id, ..contact.clone() }));
}

fn contact() -> Contact {
    Contact {
        user_id: UserId::new(),
        name: "Asha Rao".into(),
        email: EMAIL.into(),
        email_verified: true,
        phone: Some(PHONE.into()),
        locale: "en-IN".into(),
        marketing_consent: false,
        muted_channels: vec![],
        quiet_hours: None,
    }
}

/// Delivers an event, whatever it is about.
async fn hears<E: Event>(service: &TestService, event: &E) {
    service.deliver("subject", 1, event).await;
}

/// What staff see of the messages to a customer.
async fn records(service: &TestService, user: UserId) -> Vec<DeliveryRecord> {
    let path = format!("/api/v1/notifications/desk?user_id={user}&limit=100");
    service.as_staff(Role::Support).get(&path).await.is(200).read::<Page<DeliveryRecord>>().items
}

async fn record(service: &TestService, user: UserId, kind: NotificationKind, outlet: Outlet) -> Option<DeliveryRecord> {
    records(service, user).await.into_iter().find(|record| record.kind == kind && record.outlet == outlet)
}

/// Waits until the message has come to this.
async fn comes_to(
    service: &TestService,
    user: UserId,
    kind: NotificationKind,
    outlet: Outlet,
    status: NotificationStatus,
) -> DeliveryRecord {
    eventually(PATIENCE, async || {
        let found = record(service, user, kind, outlet).await.ok_or("no such message")?;
        if found.status == status { Ok(found) } else { Err("it has not come to this yet") }
    })
    .await
}

/// Waits until the message was tried this often.
async fn tried(
    service: &TestService,
    user: UserId,
    kind: NotificationKind,
    outlet: Outlet,
    times: usize,
) -> DeliveryRecord {
    eventually(PATIENCE, async || {
        record(service, user, kind, outlet).await.filter(|record| record.attempts.len() >= times)
    })
    .await
}

async fn outbox(service: &TestService, query: &str) -> Vec<LocalMessage> {
    service.guest().get(&format!("/api/v1/notifications/outbox{query}")).await.is(200).read::<LocalOutbox>().messages
}
