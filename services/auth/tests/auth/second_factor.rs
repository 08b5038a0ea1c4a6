use contracts::auth::{Account, BackupCodes, CodePurpose, LoginOutcome, MfaChanged, TotpEnrolment, UserLocked};
use platform::clock::Clock;
use serde_json::json;
use testkit::service::{Answer, Person};
use totp_rs::{Builder, Secret};

use crate::world::{EMAIL, MINUTE, PASSWORD, World, logged_in, wrong};

const TOTP: &str = "/api/v1/auth/mfa/totp";
const CONFIRM: &str = "/api/v1/auth/mfa/totp/confirm";
const BACKUP_CODES: &str = "/api/v1/auth/mfa/backup-codes";

/// Somebody's authenticator.
pub struct Authenticator {
    secret: Secret,
    clock: Clock,
}

impl Authenticator {
    fn new(world: &World, enrolment: &TotpEnrolment) -> Self {
        let secret = Secret::try_from_base32(&enrolment.secret).unwrap();
        assert!(enrolment.uri.contains(&enrolment.secret));
        Authenticator { secret, clock: world.service.clock.clone() }
    }

    fn code(&self) -> String {
        let totp = Builder::new().with_secret(self.secret.clone()).build().unwrap();
        totp.generate(u64::try_from(self.clock.now().as_seconds()).unwrap()).to_string()
    }

    /// The code of a step that was not used.
    fn next_code(&self) -> String {
        self.clock.advance(MINUTE);
        self.code()
    }
}

/// With a second factor that was confirmed.
pub async fn protected(world: &World, person: &Person) -> (Authenticator, Vec<String>) {
    let enrolment: TotpEnrolment = person.post(TOTP, &json!({})).await.is(200).read();
    let authenticator = Authenticator::new(world, &enrolment);
    let answer = person.post(CONFIRM, &json!({ "code": authenticator.code() })).await.is(200);
    (authenticator, answer.read::<BackupCodes>().codes)
}

/// The first half of a log-in.
async fn mfa_token(world: &World) -> String {
    match world.try_login(EMAIL, PASSWORD).await.is(200).read() {
        LoginOutcome::MfaRequired { mfa_token, .. } => mfa_token,
        LoginOutcome::LoggedIn(_) => panic!("no second factor is asked for"),
    }
}

async fn second_half(world: &World, mfa_token: &str, code: &str) -> Answer {
    world.post("/login/mfa", json!({ "mfa_token": mfa_token, "code": code })).await
}

#[tokio::test]
async fn a_log_in_asks_for_the_second_factor_and_takes_each_code_once() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    let (authenticator, _) = protected(&world, &me).await;
    let changed = world.service.publishes::<MfaChanged>(|event| event.user_id == user).await;
    assert!(changed.data.enabled);

    let token = mfa_token(&world).await;
    second_half(&world, &token, &authenticator.code()).await.is(422).problem("code-refused");
    let code = authenticator.next_code();
    second_half(&world, &token, &wrong(&code)).await.is(422).problem("code-refused");
    let tokens = logged_in(&second_half(&world, &token, &code).await.is(200));
    second_half(&world, &token, &code).await.is(401).problem("login-expired");

    let token = mfa_token(&world).await;
    second_half(&world, &token, &code).await.is(422);
    let account: Account = world.with(&tokens).get("/api/v1/auth/me").await.is(200).read();
    assert!(account.mfa_enabled);
    assert_eq!(account.backup_codes_left, 10);
}

#[tokio::test]
async fn a_backup_code_is_good_once_and_until_there_are_new_ones() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    let (_, codes) = protected(&world, &me).await;
    assert_eq!(codes.len(), 10);
    let tokens = logged_in(&second_half(&world, &mfa_token(&world).await, &codes[0].to_lowercase()).await.is(200));
    second_half(&world, &mfa_token(&world).await, &codes[0]).await.is(422).problem("code-refused");
    let me = world.with(&tokens);
    let shown = me.get("/api/v1/auth/me").await.is(200);
    assert_eq!(shown.read::<Account>().backup_codes_left, 9);
    second_half(&world, &mfa_token(&world).await, &codes[2]).await.is(200);
    let shown = me.with("if-none-match", shown.header("etag")).get("/api/v1/auth/me").await.is(200);
    assert_eq!(shown.read::<Account>().backup_codes_left, 8, "not what was told before");

    let new: BackupCodes = me.post(BACKUP_CODES, &json!({})).await.is(200).read();
    let shown = me.with("if-none-match", shown.header("etag")).get("/api/v1/auth/me").await.is(200);
    assert_eq!(shown.read::<Account>().backup_codes_left, 10);
    me.with("if-none-match", shown.header("etag")).get("/api/v1/auth/me").await.is(304);
    second_half(&world, &mfa_token(&world).await, &codes[1]).await.is(422);
    second_half(&world, &mfa_token(&world).await, &new.codes[1]).await.is(200);
}

#[tokio::test]
async fn a_session_that_was_not_asked_for_the_second_factor_ends_with_its_coming() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    let thief = world.login(EMAIL).await;
    protected(&world, &me).await;
    world.with(&thief).delete(TOTP).await.is(401);
    world.with(&thief).get("/api/v1/auth/me").await.is(401);
    world.refresh(&thief.refresh_token).await.is(401).problem("session-over");
    assert!(me.get("/api/v1/auth/me").await.is(200).read::<Account>().mfa_enabled);
}

#[tokio::test]
async fn five_wrong_codes_lock_the_second_factor() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    let (authenticator, codes) = protected(&world, &me).await;
    let token = mfa_token(&world).await;
    let guess = wrong(&authenticator.next_code());
    for _ in 0..5 {
        second_half(&world, &token, &guess).await.is(422);
    }
    second_half(&world, &token, &codes[0]).await.is(429).problem("too-many-attempts");
    // The password, which is right, does not lift the lock.
    second_half(&world, &mfa_token(&world).await, &codes[0]).await.is(429);
    world.service.publishes::<UserLocked>(|event| event.user_id == user).await;
    world.service.clock.advance(MINUTE);
    second_half(&world, &token, &codes[0]).await.is(200);
}

#[tokio::test]
async fn a_half_log_in_expires_and_ends_with_the_password() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    let (authenticator, _) = protected(&world, &me).await;
    let token = mfa_token(&world).await;
    world.service.clock.advance(MINUTE * 5);
    second_half(&world, &token, &authenticator.code()).await.is(401).problem("login-expired");
    second_half(&world, "nonsense", &authenticator.code()).await.is(401).problem("login-expired");

    let token = mfa_token(&world).await;
    world.post("/password/forgot", json!({ "email": EMAIL })).await.is(202);
    let code = world.code(user, CodePurpose::ResetPassword).await;
    let reset = json!({ "email": EMAIL, "code": code, "new_password": "another mango in monsoon" });
    world.post("/password/reset", reset).await.is(204);
    second_half(&world, &token, &authenticator.next_code()).await.is(401).problem("login-expired");
    let outcome = world.try_login(EMAIL, "another mango in monsoon").await.is(200).read();
    assert!(matches!(outcome, LoginOutcome::MfaRequired { .. }), "a new password does not remove the second factor");
}

#[tokio::test]
async fn what_protects_an_account_is_changed_only_shortly_after_a_log_in() {
    let world = World::start().await;
    let (user, _, me) = world.member(EMAIL).await;
    me.delete(TOTP).await.is(404);
    me.post(BACKUP_CODES, &json!({})).await.is(409).problem("mfa-disabled");
    me.post(CONFIRM, &json!({ "code": "123456" })).await.is(404);
    let (authenticator, _) = protected(&world, &me).await;
    me.post(TOTP, &json!({})).await.is(409).problem("mfa-enabled");
    me.post(CONFIRM, &json!({ "code": "123456" })).await.is(409).problem("mfa-enabled");

    world.service.clock.advance(MINUTE * 11);
    me.get("/api/v1/auth/me").await.is(200);
    me.delete(TOTP).await.is(403).problem("login-too-old");
    me.post(TOTP, &json!({})).await.is(403).problem("login-too-old");
    me.post(BACKUP_CODES, &json!({})).await.is(403).problem("login-too-old");

    let token = mfa_token(&world).await;
    let tokens = logged_in(&second_half(&world, &token, &authenticator.next_code()).await.is(200));
    world.with(&tokens).delete(TOTP).await.is(204);
    world.service.publishes::<MfaChanged>(|event| event.user_id == user && !event.enabled).await;
    world.login(EMAIL).await;
}

#[tokio::test]
async fn nothing_is_asked_for_before_the_authenticator_is_confirmed() {
    let world = World::start().await;
    let (_, _, me) = world.member(EMAIL).await;
    let first: TotpEnrolment = me.post(TOTP, &json!({})).await.is(200).read();
    let second: TotpEnrolment = me.post(TOTP, &json!({})).await.is(200).read();
    assert_ne!(first.secret, second.secret);
    world.login(EMAIL).await;
    let replaced = Authenticator::new(&world, &first).code();
    me.post(CONFIRM, &json!({ "code": replaced })).await.is(422).problem("code-refused");
    me.post(CONFIRM, &json!({ "code": Authenticator::new(&world, &second).code() })).await.is(200);
}

#[tokio::test]
async fn who_registers_somebody_elses_address_cannot_protect_the_account_from_them() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let squatter = world.with(&world.login(EMAIL).await);
    squatter.post(TOTP, &json!({})).await.is(409).problem("email-not-verified");
    let phone = json!({ "phone": "+919876500000" });
    squatter.post("/api/v1/auth/phone", &phone).await.is(409).problem("email-not-verified");
}
