use std::time::Duration;

use contracts::notification::{NotificationKind, NotificationStatus, Outlet};
use serde_json::Value;
use testkit::TestService;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::smtp_server::SmtpServer;
use crate::{PHONE, comes_to, hears, knows_customers, samples, start_with, tried};

async fn start_with_provider(provider: &MockServer) -> TestService {
    let setup = TestService::of(notification_service::service())
        .env("NOTIFICATION_SMS_URL", format!("{}/messages", provider.uri()))
        .env("NOTIFICATION_SMS_TOKEN", "the-token");
    knows_customers(setup.start().await)
}

#[tokio::test]
async fn an_sms_is_handed_to_the_provider_and_repeated_under_the_same_key() {
    let provider = MockServer::start().await;
    let taken = || Mock::given(method("POST")).and(path("/messages")).and(header("authorization", "Bearer the-token"));
    taken().respond_with(ResponseTemplate::new(503)).up_to_n_times(1).mount(&provider).await;
    taken().respond_with(ResponseTemplate::new(202)).mount(&provider).await;
    let service = start_with_provider(&provider).await;
    let asha = service.customer();
    hears(&service, &samples::refunded(asha.id())).await;
    let kind = NotificationKind::RefundSucceeded;
    let record = tried(&service, asha.id(), kind, Outlet::Sms, 1).await;
    assert_eq!(record.attempts[0].reason, "HTTP 503");
    service.clock.advance(Duration::from_secs(6));
    comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Sent).await;

    let requests = provider.received_requests().await.unwrap();
    let keys: Vec<_> = requests.iter().map(|request| request.headers["idempotency-key"].to_str().unwrap()).collect();
    assert_eq!(keys, [record.id.to_string(), record.id.to_string()]);
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!((body["channel"].as_str(), body["to"].as_str()), (Some("sms"), Some(PHONE)));
    assert_eq!(body["template"], "refund_succeeded");
    assert!(body["text"].as_str().unwrap().contains("₹1,499.00"), "{body}");
}

#[tokio::test]
async fn a_number_that_the_provider_refuses_is_not_tried_again() {
    let provider = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(422)).expect(1).mount(&provider).await;
    let service = start_with_provider(&provider).await;
    let asha = service.customer();
    hears(&service, &samples::refunded(asha.id())).await;
    let record =
        comes_to(&service, asha.id(), NotificationKind::RefundSucceeded, Outlet::Sms, NotificationStatus::Failed).await;
    assert_eq!(record.attempts[0].reason, "HTTP 422");
}

#[tokio::test]
async fn without_a_provider_a_mail_is_sent_and_an_sms_says_why_not() {
    let server = SmtpServer::start().await;
    let setup = TestService::of(notification_service::service()).env("APP_ENV", "staging");
    let service = knows_customers(setup.env("NOTIFICATION_SMTP_URL", server.url()).start().await);
    let asha = service.customer();
    hears(&service, &samples::refunded(asha.id())).await;
    let kind = NotificationKind::RefundSucceeded;
    comes_to(&service, asha.id(), kind, Outlet::Email, NotificationStatus::Sent).await;
    let record = comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Failed).await;
    assert_eq!(record.attempts[0].reason, "no provider is configured");
}

#[tokio::test]
async fn on_a_developers_machine_mail_can_be_sent_while_sms_is_kept() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let asha = service.customer();
    hears(&service, &samples::refunded(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::RefundSucceeded, Outlet::Sms, NotificationStatus::Sent).await;
    comes_to(&service, asha.id(), NotificationKind::RefundSucceeded, Outlet::Email, NotificationStatus::Sent).await;
    let kept = crate::outbox(&service, "").await;
    assert_eq!((kept.len(), kept[0].outlet, server.mails().len()), (1, Outlet::Sms, 1));
}
