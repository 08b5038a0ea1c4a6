use std::time::Duration;

use contracts::notification::{NotificationKind, NotificationStatus, Outlet};
use platform::env::Env;
use platform::service::AppEnv;
use testkit::TestService;

use crate::smtp_server::SmtpServer;
use crate::{EMAIL, comes_to, hears, outbox, samples, start, start_with};

const OUTBOX: &str = "/api/v1/notifications/outbox";

#[tokio::test]
async fn a_developer_reads_what_would_have_been_sent() {
    let service = start().await;
    let asha = service.customer();
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
    service.clock.advance(Duration::from_secs(60));
    let later = service.clock.now();
    hears(&service, &samples::back_in_stock(vec![asha.id()])).await;
    comes_to(&service, asha.id(), NotificationKind::BackInStock, Outlet::Push, NotificationStatus::Sent).await;
    comes_to(&service, asha.id(), NotificationKind::BackInStock, Outlet::Email, NotificationStatus::Sent).await;

    let by_mail = outbox(&service, &format!("?recipient={EMAIL}")).await;
    let kinds: Vec<_> = by_mail.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [NotificationKind::BackInStock, NotificationKind::Welcome]);
    assert!(by_mail[1].html.as_deref().unwrap().contains("Good to have you here"));
    assert_eq!(outbox(&service, &format!("?since={later}")).await.len(), 2);
    assert_eq!(outbox(&service, &format!("?recipient={}", asha.id())).await[0].outlet, Outlet::Push);
    assert!(outbox(&service, "?recipient=nobody@example.in").await.is_empty());

    let page = service.guest().get(&format!("{OUTBOX}/page")).await.is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let html = page.json.as_str().unwrap();
    assert!(html.contains("Welcome to Haat") && html.contains("Cotton &lt;Kurta&gt;"), "{html}");
}

#[tokio::test]
async fn with_a_mail_server_nothing_is_kept_in_the_outbox() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    let asha = service.customer();
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
    assert_eq!(server.mails().len(), 1);
    assert!(outbox(&service, "").await.is_empty());
}

#[tokio::test]
async fn elsewhere_there_is_no_outbox() {
    let server = SmtpServer::start().await;
    for app_env in ["development", "staging", "production"] {
        let service = TestService::of(notification_service::service())
            .env("APP_ENV", app_env)
            .env("NOTIFICATION_SMTP_URL", server.url())
            .start()
            .await;
        service.guest().get(OUTBOX).await.is(404).problem("not-found");
        service.guest().get(&format!("{OUTBOX}/page")).await.is(404).problem("not-found");
    }
}

#[test]
fn a_service_for_real_customers_does_not_start_without_a_mail_server() {
    let senders = |variables: &[(&str, &str)], app_env| {
        let env = Env::from_values(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        notification_service::senders::Senders::from_env(&env, app_env).err().map(|error| error.to_string())
    };
    assert_eq!(senders(&[], AppEnv::Local), None);
    assert!(senders(&[], AppEnv::Production).unwrap().starts_with("NOTIFICATION_SMTP_URL is not set"));
    let wrong = senders(&[("NOTIFICATION_SMTP_URL", "secret@nowhere")], AppEnv::Production).unwrap();
    assert!(wrong.starts_with("NOTIFICATION_SMTP_URL") && !wrong.contains("secret"), "{wrong}");
    let from = [("NOTIFICATION_SMTP_URL", "smtp://localhost"), ("NOTIFICATION_FROM", "nobody")];
    assert!(senders(&from, AppEnv::Production).unwrap().starts_with("NOTIFICATION_FROM"));
    let sms = [("NOTIFICATION_SMS_URL", "nowhere")];
    assert!(senders(&sms, AppEnv::Local).unwrap().starts_with("NOTIFICATION_SMS_URL"));
}
