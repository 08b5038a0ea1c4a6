use contracts::auth::{
    Account, CodeChannel, CodePurpose, CodeRequested, CodeSent, GetConfirmedPhone, LoginOutcome, RevealedCode,
};
use serde_json::json;
use testkit::service::{Answer, Person};
use types::ServiceName;

use crate::second_factor;
use crate::world::{EMAIL, MINUTE, PHONE, World, essence, logged_in, wrong};

const SET: &str = "/api/v1/auth/phone";
const VERIFY: &str = "/api/v1/auth/phone/verify";

async fn revealed(world: &World, answer: &Answer) -> (CodeSent, String) {
    let sent: CodeSent = answer.read();
    match world.reveal(sent.reference).await {
        RevealedCode::Live { code, channel, destination, .. } => {
            assert_eq!((channel, destination.as_str()), (CodeChannel::Sms, PHONE));
            (sent, code)
        }
        RevealedCode::Gone => panic!("the code is not good"),
    }
}

/// Shows that the number is theirs.
async fn confirm_phone(world: &World, person: &Person) -> Answer {
    let answer = person.post(SET, &json!({ "phone": "98765 43210" })).await.is(202);
    let (sent, code) = revealed(world, &answer).await;
    person.post(VERIFY, &json!({ "reference": sent.reference, "code": code })).await
}

async fn request(world: &World) -> Answer {
    world.post("/login/phone", json!({ "phone": PHONE })).await
}

async fn login(world: &World, sent: &CodeSent, code: &str) -> Answer {
    world.post("/login/phone/verify", json!({ "reference": sent.reference, "code": code })).await
}

#[tokio::test]
async fn a_confirmed_number_logs_in_with_a_code() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    let before = world.version(&me).await;
    confirm_phone(&world, &me).await.is(204);
    let shown = me.with("if-none-match", before).get("/api/v1/auth/me").await.is(200);
    assert!(shown.read::<Account>().phone_verified, "which it was not told before");

    let answer = request(&world).await.is(202);
    let (sent, code) = revealed(&world, &answer).await;
    let event = world.service.publishes::<CodeRequested>(|event| event.reference == sent.reference).await;
    assert_eq!((event.data.user_id, event.data.purpose), (user, CodePurpose::LogIn));
    login(&world, &sent, &wrong(&code)).await.is(422).problem("code-refused");
    assert_eq!(logged_in(&login(&world, &sent, &code).await.is(200)).user_id, user);
    login(&world, &sent, &code).await.is(422).problem("code-refused");
}

#[tokio::test]
async fn a_number_that_somebody_only_typed_in_logs_nobody_in() {
    let world = World::start().await;
    let user = world.verified(EMAIL).await;
    let answer = request(&world).await.is(202);
    let sent: CodeSent = answer.read();
    assert!(matches!(world.reveal(sent.reference).await, RevealedCode::Gone), "nothing is sent");
    login(&world, &sent, "123456").await.is(422).problem("code-refused");
    let requested = world.service.publishes::<CodeRequested>(|event| event.user_id == user).await;
    assert_eq!(requested.data.purpose, CodePurpose::VerifyEmail);
}

#[tokio::test]
async fn a_known_and_an_unknown_number_look_the_same() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    let unknown = world.post("/login/phone", json!({ "phone": "+919999999999" })).await;
    let known = request(&world).await;
    assert_eq!((known.status, unknown.status), (202, 202));
    let [known, unknown] = [known.read::<CodeSent>(), unknown.read::<CodeSent>()];
    for _ in 0..6 {
        let [known, unknown] = [login(&world, &known, "000000").await, login(&world, &unknown, "000000").await];
        // One in a million codes is this one.
        assert_eq!(essence(&known), essence(&unknown));
    }
}

#[tokio::test]
async fn many_guesses_at_once_are_still_five() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    // The first round opens the service's connections, so that those of the second really meet.
    for _ in 0..2 {
        let (sent, code) = revealed(&world, &request(&world).await.is(202)).await;
        let code: u32 = code.parse().unwrap();
        let guesses: Vec<_> = (1..=30)
            .map(|n| {
                let guess = json!({ "reference": sent.reference, "code": format!("{:06}", (code + n) % 1_000_000) });
                let guest = world.guest.clone();
                tokio::spawn(async move { guest.post("/api/v1/auth/login/phone/verify", &guess).await.status })
            })
            .collect();
        for guess in guesses {
            assert_eq!(guess.await.unwrap(), 422);
        }
        let attempts = sqlx::query_scalar("SELECT attempts FROM code WHERE reference = $1").bind(sent.reference.0);
        let attempts: i16 = attempts.fetch_one(&world.service.pool).await.unwrap();
        assert_eq!(attempts, 5);
    }
}

#[tokio::test]
async fn a_stranger_who_asks_for_a_code_takes_nothing_from_the_owners() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    let (owners, code) = revealed(&world, &request(&world).await.is(202)).await;
    let (strangers, other) = revealed(&world, &request(&world).await.is(202)).await;
    for _ in 0..5 {
        login(&world, &strangers, &wrong(&other)).await.is(422);
    }
    login(&world, &strangers, &other).await.is(422).problem("code-refused");
    assert_eq!(logged_in(&login(&world, &owners, &code).await.is(200)).user_id, user);
}

#[tokio::test]
async fn a_code_by_sms_is_good_for_ten_minutes() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    let (sent, code) = revealed(&world, &request(&world).await.is(202)).await;
    world.service.clock.advance(MINUTE * 10);
    login(&world, &sent, &code).await.is(422).problem("code-refused");
}

#[tokio::test]
async fn only_a_confirmed_number_is_told_to_the_notification_service() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    let call = GetConfirmedPhone { user_id: user };
    let number = async || world.service.call(ServiceName::Notification, &call).await.phone;
    assert_eq!(me.get("/api/v1/auth/me").await.read::<Account>().phone.as_deref(), Some(PHONE));
    assert_eq!(number().await, None, "anybody may have typed it in");
    confirm_phone(&world, &me).await.is(204);
    assert_eq!(number().await.as_deref(), Some(PHONE));
    let refused = world.service.try_call(ServiceName::Order, &call).await.err().unwrap();
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_number_belongs_to_one_account_and_a_code_to_who_asked_for_it() {
    let world = World::start().await;
    let (_, _, asha) = world.member(EMAIL).await;
    confirm_phone(&world, &asha).await.is(204);
    let (_, _, ravi) = world.member("ravi@example.in").await;
    confirm_phone(&world, &ravi).await.is(409).problem("phone-taken");

    let answer = asha.post(SET, &json!({ "phone": PHONE })).await.is(202);
    let (sent, code) = revealed(&world, &answer).await;
    let confirmation = json!({ "reference": sent.reference, "code": code });
    ravi.post(VERIFY, &confirmation).await.is(422).problem("code-refused");
    login(&world, &sent, &code).await.is(422).problem("code-refused");
    asha.post(VERIFY, &confirmation).await.is(204);
}

#[tokio::test]
async fn a_code_does_not_log_in_to_an_account_that_gave_up_the_number() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    let answer = request(&world).await.is(202);
    let (sent, code) = revealed(&world, &answer).await;
    let give_up = "UPDATE account SET phone = '+919876500000'";
    sqlx::query(give_up).execute(&world.service.pool).await.unwrap();
    login(&world, &sent, &code).await.is(401).problem("login-expired");
}

#[tokio::test]
async fn what_is_no_number_is_refused() {
    let world = World::start().await;
    let problem = world.post("/login/phone", json!({ "phone": "5555555555" })).await.is(422).problem("invalid-fields");
    assert_eq!(problem.errors[0].field, "phone");
}

#[tokio::test]
async fn an_account_has_codes_sent_to_a_few_numbers_only() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    let mut answers = Vec::new();
    // A new window may begin in between: then there are five more.
    for n in 0..11 {
        answers.push(me.post(SET, &json!({ "phone": format!("+9198765000{n:02}") })).await.status);
    }
    assert_eq!(answers[..5], [202; 5]);
    assert!(answers.contains(&429), "{answers:?}");
}

#[tokio::test]
async fn a_log_in_by_phone_asks_for_the_second_factor_too() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    confirm_phone(&world, &me).await.is(204);
    second_factor::protected(&world, &me).await;
    let answer = request(&world).await.is(202);
    let (sent, code) = revealed(&world, &answer).await;
    let outcome = login(&world, &sent, &code).await.is(200).read();
    assert!(matches!(outcome, LoginOutcome::MfaRequired { .. }));
}
