//! What the stock keepers and the editors of the catalogue are told.

use contracts::notification::{LocalMessage, NotificationKind, Outlet};
use contracts::product::{ReviewSubmitted, StockLow};
use testkit::service::PATIENCE;
use testkit::{TestService, eventually};
use types::{EventId, ProductId, ReviewId, UserId, VariantId};
use uuid::Uuid;

use crate::{outbox, records, start};

fn low() -> StockLow {
    StockLow {
        variant_id: VariantId::new(),
        sku: "KURTA-1".to_owned(),
        title: "Cotton Kurta".to_owned(),
        available: 4,
        threshold: 5,
    }
}

fn review(user_id: UserId) -> ReviewSubmitted {
    ReviewSubmitted { review_id: ReviewId::new(), product_id: ProductId::new(), user_id, rating: 2 }
}

async fn mail_to(service: &TestService, address: &str) -> LocalMessage {
    eventually(PATIENCE, async || outbox(service, &format!("?recipient={address}")).await.into_iter().next()).await
}

#[tokio::test]
async fn stock_keepers_hear_once_of_what_runs_low() {
    let service = start().await;
    let event = EventId(Uuid::now_v7());
    service.deliver_as(event, "variant", 3, &low()).await;
    service.deliver_as(event, "variant", 3, &low()).await;
    let mail = mail_to(&service, "stock@haat.example").await;
    assert_eq!((mail.kind, mail.outlet), (NotificationKind::StockLow, Outlet::Email));
    assert_eq!(mail.subject, "KURTA-1 is running low: 4 left");
    assert!(mail.text.starts_with("Hello,\n\nOf Cotton Kurta (KURTA-1) 4 can still be bought"), "{}", mail.text);
    assert_eq!(outbox(&service, "").await.len(), 1);
}

#[tokio::test]
async fn editors_hear_of_a_review_and_its_author_does_not() {
    let service = TestService::of(notification_service::service())
        .env("NOTIFICATION_CATALOGUE_EMAIL", "editors@shop.example")
        .start()
        .await;
    let (author, event) = (UserId::new(), review(UserId::new()));
    let event = ReviewSubmitted { user_id: author, ..event };
    service.deliver("review", 1, &event).await;
    let mail = mail_to(&service, "editors@shop.example").await;
    assert_eq!(mail.subject, "A new review: 2 of 5");
    assert!(mail.text.contains(&format!("/products/{}", event.product_id)), "{}", mail.text);
    assert_eq!(records(&service, author).await, []);
}

#[tokio::test]
async fn a_desk_without_an_address_is_told_nothing() {
    let service = TestService::of(notification_service::service())
        .env("APP_ENV", "development")
        .env("NOTIFICATION_SMTP_URL", "smtp://127.0.0.1:1")
        .start()
        .await;
    service.deliver("variant", 3, &low()).await;
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM notification").fetch_one(&service.pool).await.unwrap();
    assert_eq!(waiting, 0);
}
