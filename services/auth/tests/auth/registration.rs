use contracts::auth::{
    Account, CodeChannel, CodePurpose, CodeRequested, EmailVerified, RevealCode, RevealedCode, UserRegistered,
};
use serde_json::json;
use types::{CodeReference, Role, ServiceName};

use crate::world::{EMAIL, MINUTE, PASSWORD, PHONE, World, essence, wrong};

#[tokio::test]
async fn a_new_account_is_announced_verified_by_its_code_and_usable() {
    let world = World::start().await;
    let user = world.register("Asha@Example.in").await;

    let registered = world.service.publishes::<UserRegistered>(|event| event.user_id == user).await;
    assert_eq!((registered.subject, registered.version), (user.to_string(), 1));
    let data = registered.data;
    assert_eq!((data.name.as_str(), data.email.as_str(), data.locale.as_str()), ("Asha Rao", EMAIL, "en-IN"));
    assert_eq!(data.phone.as_deref(), Some(PHONE));

    let requested = world.service.publishes::<CodeRequested>(|event| event.user_id == user).await;
    assert_eq!((requested.data.purpose, requested.data.channel), (CodePurpose::VerifyEmail, CodeChannel::Email));
    assert_eq!(requested.version, 2);
    let RevealedCode::Live { code, destination, .. } = world.reveal(requested.data.reference).await else {
        panic!("the code is good");
    };
    assert_eq!(destination, EMAIL);

    let before = world.login(EMAIL).await;
    assert!(!before.email_verified, "one may log in before, and is told");
    world.post("/verify-email", json!({ "email": EMAIL, "code": code })).await.is(204);
    let verified = world.service.publishes::<EmailVerified>(|event| event.user_id == user).await;
    assert_eq!(verified.version, 3);

    let tokens = world.login(EMAIL).await;
    assert!(tokens.email_verified);
    assert_eq!((tokens.user_id, tokens.roles.as_slice()), (user, [Role::Customer].as_slice()));
    let account: Account = world.with(&tokens).get("/api/v1/auth/me").await.is(200).read();
    assert_eq!((account.email.as_str(), account.phone.as_deref()), (EMAIL, Some(PHONE)));
    assert!(account.email_verified && !account.phone_verified && !account.mfa_enabled);
}

#[tokio::test]
async fn a_repeated_registration_gets_the_first_answer() {
    let world = World::start().await;
    let client = world.guest.with("idempotency-key", "one");
    let new = json!({ "name": "Asha", "email": EMAIL, "password": PASSWORD });
    let first = client.post("/api/v1/auth/register", &new).await.is(201);
    let again = client.post("/api/v1/auth/register", &new).await.is(201);
    assert_eq!(first.json, again.json);
    assert_eq!(world.service.published::<UserRegistered>().await.len(), 1);
    let other = json!({ "name": "Asha", "email": "ravi@example.in", "password": PASSWORD });
    client.post("/api/v1/auth/register", &other).await.is(201);
}

#[tokio::test]
async fn an_address_has_one_account_however_it_is_spelt() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let again = json!({ "name": "A", "email": "ASHA@example.IN", "password": PASSWORD });
    world.post("/register", again).await.is(409).problem("email-taken");
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_told_by_field() {
    let world = World::start().await;
    let good = json!({ "name": "Asha", "email": EMAIL, "phone": PHONE, "password": PASSWORD, "locale": "hi-IN" });
    for (field, value) in [
        ("name", " "),
        ("name", "Asha\u{0}Rao"),
        ("email", "asha.example.in"),
        ("phone", "12345678"),
        ("password", "short"),
        ("password", "password123"),
        ("password", EMAIL),
        ("locale", "hi_IN; DROP"),
        ("role", "admin"),
    ] {
        let mut new = good.clone();
        new[field] = value.into();
        let problem = world.post("/register", new).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field, "{problem}");
        assert!(!format!("{problem}").contains("password123"));
    }
    world.post("/register", good).await.is(201);
}

#[tokio::test]
async fn a_code_is_used_once_and_however_it_was_typed() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let code = world.code(user, CodePurpose::VerifyEmail).await;
    let verify = |code: String| world.post("/verify-email", json!({ "email": EMAIL, "code": code }));
    verify(wrong(&code)).await.is(422).problem("code-refused");
    verify(code.to_lowercase().replace('-', " ")).await.is(204);
    verify(code).await.is(422).problem("code-refused");
    assert_eq!(world.service.publishes::<EmailVerified>(|_| true).await.data.user_id, user);
}

#[tokio::test]
async fn a_code_that_is_sent_twice_at_once_verifies_once() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let code = world.code(user, CodePurpose::VerifyEmail).await;
    let verify = || world.post("/verify-email", json!({ "email": EMAIL, "code": code }));
    let answers = tokio::join!(verify(), verify(), verify());
    let mut statuses = [answers.0.status, answers.1.status, answers.2.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422, 422]);
}

#[tokio::test]
async fn a_code_by_mail_is_good_for_an_hour_and_so_are_those_that_follow() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let first = world.code(user, CodePurpose::VerifyEmail).await;
    world.service.clock.advance(MINUTE * 59);
    world.post("/verify-email/resend", json!({ "email": EMAIL })).await.is(202);
    let second = world.code(user, CodePurpose::VerifyEmail).await;
    assert_ne!(first, second);
    let verify = |code: &str| world.post("/verify-email", json!({ "email": EMAIL, "code": code }));
    verify(&wrong(&first)).await.is(422);
    world.service.clock.advance(MINUTE);
    verify(&first).await.is(422).problem("code-refused");
    verify(&second).await.is(204);
    let reference = world.reference(user, CodePurpose::VerifyEmail).await;
    assert!(matches!(world.reveal(reference).await, RevealedCode::Gone), "it was used");
}

#[tokio::test]
async fn nobody_can_stop_a_sign_up_by_asking_for_codes_before() {
    let world = World::start().await;
    for path in ["/verify-email/resend", "/password/forgot"] {
        for _ in 0..5 {
            world.post(path, json!({ "email": EMAIL })).await.is(202);
        }
        world.post(path, json!({ "email": EMAIL })).await.is(429);
    }
    world.verified(EMAIL).await;
}

#[tokio::test]
async fn nobody_learns_from_a_code_request_who_has_an_account() {
    let world = World::start().await;
    world.register(EMAIL).await;
    for path in ["/verify-email/resend", "/password/forgot"] {
        // Five an hour to each address; the registration has sent one.
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            known.push(essence(&world.post(path, json!({ "email": EMAIL })).await));
            unknown.push(essence(&world.post(path, json!({ "email": "nobody@example.in" })).await));
        }
        assert_eq!(known[..4], unknown[..4], "{path}");
        assert_eq!(known[5], unknown[5], "{path}");
        assert_eq!((known[0].0, known[5].0), (202, 429));
        world.service.clock.advance(MINUTE * 60 * 25);
    }
    let refused = world.post("/verify-email", json!({ "email": "nobody@example.in", "code": "123456" })).await;
    let known = world.post("/verify-email", json!({ "email": EMAIL, "code": "123456" })).await;
    assert_eq!(essence(&refused), essence(&known));
}

#[tokio::test]
async fn only_the_notification_service_is_told_a_code() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let reference = world.reference(user, CodePurpose::VerifyEmail).await;
    let call = RevealCode { reference };
    let refused = world.service.try_call(ServiceName::Order, &call).await.err().unwrap();
    assert_eq!(refused.status, 403);
    assert_eq!(world.guest.post("/internal/v1/reveal-code", &call).await.status, 401);
    assert!(matches!(world.reveal(CodeReference::new()).await, RevealedCode::Gone));
    assert!(matches!(world.reveal(reference).await, RevealedCode::Live { .. }));
}
