use contracts::user::{
    Erasure, ErasureCompleted, ErasureRequested, FoundAddress, FoundContact, GetAddress, GetContact, SavedAddress,
    UserData,
};
use serde_json::json;
use testkit::{Person, TestService};
use types::{ProductId, Role, ServiceName};

use crate::{home, registered, registration, start};

const ME: &str = "/api/v1/users/me";
const ADDRESSES: &str = "/api/v1/users/me/addresses";
const ERASURE: &str = "/api/v1/users/me/erasure";
const EXPORT: &str = "/api/v1/users/me/export";

/// A customer with something of everything.
async fn settled_customer(service: &TestService) -> (Person, SavedAddress) {
    let asha = registered(service).await;
    let address = asha.post(ADDRESSES, &home()).await.is(201).read();
    asha.put(&format!("/api/v1/users/me/wishlist/{}", ProductId::new()), &json!({})).await.is(200);
    asha.put("/api/v1/users/me/consents/marketing", &json!({ "granted": true })).await.is(200);
    asha.put("/api/v1/users/me/preferences", &json!({ "locale": "te-IN" })).await.is(200);
    (asha, address)
}

#[tokio::test]
async fn the_export_has_everything_of_the_customer_and_nothing_of_others() {
    let service = start().await;
    let (asha, address) = settled_customer(&service).await;
    let answer = asha.get(EXPORT).await.is(200);
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"my-data.json\"");
    let data: UserData = answer.read();
    assert_eq!(data.profile.unwrap().email, "asha@example.in");
    assert!(data.addresses == [address]);
    assert_eq!((data.wishes.len(), data.consents.history.len(), data.preferences.locale.as_str()), (1, 1, "te-IN"));
    assert_eq!(data.erasure, None);
    let other: UserData = service.customer().get(EXPORT).await.is(200).read();
    assert!(other.profile.is_none() && other.addresses.is_empty() && other.wishes.is_empty());
}

#[tokio::test]
async fn an_erased_customer_is_gone_at_once_and_stays_so() {
    let service = start().await;
    let (asha, address) = settled_customer(&service).await;
    asha.get(ERASURE).await.is(404);
    let begun: Erasure = asha.post(ERASURE, &json!({})).await.is(202).read();
    assert_eq!(begun.completed_at, None);

    asha.get(ME).await.is(410).problem("account-erased");
    asha.with("if-match", "\"v1\"").patch(ME, &json!({ "name": "Back" })).await.is(410);
    asha.post(ADDRESSES, &home()).await.is(410);
    assert!(matches!(
        service.call(ServiceName::Notification, &GetContact { user_id: asha.id() }).await,
        FoundContact::Absent
    ));
    let address = GetAddress { user_id: asha.id(), address_id: address.id };
    assert!(matches!(service.call(ServiceName::Order, &address).await, FoundAddress::Absent));

    // An event that was under way does not bring the customer back.
    service.deliver(asha.id(), 1, &registration(&asha)).await;
    asha.get(ME).await.is(410);
    for (table, column) in [
        ("profile", "name"),
        ("profile", "email"),
        ("profile", "phone"),
        ("address", "line1"),
        ("preference", "locale"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE user_id = $1 AND {column} <> ''");
        let left: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(asha.id().0).fetch_one(&service.pool).await.unwrap();
        assert_eq!(left, 0, "{table}.{column}");
    }
    let shown = service.as_staff(Role::Support).get(&format!("/api/v1/users/desk/{}", asha.id())).await.is(200);
    assert!(shown.json["profile"].is_null() && !shown.json["erasure"].is_null());
}

#[tokio::test]
async fn an_erasure_is_asked_for_once_and_complete_when_every_service_has_answered() {
    let service = start().await;
    let (asha, _) = settled_customer(&service).await;
    let begun: Erasure = asha.post(ERASURE, &json!({})).await.is(202).read();
    let again: Erasure = asha.post(ERASURE, &json!({})).await.is(202).read();
    assert_eq!(begun, again);
    service.publishes::<ErasureRequested>(|event| event.user_id == asha.id()).await;
    assert_eq!(service.published::<ErasureRequested>().await.len(), 1);

    let asked: Vec<ServiceName> = begun.services.iter().map(|part| part.service).collect();
    assert!(asked.contains(&ServiceName::Auth) && asked.contains(&ServiceName::Order) && asked.len() == 9, "{asked:?}");
    for (n, part) in asked.iter().enumerate() {
        let before: Erasure = asha.get(ERASURE).await.is(200).read();
        assert_eq!(before.completed_at, None);
        assert_eq!(before.services.iter().filter(|part| part.completed_at.is_some()).count(), n);
        let done = ErasureCompleted { user_id: asha.id(), service: *part };
        service.deliver(asha.id(), 1, &done).await;
    }
    let complete: Erasure = asha.get(ERASURE).await.is(200).read();
    assert!(complete.completed_at.is_some());
    let late = ErasureCompleted { user_id: asha.id(), service: ServiceName::Cart };
    service.deliver(asha.id(), 1, &late).await;
    assert_eq!(asha.get(ERASURE).await.read::<Erasure>(), complete);
}

#[tokio::test]
async fn somebody_can_be_forgotten_before_the_account_was_heard_of() {
    let service = start().await;
    let asha = service.customer();
    asha.post(ERASURE, &json!({})).await.is(202);
    service.deliver(asha.id(), 1, &registration(&asha)).await;
    asha.get(ME).await.is(410);
}

#[tokio::test]
async fn an_answer_about_somebody_who_asked_for_nothing_is_passed_over() {
    let service = start().await;
    let asha = registered(&service).await;
    let answer = ErasureCompleted { user_id: asha.id(), service: ServiceName::Cart };
    service.deliver(asha.id(), 1, &answer).await;
    asha.get(ERASURE).await.is(404);
    asha.get(ME).await.is(200);
}

#[tokio::test]
async fn what_an_erased_customer_was_answered_is_not_told_again() {
    let service = start().await;
    let asha = registered(&service).await;
    let adds = asha.with("idempotency-key", "one");
    adds.post(ADDRESSES, &home()).await.is(201);
    adds.post(ADDRESSES, &home()).await.is(201);
    let kept = "SELECT coalesce(string_agg(convert_from(body, 'UTF8'), ' '), '') FROM idempotency_key";
    let kept = async || sqlx::query_scalar::<_, String>(kept).fetch_one(&service.pool).await.unwrap();
    assert!(kept().await.contains("Asha Rao"));

    let erases = asha.with("idempotency-key", "two");
    let begun: Erasure = erases.post(ERASURE, &json!({})).await.is(202).read();
    assert_eq!(erases.post(ERASURE, &json!({})).await.is(202).read::<Erasure>(), begun);
    adds.post(ADDRESSES, &home()).await.is(410).problem("account-erased");
    let kept = kept().await;
    assert!(kept.contains("requested_at") && !kept.contains("Asha Rao"), "{kept}");
}
