use contracts::auth::EmailVerified;
use contracts::user::{FoundContact, GetContact, Profile, UserUpdated};
use serde_json::json;
use types::{Role, ServiceName, UserId};

use crate::{registered, registration, start};

const ME: &str = "/api/v1/users/me";

#[tokio::test]
async fn a_new_customer_is_asked_to_come_back_until_the_profile_is_made() {
    let service = start().await;
    let asha = service.customer();
    let answer = asha.get(ME).await.is(404);
    answer.problem("profile-not-ready");
    assert_eq!(answer.header("retry-after"), "1");
    asha.with("if-match", "\"v0\"").patch(ME, &json!({ "name": "A" })).await.is(404).problem("profile-not-ready");

    service.deliver(asha.id(), 1, &registration(&asha)).await;
    let profile: Profile = asha.get(ME).await.is(200).read();
    assert_eq!(
        (profile.name.as_str(), profile.email.as_str(), profile.email_verified),
        ("Asha Rao", "asha@example.in", false)
    );
}

#[tokio::test]
async fn a_profile_is_changed_by_whoever_has_read_it_as_it_is() {
    let service = start().await;
    let asha = registered(&service).await;
    let read = asha.get(ME).await.is(200);
    let tag = read.header("etag").to_owned();
    asha.with("if-none-match", &tag).get(ME).await.is(304);

    let reader = asha.with("if-match", &tag);
    asha.patch(ME, &json!({ "name": "Asha R." })).await.is(428);
    let changed = reader.patch(ME, &json!({ "name": "  Asha R. ", "phone": null })).await.is(200);
    let profile: Profile = changed.read();
    assert_eq!((profile.name.as_str(), profile.phone), ("Asha R.", None));
    assert_ne!(changed.header("etag"), tag);
    reader.patch(ME, &json!({ "name": "Somebody else" })).await.is(412).problem("stale-version");
    assert_eq!(asha.get(ME).await.read::<Profile>().name, "Asha R.");

    let told = service.publishes::<UserUpdated>(|event| event.user_id == asha.id()).await;
    assert_eq!(format!("\"v{}\"", told.version), changed.header("etag"));
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_names_the_field() {
    let service = start().await;
    let asha = registered(&service).await;
    let asha = asha.with("if-match", asha.get(ME).await.header("etag"));
    for (change, field) in [
        (json!({ "name": "  " }), "name"),
        (json!({ "name": "nul\u{0}" }), "name"),
        (json!({ "name": "a".repeat(101) }), "name"),
        (json!({ "phone": "98765" }), "phone"),
        (json!({ "email": "other@example.in" }), "email"),
    ] {
        let problem = asha.patch(ME, &change).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field, "{change}");
    }
}

#[tokio::test]
async fn the_events_of_an_account_make_the_same_profile_in_any_order_and_however_often() {
    let service = start().await;
    let asha = service.customer();
    service.deliver(asha.id(), 2, &EmailVerified { user_id: asha.id() }).await;
    asha.get(ME).await.is(404).problem("profile-not-ready");
    let id = service.deliver(asha.id(), 1, &registration(&asha)).await;
    assert!(asha.get(ME).await.is(200).read::<Profile>().email_verified);

    let tag = asha.get(ME).await.header("etag").to_owned();
    asha.with("if-match", &tag).patch(ME, &json!({ "name": "Asha R." })).await.is(200);
    service.deliver_as(id, asha.id(), 1, &registration(&asha)).await;
    service.deliver(asha.id(), 1, &registration(&asha)).await;
    assert_eq!(asha.get(ME).await.read::<Profile>().name, "Asha R.");
}

#[tokio::test]
async fn other_services_learn_how_to_reach_a_customer() {
    let service = start().await;
    let asha = registered(&service).await;
    let FoundContact::Found(contact) =
        service.call(ServiceName::Notification, &GetContact { user_id: asha.id() }).await
    else {
        panic!("the contact is there")
    };
    assert_eq!((contact.email.as_str(), contact.locale.as_str()), ("asha@example.in", "hi-IN"));
    assert!(!contact.marketing_consent && contact.quiet_hours.is_none());
    let nobody = GetContact { user_id: UserId::new() };
    assert!(matches!(service.call(ServiceName::Notification, &nobody).await, FoundContact::Absent));
    assert_eq!(service.try_call(ServiceName::Cart, &nobody).await.err().unwrap().status, 403);
}

#[tokio::test]
async fn staff_who_answer_customers_see_a_customer_and_nobody_else_does() {
    let service = start().await;
    let asha = registered(&service).await;
    let desk = format!("/api/v1/users/desk/{}", asha.id());
    for role in [Role::Support, Role::Operator, Role::Admin] {
        let shown = service.as_staff(role).get(&desk).await.is(200);
        assert_eq!(shown.json["profile"]["email"], "asha@example.in");
    }
    service.as_staff(Role::Merchandiser).get(&desk).await.is(403);
    asha.get(&desk).await.is(403);
    service.guest().get(&desk).await.is(401);
    service.guest().get(ME).await.is(401);
    service.as_staff(Role::Support).get(&format!("/api/v1/users/desk/{}", UserId::new())).await.is(404);
}
