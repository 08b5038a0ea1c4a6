//! What most tests begin with.

use std::time::Duration;

use contracts::auth::{CodePurpose, LoginOutcome, Registered, RevealCode, RevealedCode, Tokens};
use serde_json::{Value, json};
use testkit::service::{Answer, Person, Setup, TestService};
use types::{CodeReference, ServiceName, UserId};

pub const EMAIL: &str = "asha@example.in";
pub const PASSWORD: &str = "a mango in monsoon";
pub const PHONE: &str = "+919876543210";

pub const MINUTE: Duration = Duration::from_secs(60);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Hashing passwords is slow on purpose; tests need not wait for it.
pub fn setup() -> Setup {
    TestService::of(auth_service::service()).env("AUTH_ARGON2_MEMORY_KIB", 64).env("AUTH_ARGON2_PASSES", 1)
}

pub struct World {
    pub service: TestService,
    pub guest: Person,
}

impl World {
    pub async fn start() -> Self {
        Self::of(setup()).await
    }

    pub async fn of(setup: Setup) -> Self {
        let service = setup.start().await;
        let guest = service.guest();
        World { service, guest }
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.guest.post(&format!("/api/v1/auth{path}"), &body).await
    }

    pub async fn register(&self, email: &str) -> UserId {
        let new = json!({ "name": "Asha Rao", "email": email, "phone": PHONE, "password": PASSWORD });
        self.post("/register", new).await.is(201).read::<Registered>().user_id
    }

    /// Registered, and with a verified e-mail address.
    pub async fn verified(&self, email: &str) -> UserId {
        let user = self.register(email).await;
        let code = self.code(user, CodePurpose::VerifyEmail).await;
        self.post("/verify-email", json!({ "email": email, "code": code })).await.is(204);
        user
    }

    pub async fn try_login(&self, email: &str, password: &str) -> Answer {
        self.post("/login", json!({ "email": email, "password": password, "device": "a test" })).await
    }

    /// The tokens of a log-in without a second factor.
    pub async fn login(&self, email: &str) -> Tokens {
        logged_in(&self.try_login(email, PASSWORD).await.is(200))
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/refresh", json!({ "refresh_token": token })).await
    }

    /// Somebody with these tokens.
    pub fn with(&self, tokens: &Tokens) -> Person {
        self.guest.with("authorization", format!("Bearer {}", tokens.access_token))
    }

    /// Verified and logged in.
    pub async fn member(&self, email: &str) -> (UserId, Tokens, Person) {
        let user = self.verified(email).await;
        let tokens = self.login(email).await;
        let person = self.with(&tokens);
        (user, tokens, person)
    }

    /// The reference of the newest code that somebody was sent.
    pub async fn reference(&self, user: UserId, purpose: CodePurpose) -> CodeReference {
        let newest =
            "SELECT reference FROM code WHERE account_id = $1 AND purpose = $2 ORDER BY created_at DESC LIMIT 1";
        let reference = sqlx::query_scalar(newest).bind(user.0).bind(purpose.as_str());
        CodeReference(reference.fetch_one(&self.service.pool).await.expect("a code was sent"))
    }

    /// The newest code that somebody was sent.
    pub async fn code(&self, user: UserId, purpose: CodePurpose) -> String {
        match self.reveal(self.reference(user, purpose).await).await {
            RevealedCode::Live { code, .. } => code,
            RevealedCode::Gone => panic!("the code is not good any more"),
        }
    }

    /// What the account's owner sees of it has this version.
    pub async fn version(&self, person: &Person) -> String {
        person.get("/api/v1/auth/me").await.is(200).header("etag").to_owned()
    }

    pub async fn reveal(&self, reference: CodeReference) -> RevealedCode {
        self.service.call(ServiceName::Notification, &RevealCode { reference }).await
    }
}

#[track_caller]
pub fn logged_in(answer: &Answer) -> Tokens {
    match answer.read() {
        LoginOutcome::LoggedIn(tokens) => tokens,
        LoginOutcome::MfaRequired { .. } => panic!("a second factor is asked for"),
    }
}

/// Another code of the same kind.
pub fn wrong(code: &str) -> String {
    match code.parse::<u32>() {
        Ok(number) => format!("{:06}", (number + 1) % 1_000_000),
        Err(_) => format!("{}{}", if code.starts_with('A') { 'B' } else { 'A' }, &code[1..]),
    }
}

/// A problem without what differs from request to request.
pub fn essence(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status, body)
}
