use contracts::Page;
use contracts::notification::{Notification, NotificationKind, NotificationStatus, Outlet, UnreadCount};
use serde_json::json;
use types::{NotificationId, OrderId, Role};

use crate::{comes_to, hears, samples, start};

const INBOX: &str = "/api/v1/notifications";

#[tokio::test]
async fn an_inbox_is_read_page_by_page_by_its_owner() {
    let service = start().await;
    let (asha, ravi) = (service.customer(), service.customer());
    let order = OrderId::new();
    hears(&service, &samples::verified(asha.id())).await;
    hears(&service, &samples::invoice(asha.id())).await;
    hears(&service, &samples::delivered(asha.id(), order)).await;
    for kind in [NotificationKind::Welcome, NotificationKind::InvoiceIssued, NotificationKind::OrderDelivered] {
        comes_to(&service, asha.id(), kind, Outlet::Inbox, NotificationStatus::Sent).await;
    }
    let first: Page<Notification> = asha.get(&format!("{INBOX}?limit=2")).await.is(200).read();
    let kinds: Vec<_> = first.items.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [NotificationKind::OrderDelivered, NotificationKind::InvoiceIssued]);
    let delivered = &first.items[0];
    assert_eq!(delivered.title, "Order HT-1001 was delivered");
    assert_eq!(delivered.about, Some(order.0));
    assert!(delivered.text.starts_with("Your order HT-1001 was delivered on 05-12-2026."), "{}", delivered.text);
    let cursor = first.next_cursor.unwrap();
    let second: Page<Notification> = asha.get(&format!("{INBOX}?limit=2&cursor={cursor}")).await.is(200).read();
    assert_eq!((second.items.len(), second.next_cursor), (1, None));

    assert_eq!(ravi.get(INBOX).await.is(200).json["items"], json!([]));
    service.guest().get(INBOX).await.is(401);
}

#[tokio::test]
async fn a_message_is_read_once_and_only_by_its_owner() {
    let service = start().await;
    let (asha, ravi) = (service.customer(), service.customer());
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Inbox, NotificationStatus::Sent).await;
    let unread = async || asha.get(&format!("{INBOX}/unread-count")).await.is(200).read::<UnreadCount>().unread;
    assert_eq!(unread().await, 1);

    let id = asha.get(INBOX).await.read::<Page<Notification>>().items[0].id;
    let path = format!("{INBOX}/{id}/read");
    ravi.post(&path, &json!({})).await.is(404);
    let read: Notification = asha.post(&path, &json!({})).await.is(200).read();
    assert!(read.read_at.is_some());
    let again: Notification = asha.post(&path, &json!({})).await.is(200).read();
    assert_eq!(again.read_at, read.read_at);
    assert_eq!(unread().await, 0);
    asha.post(&format!("{INBOX}/{}/read", NotificationId::new()), &json!({})).await.is(404);
}

#[tokio::test]
async fn staff_who_answer_customers_see_what_was_sent_and_not_what_it_said() {
    let service = start().await;
    let asha = service.customer();
    hears(&service, &samples::verified(asha.id())).await;
    comes_to(&service, asha.id(), NotificationKind::Welcome, Outlet::Email, NotificationStatus::Sent).await;
    let desk = format!("{INBOX}/desk?user_id={}", asha.id());
    for role in [Role::Support, Role::Operator, Role::Admin] {
        let shown = service.as_staff(role).get(&desk).await.is(200);
        assert_eq!(shown.json["items"].as_array().unwrap().len(), 2);
        assert!(!shown.json.to_string().contains("Good to have you here"));
    }
    service.as_staff(Role::Merchandiser).get(&desk).await.is(403);
    asha.get(&desk).await.is(403);
    service.guest().get(&desk).await.is(401);
    service.as_staff(Role::Support).get(&format!("{INBOX}/desk")).await.is(400);
}
