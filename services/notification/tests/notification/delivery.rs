use std::time::Duration;

use contracts::notification::{AttemptOutcome, NotificationKind, NotificationStatus, Outlet};
use contracts::user::{FoundContact, GetContact};
use notification_service::domain::Lane;
use notification_service::store;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::{EventId, OrderId};

use crate::smtp_server::SmtpServer;
use crate::{EMAIL, comes_to, hears, record, samples, start, start_with, tried};

const EMAIL_OF_CONFIRMATION: (NotificationKind, Outlet) = (NotificationKind::OrderConfirmed, Outlet::Email);

/// Between two tries of a message at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 60 * 60);

#[tokio::test]
async fn a_mail_says_the_same_as_text_and_as_html() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let asha = service.customer();
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    let mail = eventually(PATIENCE, async || server.mails().pop()).await;
    assert_eq!(mail.recipient, EMAIL);
    for part in [
        "From: Haat <no-reply@haat.example>",
        "To: \"Asha Rao\" <asha@example.in>",
        "Subject: Order HT-1001 is confirmed",
        "multipart/alternative",
        "Hello Asha Rao,",
        "<h1 style=\"font-size: 1.25rem\">Order HT-1001 is confirmed</h1>",
    ] {
        assert!(mail.content.contains(part), "{part} in {}", mail.content);
    }
    assert_eq!(mail.content.matches("₹1,23,456.00 ready").count(), 2);
}

#[tokio::test]
async fn an_event_that_comes_again_is_told_once() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let asha = service.customer();
    let (id, event) = (EventId::new(), samples::confirmed(asha.id(), OrderId::new()));
    for _ in 0..3 {
        service.deliver_as(id, event.order_id, 2, &event).await;
    }
    // Even if the record of the effect was swept away in the meantime.
    sqlx::query("DELETE FROM inbox").execute(&service.pool).await.unwrap();
    service.deliver_as(id, event.order_id, 2, &event).await;
    hears(&service, &samples::invoice(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::InvoiceIssued, Outlet::Email, NotificationStatus::Sent).await;
    let confirmations = server.mails().iter().filter(|mail| mail.content.contains("is confirmed\n")).count();
    assert_eq!(confirmations, 1);
}

#[tokio::test]
async fn two_processes_send_each_message_once() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let _other = service.another(notification_service::service()).await;
    let customers: Vec<_> = (0..40).map(|_| service.customer().id()).collect();
    hears(&service, &samples::back_in_stock(customers.clone())).await;
    for customer in customers {
        comes_to(&service, customer, NotificationKind::BackInStock, Outlet::Email, NotificationStatus::Sent).await;
    }
    assert_eq!(server.mails().len(), 40);
}

#[tokio::test]
async fn an_address_that_is_refused_for_good_is_not_tried_again_nor_repeated_to_staff() {
    let server = SmtpServer::start().await;
    server.refuse(Some("550 5.1.1 <asha@example.in> is unknown"));
    let service = start_with(&server).await;
    let asha = service.customer();
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    let (kind, outlet) = EMAIL_OF_CONFIRMATION;
    let record = comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Failed).await;
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.attempts[0].reason, "SMTP 550");
    assert!(!format!("{record:?}").contains(EMAIL));
}

#[tokio::test]
async fn a_mail_server_that_is_busy_or_down_gets_the_mail_later() {
    let server = SmtpServer::start().await;
    server.refuse(Some("451 try later"));
    let service = start_with(&server).await;
    let asha = service.customer();
    let (kind, outlet) = EMAIL_OF_CONFIRMATION;
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    let record = tried(&service, asha.id(), kind, outlet, 1).await;
    assert_eq!((record.status, record.attempts[0].reason.as_str()), (NotificationStatus::Queued, "SMTP 451"));

    server.refuse(None);
    server.go_down(true);
    service.clock.advance(Duration::from_secs(6));
    let record = tried(&service, asha.id(), kind, outlet, 2).await;
    assert_eq!(record.attempts[1].reason, "the mail server cannot be reached");
    assert!(server.mails().is_empty());

    server.go_down(false);
    service.clock.advance(Duration::from_secs(21));
    let record = comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Sent).await;
    let outcomes: Vec<_> = record.attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [AttemptOutcome::Retry, AttemptOutcome::Retry, AttemptOutcome::Sent]);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_message_is_given_up_after_eight_tries() {
    let server = SmtpServer::start().await;
    server.go_down(true);
    let service = start_with(&server).await;
    let asha = service.customer();
    let (kind, outlet) = EMAIL_OF_CONFIRMATION;
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    for attempt in 1..=8 {
        tried(&service, asha.id(), kind, outlet, attempt).await;
        service.clock.advance(LONGEST_PAUSE);
    }
    let record = comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Failed).await;
    assert_eq!((record.attempts.len(), record.next_attempt_at), (8, None));
}

#[tokio::test]
async fn nothing_is_lost_while_the_user_service_is_away() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    service.stubs.down::<GetContact>();
    let asha = service.customer();
    let (kind, outlet) = EMAIL_OF_CONFIRMATION;
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    let record = tried(&service, asha.id(), kind, outlet, 1).await;
    assert_eq!(record.attempts[0].reason, "another service cannot be reached");
    service.stubs.answer(|_: GetContact| FoundContact::Absent);
    // The client leaves a service that failed so often alone for a second, so a try or two may still not reach it.
    for tries in 2.. {
        service.clock.advance(LONGEST_PAUSE);
        let record = tried(&service, asha.id(), kind, outlet, tries).await;
        match record.attempts.last().unwrap().reason.as_str() {
            "the customer is not known" => break,
            reason => assert_eq!(reason, "another service cannot be reached"),
        }
    }
    crate::customers_are(&service, crate::contact());
    service.clock.advance(LONGEST_PAUSE);
    comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Sent).await;
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_message_that_its_worker_left_behind_is_sent_when_the_lease_ends() {
    let service = start().await;
    let asha = service.customer();
    let now = service.clock.now();
    let message = notification_service::domain::Message {
        kind: NotificationKind::Welcome,
        user_id: Some(asha.id()),
        about: None,
        code: None,
        data: serde_json::json!({}),
    };
    let mut tx = service.pool.begin().await.unwrap();
    store::insert(&mut tx, EventId::new(), &[message], now).await.unwrap();
    // Another process takes both and dies.
    for lane in [Lane::Mail, Lane::Other] {
        let taken = store::claim(&mut tx, lane, now, now.plus(Duration::from_secs(120)), 10).await.unwrap();
        assert_eq!(taken.len(), 1);
    }
    tx.commit().await.unwrap();
    let untouched = record(&service, asha.id(), NotificationKind::Welcome, Outlet::Email).await.unwrap();
    assert_eq!(untouched.attempts, []);
    service.clock.advance(Duration::from_secs(121));
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
}

#[tokio::test]
async fn what_comes_late_is_not_told_after_what_came_of_it() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let (asha, order) = (service.customer(), OrderId::new());
    hears(&service, &samples::delivered(asha.id(), order)).await;
    comes_to(&service, asha.id(), NotificationKind::OrderDelivered, Outlet::Email, NotificationStatus::Sent).await;
    hears(&service, &samples::shipped(asha.id(), order)).await;
    hears(&service, &samples::confirmed(asha.id(), order)).await;
    for (kind, outlet) in [
        (NotificationKind::OrderShipped, Outlet::Email),
        (NotificationKind::OrderShipped, Outlet::Inbox),
        EMAIL_OF_CONFIRMATION,
    ] {
        let record = comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Skipped).await;
        assert_eq!(record.attempts[0].reason, "stale");
    }
    // Another order is another matter.
    hears(&service, &samples::shipped(asha.id(), OrderId::new())).await;
    eventually(PATIENCE, async || server.mails().len() == 2).await;
    assert!(server.mails()[1].content.contains("is on its way"));
}

#[tokio::test]
async fn who_pays_at_once_is_not_reminded() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let (quick, slow) = (service.customer(), service.customer());
    let paid = OrderId::new();
    hears(&service, &samples::created(quick.id(), paid)).await;
    hears(&service, &samples::confirmed(quick.id(), paid)).await;
    hears(&service, &samples::created(slow.id(), OrderId::new())).await;
    let waiting = record(&service, slow.id(), NotificationKind::OrderAwaitingPayment, Outlet::Email).await.unwrap();
    assert_eq!(waiting.attempts, []);
    service.clock.advance(Duration::from_secs(5 * 60 + 1));
    let kind = NotificationKind::OrderAwaitingPayment;
    comes_to(&service, slow.id(), kind, Outlet::Email, NotificationStatus::Sent).await;
    comes_to(&service, quick.id(), kind, Outlet::Email, NotificationStatus::Skipped).await;
}
