use std::time::Duration;

use contracts::auth::{CodeChannel, CodePurpose, RevealCode, RevealedCode};
use contracts::notification::{NotificationKind, NotificationStatus, Outlet};
use contracts::user::{FoundContact, GetContact};
use notification_service::domain::{Lane, Message};
use notification_service::store;
use sqlx::Row;
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{EventId, UserId};

use crate::smtp_server::SmtpServer;
use crate::{EMAIL, PHONE, comes_to, hears, outbox, samples, start, start_with};

const CODE: &str = "482113";

fn codes_are_live(service: &TestService, channel: CodeChannel) {
    service.stubs.answer(move |_: RevealCode| RevealedCode::Live {
        code: CODE.into(),
        purpose: CodePurpose::LogIn,
        channel,
        destination: if channel == CodeChannel::Email { EMAIL } else { PHONE }.into(),
        expires_at: samples::noon(),
    });
}

#[tokio::test]
async fn a_code_is_mailed_and_is_nowhere_in_the_database() {
    let server = SmtpServer::start().await;
    let service = start_with(&server).await;
    codes_are_live(&service, CodeChannel::Email);
    let asha = service.customer();
    let event = samples::code(asha.id(), CodeChannel::Email);
    hears(&service, &event).await;

    let mail = eventually(PATIENCE, async || server.mails().pop()).await;
    assert_eq!(mail.recipient, EMAIL);
    assert!(mail.content.contains(CODE) && mail.content.contains("Subject: Log in to Haat"), "{}", mail.content);
    assert_eq!(service.stubs.calls::<RevealCode>()[0].reference, event.reference);

    comes_to(&service, asha.id(), NotificationKind::VerificationCode, Outlet::Email, NotificationStatus::Sent).await;
    comes_to(&service, asha.id(), NotificationKind::VerificationCode, Outlet::Inbox, NotificationStatus::Sent).await;
    let inbox = asha.get("/api/v1/notifications").await.is(200);
    let text = inbox.json["items"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("A code was sent to your e-mail address."), "{text}");
    assert_eq!(rows_with(&service, CODE).await, Vec::<String>::new());
    // The search finds what is there.
    assert_eq!(rows_with(&service, "A code was sent to your e-mail address").await, ["notification"]);
}

#[tokio::test]
async fn a_code_goes_out_at_sign_up_before_the_profile_is_made() {
    let service = start().await;
    service.stubs.answer(|_: GetContact| FoundContact::Absent);
    codes_are_live(&service, CodeChannel::Sms);
    let asha = service.customer();
    hears(&service, &samples::code(asha.id(), CodeChannel::Sms)).await;
    let message =
        eventually(PATIENCE, async || outbox(&service, &format!("?recipient=%2B{}", &PHONE[1..])).await.pop()).await;
    assert_eq!(message.text, "482113 is your Haat code to log in. Give it to nobody.");
}

#[tokio::test]
async fn a_code_that_is_gone_is_not_sent() {
    let service = start().await;
    service.stubs.answer(|_: RevealCode| RevealedCode::Gone);
    let asha = service.customer();
    hears(&service, &samples::code(asha.id(), CodeChannel::Sms)).await;
    let kind = NotificationKind::VerificationCode;
    let record = comes_to(&service, asha.id(), kind, Outlet::Sms, NotificationStatus::Skipped).await;
    assert_eq!(record.attempts[0].reason, "the code is not good any more");
    assert!(outbox(&service, "").await.is_empty());
}

#[tokio::test]
async fn a_code_by_sms_does_not_wait_for_a_mail_server_that_says_nothing() {
    let server = SmtpServer::start().await;
    server.fall_silent();
    let service = start_with(&server).await;
    codes_are_live(&service, CodeChannel::Sms);
    let customers: Vec<_> = (0..40).map(|_| service.customer().id()).collect();
    for customer in &customers[..10] {
        hears(&service, &samples::password_changed(*customer)).await;
    }
    hears(&service, &samples::back_in_stock(customers)).await;
    let asha = service.customer();
    hears(&service, &samples::code(asha.id(), CodeChannel::Sms)).await;
    comes_to(&service, asha.id(), NotificationKind::VerificationCode, Outlet::Sms, NotificationStatus::Sent).await;
}

#[tokio::test]
async fn a_code_is_in_the_first_batch_however_much_is_due() {
    let service = start().await;
    let (now, later) = (service.clock.now(), service.clock.now().plus(Duration::from_secs(1)));
    let message =
        |kind, code| Message { kind, user_id: Some(UserId::new()), about: None, code, data: serde_json::json!({}) };
    let others: Vec<_> = (0..500).map(|_| message(NotificationKind::BackInStock, None)).collect();
    let code = (types::CodeReference::new(), CodeChannel::Sms);
    let code = message(NotificationKind::VerificationCode, Some(code));
    let mut tx = service.pool.begin().await.unwrap();
    store::insert(&mut tx, EventId::new(), &others, now).await.unwrap();
    store::insert(&mut tx, EventId::new(), &[code], later).await.unwrap();
    let batch = store::claim(&mut tx, Lane::Urgent, later, later.plus(Duration::from_secs(60)), 32).await.unwrap();
    let kinds: Vec<_> = batch.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [NotificationKind::VerificationCode; 2], "the SMS and the inbox");
    let batch = store::claim(&mut tx, Lane::Mail, later, later.plus(Duration::from_secs(60)), 32).await.unwrap();
    assert!(batch.len() == 32 && batch.iter().all(|message| message.kind == NotificationKind::BackInStock));
}

/// The tables that have a row with this text in it.
async fn rows_with(service: &TestService, text: &str) -> Vec<String> {
    let tables = sqlx::query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
    let mut found = Vec::new();
    for table in tables.fetch_all(&service.pool).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT EXISTS (SELECT FROM \"{table}\" t WHERE to_jsonb(t)::text LIKE '%{text}%')");
        if sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&service.pool).await.unwrap() {
            found.push(table);
        }
    }
    found
}
