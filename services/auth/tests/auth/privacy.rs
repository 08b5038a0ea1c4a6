use std::io;
use std::sync::{Arc, Mutex};

use contracts::Event;
use contracts::auth::{
    CodePurpose, CodeRequested, EmailVerified, LoginSuspicious, PasswordChanged, TotpEnrolment, UserLocked,
};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{EMAIL, PASSWORD, PHONE, World, wrong};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;
    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

async fn payloads<E: Event>(world: &World) -> Vec<String> {
    let events = world.service.published::<E>().await;
    events.iter().map(|event| serde_json::to_string(&event.data).unwrap()).collect()
}

#[tokio::test]
async fn neither_logs_nor_events_carry_secrets_or_addresses() {
    let log = Log::default();
    // The most that can be switched on.
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).init();
    let world = World::start().await;
    let (user, tokens, me) = world.member(EMAIL).await;
    let enrolment: TotpEnrolment = me.post("/api/v1/auth/mfa/totp", &json!({})).await.is(200).read();
    me.post("/api/v1/auth/phone", &json!({ "phone": PHONE })).await.is(202);
    world.refresh(&tokens.refresh_token).await.is(200);
    world.refresh(&tokens.refresh_token).await.is(401);
    world.post("/password/forgot", json!({ "email": EMAIL })).await.is(202);
    let code = world.code(user, CodePurpose::ResetPassword).await;
    let sms = world.code(user, CodePurpose::VerifyPhone).await;
    let reset = |code: String| json!({ "email": EMAIL, "code": code, "new_password": "another mango in monsoon" });
    world.post("/password/reset", reset(wrong(&code))).await.is(422);
    world.post("/password/reset", reset(code.clone())).await.is(204);
    for _ in 0..5 {
        world.try_login(EMAIL, PASSWORD).await.is(401);
    }
    world.service.publishes::<UserLocked>(|event| event.user_id == user).await;

    let mut events = payloads::<CodeRequested>(&world).await;
    events.extend(payloads::<EmailVerified>(&world).await);
    events.extend(payloads::<PasswordChanged>(&world).await);
    events.extend(payloads::<UserLocked>(&world).await);
    events.extend(payloads::<LoginSuspicious>(&world).await);
    assert!(events.len() >= 6, "{events:?}");
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("answered"), "the log was caught");
    let ours = log.lines().filter(|line| !line.contains("rustls")).collect::<Vec<_>>().join("\n");
    for (what, secret) in [
        ("e-mail address", EMAIL),
        ("phone number", PHONE),
        ("password", PASSWORD),
        ("new password", "another mango"),
        ("access token", &tokens.access_token[30..]),
        ("refresh token", &tokens.refresh_token[22..]),
        ("authenticator's secret", &enrolment.secret),
    ] {
        if let Some(line) = ours.lines().find(|line| line.contains(secret)) {
            panic!("the log tells the {what}: {line}");
        }
        assert!(events.iter().all(|event| !event.contains(secret)), "an event tells the {what}");
    }
    assert!(!ours.contains(&code) && events.iter().all(|event| !event.contains(&code)), "a mailed code is told");
    // Six digits may stand in any number; a code would stand by itself.
    let tells = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == sms);
    assert!(events.iter().all(|event| !tells(event)), "an event tells a code");
    assert!(!ours.lines().any(|line| line.contains("code") && tells(line)), "the log tells a code");
}
