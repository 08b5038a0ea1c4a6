use std::time::Duration;

use contracts::auth::{ConfirmedPhone, GetConfirmedPhone};
use contracts::notification::{AttemptOutcome, NotificationKind, NotificationStatus, Outlet};
use contracts::user::Contact;
use testkit::TestService;
use types::OrderId;

use crate::{comes_to, contact, customers_are, hears, outbox, record, samples, start, tried};

/// The quiet hour that began a minute ago.
fn it_is_quiet(service: &TestService) {
    let clock = service.clock.now().in_india().time();
    let minute = u16::from(clock.hour().unsigned_abs()) * 60 + u16::from(clock.minute().unsigned_abs());
    let quiet_hours = Some(((minute + 1439) % 1440, (minute + 60) % 1440));
    customers_are(service, Contact { quiet_hours, ..contact() });
}

#[tokio::test]
async fn in_quiet_hours_the_inbox_fills_and_the_rest_waits_for_their_end() {
    let service = start().await;
    it_is_quiet(&service);
    let asha = service.customer();
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    let kind = NotificationKind::OrderConfirmed;
    comes_to(&service, asha.id(), kind, Outlet::Inbox, NotificationStatus::Sent).await;
    let waiting = tried(&service, asha.id(), kind, Outlet::Email, 1).await;
    assert_eq!((waiting.status, waiting.attempts[0].outcome), (NotificationStatus::Queued, AttemptOutcome::Postponed));
    assert!(outbox(&service, "").await.is_empty());

    service.clock.advance(Duration::from_secs(61 * 60));
    let sent = comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Sent).await;
    assert_eq!(sent.attempts.len(), 2);
    comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Sent).await;
    assert_eq!(outbox(&service, "").await.len(), 2);
}

#[tokio::test]
async fn what_concerns_the_accounts_safety_is_told_in_quiet_hours() {
    let service = start().await;
    it_is_quiet(&service);
    let asha = service.customer();
    hears(&service, &samples::locked(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::AccountLocked, Outlet::Sms, NotificationStatus::Sent).await;
}

#[tokio::test]
async fn a_muted_channel_is_silent_but_for_what_is_required() {
    let service = start().await;
    customers_are(&service, Contact { muted_channels: vec!["email".into()], ..contact() });
    let asha = service.customer();
    hears(&service, &samples::shipped(asha.id(), OrderId::new())).await;
    let kind = NotificationKind::OrderShipped;
    let skipped = comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Skipped).await;
    assert_eq!(skipped.attempts[0].reason, "muted");
    comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Sent).await;
    comes_to(&service, asha.id(), kind, Outlet::Inbox, NotificationStatus::Sent).await;
    hears(&service, &samples::refunded(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::RefundSucceeded, Outlet::Email, NotificationStatus::Sent).await;
}

#[tokio::test]
async fn a_reminder_of_the_cart_needs_consent() {
    let service = start().await;
    let asha = service.customer();
    let kind = NotificationKind::CartAbandoned;
    hears(&service, &samples::cart_abandoned(asha.id())).await;
    for outlet in [Outlet::Inbox, Outlet::Email, Outlet::Push] {
        let skipped = comes_to(&service, asha.id(), kind, outlet, NotificationStatus::Skipped).await;
        assert_eq!(skipped.attempts[0].reason, "no consent to marketing");
    }
    assert!(outbox(&service, "").await.is_empty());
}

#[tokio::test]
async fn a_customer_without_a_telephone_gets_no_sms() {
    let service = start().await;
    customers_are(&service, Contact { phone: None, ..contact() });
    let asha = service.customer();
    hears(&service, &samples::refunded(asha.id())).await;
    let kind = NotificationKind::RefundSucceeded;
    let skipped = comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Skipped).await;
    assert_eq!(skipped.attempts[0].reason, "no telephone number");
    comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Sent).await;
    assert!(record(&service, asha.id(), kind, Outlet::Push).await.is_none());
}

#[tokio::test]
async fn what_concerns_the_accounts_safety_goes_by_sms_to_a_confirmed_number_only() {
    let service = start().await;
    service.stubs.answer(|_: GetConfirmedPhone| ConfirmedPhone { phone: None });
    let asha = service.customer();
    hears(&service, &samples::suspicious(asha.id())).await;
    hears(&service, &samples::locked(asha.id())).await;
    for kind in [NotificationKind::SuspiciousLogin, NotificationKind::AccountLocked] {
        let skipped = comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Skipped).await;
        assert_eq!(skipped.attempts[0].reason, "no confirmed telephone number");
        comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Sent).await;
    }
    let other = "+919800000001";
    service.stubs.answer(move |_: GetConfirmedPhone| ConfirmedPhone { phone: Some(other.into()) });
    let ravi = service.customer();
    hears(&service, &samples::locked(ravi.id())).await;
    comes_to(&service, ravi.id(), NotificationKind::AccountLocked, Outlet::Sms, NotificationStatus::Sent).await;
    assert_eq!(outbox(&service, &format!("?recipient=%2B{}", &other[1..])).await.len(), 1);
}

#[tokio::test]
async fn an_address_that_is_not_verified_gets_the_code_and_then_a_welcome() {
    let service = start().await;
    customers_are(&service, Contact { email_verified: false, ..contact() });
    let asha = service.customer();
    hears(&service, &samples::password_changed(asha.id())).await;
    hears(&service, &samples::confirmed(asha.id(), OrderId::new())).await;
    for kind in [NotificationKind::PasswordChanged, NotificationKind::OrderConfirmed] {
        let skipped = comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Skipped).await;
        assert_eq!(skipped.attempts[0].reason, "the e-mail address is not verified");
        comes_to(&service, asha.id(), kind, Outlet::Inbox, NotificationStatus::Sent).await;
    }
    // The user service may hear of it later than we do.
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
}
