use std::collections::BTreeSet;
use std::time::Duration;

use contracts::Event;
use contracts::auth::{CodeChannel, RevealCode, RevealedCode};
use contracts::notification::{NotificationKind, NotificationStatus, Outlet};
use contracts::shipping::ShipmentStatus;
use contracts::user::Contact;
use notification_service::domain::{desk, rule};
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{OrderId, UserId};

use crate::{PHONE, contact, customers_are, hears, outbox, records, samples, start};

/// Tells a customer of everything, each about another order, so that nothing makes anything else stale.
async fn hears_everything(service: &TestService, user: UserId) {
    let code = |_: RevealCode| RevealedCode::Live {
        code: "482113".into(),
        purpose: contracts::auth::CodePurpose::LogIn,
        channel: CodeChannel::Sms,
        destination: PHONE.into(),
        expires_at: samples::noon(),
    };
    service.stubs.answer(code);
    let order = OrderId::new;
    tokio::join!(
        says(service, samples::verified(user)),
        says(service, samples::code(user, CodeChannel::Sms)),
        says(service, samples::password_changed(user)),
        says(service, samples::locked(user)),
        says(service, samples::mfa_changed(user)),
        says(service, samples::suspicious(user)),
        says(service, samples::created(user, order())),
        says(service, samples::confirmed(user, order())),
        says(service, samples::shipped(user, order())),
        says(service, samples::delivered(user, order())),
        says(service, samples::cancelled(user, order())),
        says(service, samples::invoice(user)),
        says(service, samples::credit_note(user)),
        says(service, samples::payment_failed(user)),
        says(service, samples::late_payment(user)),
        says(service, samples::refunded(user)),
        says(service, samples::refund_failed(user)),
        says(service, samples::return_requested(user)),
        says(service, samples::return_approved(user)),
        says(service, samples::return_rejected(user)),
        says(service, samples::return_received(user)),
        says(service, samples::refund_due(user)),
        says(service, samples::return_closed(user)),
        says(service, samples::status_changed(user, ShipmentStatus::OutForDelivery)),
        says(service, samples::exception(user)),
        says(service, samples::came_back(user)),
        says(service, samples::back_in_stock(vec![user])),
        says(service, samples::cart_abandoned(user)),
    );
    service.settled().await;
    // The reminder of a payment waits a little.
    service.clock.advance(Duration::from_secs(6 * 60));
}

/// Publishes an event and does not wait for its effect.
async fn says<E: Event>(service: &TestService, event: E) {
    service.publish("subject", 1, &event).await;
}

/// The kinds of message that customers get.
fn of_customers() -> impl Iterator<Item = &'static NotificationKind> {
    NotificationKind::ALL.iter().filter(|kind| desk(**kind).is_none())
}

/// Where a message of a kind goes; the sample of a code goes by SMS.
fn outlets(kind: NotificationKind) -> Vec<Outlet> {
    match kind {
        NotificationKind::VerificationCode => vec![Outlet::Inbox, Outlet::Sms],
        other => rule(other).outlets.to_vec(),
    }
}

async fn everything_is_told_in(locale: &str) -> TestService {
    let service = start().await;
    customers_are(&service, Contact { locale: locale.into(), marketing_consent: true, ..contact() });
    let asha = service.customer();
    hears_everything(&service, asha.id()).await;
    let expected: BTreeSet<(NotificationKind, Outlet)> =
        of_customers().flat_map(|kind| outlets(*kind).into_iter().map(|outlet| (*kind, outlet))).collect();
    eventually(PATIENCE, async || {
        let records = records(&service, asha.id()).await;
        let unsent: Vec<_> = records.iter().filter(|record| record.status != NotificationStatus::Sent).collect();
        let told: BTreeSet<_> = records.iter().map(|record| (record.kind, record.outlet)).collect();
        let untold: Vec<_> = expected.difference(&told).collect();
        if unsent.is_empty() && told == expected {
            Ok(())
        } else {
            Err(format!("unsent {unsent:?}, untold {untold:?}"))
        }
    })
    .await;
    let inbox = asha.get("/api/v1/notifications?limit=100").await.is(200);
    assert_eq!(inbox.json["items"].as_array().unwrap().len(), of_customers().count());
    let sent: BTreeSet<_> =
        outbox(&service, "").await.into_iter().map(|message| (message.kind, message.outlet)).collect();
    assert!(sent.iter().eq(expected.iter().filter(|(_, outlet)| *outlet != Outlet::Inbox)));
    service
}

#[tokio::test]
async fn every_message_can_be_written_and_sent_in_english() {
    let service = everything_is_told_in("en-IN").await;
    let messages = outbox(&service, "").await;
    let text = |kind, outlet| {
        let found = messages.iter().find(|message| message.kind == kind && message.outlet == outlet).unwrap();
        (found.recipient.clone(), found.subject.clone(), found.text.clone())
    };
    let (recipient, subject, confirmation) = text(NotificationKind::OrderConfirmed, Outlet::Email);
    assert_eq!((recipient.as_str(), subject.as_str()), (crate::EMAIL, "Order HT-1001 is confirmed"));
    for part in [
        "Hello Asha Rao,",
        "2 x Cotton Kurta: ₹1,23,456.00\nTotal: ₹1,23,456.00\n",
        "₹1,23,456.00 ready",
        "by 08-12-2026",
    ] {
        assert!(confirmation.contains(part), "{part} in {confirmation}");
    }
    assert_eq!(text(NotificationKind::VerificationCode, Outlet::Sms).0, PHONE);
    assert!(text(NotificationKind::AccountLocked, Outlet::Sms).2.contains("05-12-2026 12:00"));
    for message in &messages {
        assert!(
            !message.subject.contains('\n') && !message.text.contains("{{") && !message.text.contains("none"),
            "{}",
            message.text
        );
        assert!(message.outlet != Outlet::Sms || message.text.chars().count() <= 160, "{}", message.text);
    }
}

#[tokio::test]
async fn every_message_can_be_written_and_sent_in_hindi_or_else_in_english() {
    let service = everything_is_told_in("hi-IN").await;
    let messages = outbox(&service, "").await;
    let text =
        |kind| &messages.iter().find(|message| message.kind == kind && message.outlet == Outlet::Email).unwrap().text;
    assert!(text(NotificationKind::OrderConfirmed).starts_with("नमस्ते Asha Rao"));
    assert!(text(NotificationKind::InvoiceIssued).starts_with("Hello Asha Rao"));
}

#[tokio::test]
async fn what_needs_no_message_gets_none() {
    let service = start().await;
    let asha = service.customer();
    let cash = contracts::payment::PaymentMethod::CashOnDelivery;
    let created = samples::created(asha.id(), OrderId::new());
    hears(&service, &contracts::order::OrderCreated { payment_method: cash, ..created }).await;
    hears(&service, &samples::status_changed(asha.id(), ShipmentStatus::InTransit)).await;
    let mut back = samples::exception(asha.id());
    back.shipment.direction = contracts::shipping::Direction::Inbound;
    hears(&service, &back).await;
    assert_eq!(records(&service, asha.id()).await, []);
}
