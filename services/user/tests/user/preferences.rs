use contracts::user::{Channel, FoundContact, GetContact, Locale, Preferences, QuietHours, UserUpdated};
use serde_json::json;
use types::ServiceName;

use crate::{registered, start};

const PREFERENCES: &str = "/api/v1/users/me/preferences";

#[tokio::test]
async fn preferences_begin_with_the_accounts_language_and_reach_whoever_writes_to_the_customer() {
    let service = start().await;
    let asha = registered(&service).await;
    let before: Preferences = asha.get(PREFERENCES).await.is(200).read();
    assert_eq!(before, Preferences { locale: Locale::Hindi, ..Preferences::default() });

    let written = json!({ "locale": "te-IN", "muted_channels": ["sms", "email", "sms"], "quiet_hours": { "from": 1320, "to": 420 } });
    let after: Preferences = asha.put(PREFERENCES, &written).await.is(200).read();
    assert_eq!(after.muted_channels, [Channel::Email, Channel::Sms]);
    assert_eq!(after.quiet_hours, Some(QuietHours { from: 1320, to: 420 }));
    assert_eq!(asha.get(PREFERENCES).await.read::<Preferences>(), after);

    let FoundContact::Found(contact) =
        service.call(ServiceName::Notification, &GetContact { user_id: asha.id() }).await
    else {
        panic!("the contact is there")
    };
    assert_eq!((contact.locale.as_str(), contact.quiet_hours), ("te-IN", Some((1320, 420))));
    assert_eq!(contact.muted_channels, ["email", "sms"]);
    service.publishes::<UserUpdated>(|event| event.user_id == asha.id()).await;
}

#[tokio::test]
async fn a_choice_that_was_made_before_the_account_was_heard_of_stays() {
    let service = start().await;
    let asha = service.customer();
    asha.put(PREFERENCES, &json!({ "locale": "en-IN" })).await.is(200);
    service.deliver(asha.id(), 1, &crate::registration(&asha)).await;
    assert_eq!(asha.get(PREFERENCES).await.read::<Preferences>().locale, Locale::English);
}

#[tokio::test]
async fn preferences_that_cannot_be_are_refused_by_field() {
    let service = start().await;
    let asha = service.customer();
    for (written, field) in [
        (json!({ "locale": "fr-FR" }), "locale"),
        (json!({ "locale": "en-IN", "muted_channels": ["pigeon"] }), "muted_channels[0]"),
        (json!({ "locale": "en-IN", "quiet_hours": { "from": 1440, "to": 0 } }), "quiet_hours.from"),
        (json!({ "locale": "en-IN", "quiet_hours": { "from": 60, "to": 60 } }), "quiet_hours.to"),
    ] {
        let problem = asha.put(PREFERENCES, &written).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field, "{written}");
    }
}
