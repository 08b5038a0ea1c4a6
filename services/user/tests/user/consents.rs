use contracts::user::{ConsentChanged, ConsentKind, Consents, FoundContact, GetContact};
use serde_json::json;
use types::ServiceName;

use crate::{registered, start};

const CONSENTS: &str = "/api/v1/users/me/consents";

#[tokio::test]
async fn a_consent_is_given_taken_back_and_remembered() {
    let service = start().await;
    let asha = registered(&service).await;
    let marketing = format!("{CONSENTS}/marketing");
    let before: Consents = asha.get(CONSENTS).await.is(200).read();
    assert!(before.consents.iter().all(|consent| !consent.granted && consent.changed_at.is_none()));

    let agrees = async || match service.call(ServiceName::Notification, &GetContact { user_id: asha.id() }).await {
        FoundContact::Found(contact) => contact.marketing_consent,
        FoundContact::Absent => panic!("the contact is there"),
    };
    assert!(!agrees().await);
    for granted in [true, true, false] {
        asha.put(&marketing, &json!({ "granted": granted })).await.is(200);
        assert_eq!(agrees().await, granted);
    }
    let after: Consents = asha.get(CONSENTS).await.read();
    let history: Vec<_> = after.history.iter().map(|change| (change.consent, change.granted)).collect();
    assert_eq!(history, [(ConsentKind::Marketing, true), (ConsentKind::Marketing, false)]);

    service.publishes::<ConsentChanged>(|event| !event.granted).await;
    let told: Vec<_> = service.published::<ConsentChanged>().await;
    assert_eq!(told.iter().map(|event| event.data.granted).collect::<Vec<_>>(), [true, false]);
    assert!(told[0].version < told[1].version);
    asha.put(&format!("{CONSENTS}/everything"), &json!({ "granted": true })).await.is(400);
}

#[tokio::test]
async fn what_was_agreed_to_cannot_be_rewritten() {
    let service = start().await;
    let asha = service.customer();
    asha.put(&format!("{CONSENTS}/marketing"), &json!({ "granted": true })).await.is(200);
    for sql in ["UPDATE consent_change SET granted = false", "DELETE FROM consent_change"] {
        let error = sqlx::query(sql).execute(&service.pool).await.unwrap_err().to_string();
        assert!(error.contains("consent_change is append-only"), "{error}");
    }
}
