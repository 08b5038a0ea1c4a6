use std::time::Duration;

use contracts::notification::{NotificationKind, NotificationStatus, Outlet};
use contracts::user::{ErasureCompleted, ErasureRequested};
use notification_service::store;
use types::ServiceName;

use crate::{comes_to, hears, outbox, records, samples, start};

#[tokio::test]
async fn of_a_customer_who_is_forgotten_nothing_is_left_and_nothing_is_told() {
    let service = start().await;
    let (asha, ravi) = (service.customer(), service.customer());
    for customer in [&asha, &ravi] {
        hears(&service, &samples::verified(customer.id())).await;
        comes_to(&service, customer.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
        comes_to(&service, customer.id(), NotificationKind::Welcome, Outlet::Inbox, NotificationStatus::Sent).await;
    }
    service.deliver(asha.id(), 7, &ErasureRequested { user_id: asha.id() }).await;
    let answer = service.publishes::<ErasureCompleted>(|event| event.user_id == asha.id()).await;
    assert_eq!((answer.data.service, answer.subject), (ServiceName::Notification, asha.id().to_string()));

    assert_eq!(records(&service, asha.id()).await, []);
    assert_eq!(outbox(&service, "").await.len(), 1);
    hears(&service, &samples::invoice(asha.id())).await;
    assert_eq!(records(&service, asha.id()).await, []);
    assert_eq!(records(&service, ravi.id()).await.len(), 2);
}

#[tokio::test]
async fn old_messages_are_forgotten_and_waiting_ones_are_not() {
    let service = start().await;
    let asha = service.customer();
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Inbox, NotificationStatus::Sent).await;
    hears(&service, &samples::created(asha.id(), types::OrderId::new())).await;
    let mut connection = service.pool.acquire().await.unwrap();
    let now = service.clock.now();
    assert_eq!(store::forget_before(&mut connection, now.minus(Duration::from_secs(3600)), 100).await.unwrap(), 0);
    assert_eq!(store::forget_before(&mut connection, now.plus(Duration::from_secs(1)), 100).await.unwrap(), 2);
    let left = records(&service, asha.id()).await;
    assert!(!left.is_empty() && left.iter().all(|record| record.kind == NotificationKind::OrderAwaitingPayment));
}
