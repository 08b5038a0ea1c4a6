use serde_json::json;
use types::{Role, SessionId, UserId};

use super::*;
use crate::clock::Clock;

struct World {
    clock: Clock,
    key: SigningKey,
    auth: Auth,
    verifier: UserTokenVerifier,
}

fn world() -> World {
    let (clock, key) = (Clock::system(), SigningKey::generate().unwrap());
    let auth = Auth::with_key(&key);
    let verifier = UserTokenVerifier::new(auth.clone(), clock.clone());
    World { clock, key, auth, verifier }
}

impl World {
    fn token(&self, key: &SigningKey) -> String {
        let tokens = UserTokens::new(key.clone(), self.clock.clone());
        tokens.issue(UserId::new(), SessionId::new(), &[Role::Customer]).unwrap().token.into_exposed()
    }

    fn claims(&self) -> Value {
        let now = self.clock.now().as_seconds();
        json!({ "iss": "haat-auth", "aud": "haat", "sub": UserId::new(), "sid": SessionId::new(), "roles": ["admin"],
                "iat": now, "exp": now + 900, "jti": uuid::Uuid::now_v7() })
    }

    async fn refusal(&self, token: &str) -> IdentityError {
        self.verifier.verify(token).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_token_says_who_it_is_about() {
    let world = world();
    let (user, session) = (UserId::new(), SessionId::new());
    let tokens = UserTokens::new(world.key.clone(), world.clock.clone());
    let issued = tokens.issue(user, session, &[Role::Customer, Role::Support]).unwrap();
    assert_eq!(format!("{:?}", issued.token), "[secret]");
    for _ in 0..2 {
        let claims = world.verifier.verify(issued.token.expose()).await.unwrap();
        assert_eq!((claims.user, claims.session), (user, session));
        assert_eq!(*claims.roles, [Role::Customer, Role::Support]);
        assert_eq!(claims.expires, issued.expires.as_seconds());
    }
    assert_eq!(world.auth.asked(), 1);
}

#[tokio::test]
async fn the_algorithm_is_not_the_tokens_to_choose() {
    let world = world();
    let public = world.key.public_jwk();
    let x = serde_json::to_value(&public).unwrap()["x"].as_str().unwrap().to_owned();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some(world.key.id().to_owned());
    for secret in [URL_SAFE_NO_PAD.decode(&x).unwrap(), x.into_bytes()] {
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
        assert_eq!(world.refusal(&token).await, IdentityError::Invalid);
    }
    for algorithm in ["none", "None", "NONE", "ES256"] {
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": world.key.id() });
        assert_eq!(world.refusal(&assembled(&header, &world.claims(), b"")).await, IdentityError::Invalid);
    }
}

#[tokio::test]
async fn another_issuer_or_audience_is_refused() {
    let world = world();
    assert!(world.verifier.verify(&signed(&world.key, &world.claims())).await.is_ok());
    let changes = [
        ("iss", json!("auth")),
        ("iss", json!(null)),
        ("iss", json!(["haat-auth", "x"])),
        ("aud", json!("product")),
        ("aud", json!(["haat", "product"])),
        ("sub", json!("admin")),
        ("roles", json!(["king"])),
        ("exp", json!(null)),
    ];
    for (name, value) in changes {
        let mut claims = world.claims();
        claims[name] = value.clone();
        assert_eq!(world.refusal(&signed(&world.key, &claims)).await, IdentityError::Invalid, "{name}: {value}");
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(world.refusal(&signed(&world.key, &claims)).await, IdentityError::Invalid, "without {name}");
    }
}

#[tokio::test]
async fn a_forged_or_altered_token_is_refused() {
    let world = world();
    let good = world.token(&world.key);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let header = good.split('.').next().unwrap();
    let altered = URL_SAFE_NO_PAD.encode(world.claims().to_string());
    let stranger = SigningKey::generate().unwrap();
    let by_stranger = signed(&stranger, &world.claims());
    let stranger_signature = by_stranger.rsplit_once('.').unwrap().1;
    let forged = [
        format!("{header}.{altered}.{signature}"),
        format!("{head}.{stranger_signature}"),
        format!("{head}."),
        head.to_owned(),
        "..".to_owned(),
        String::new(),
        "x".repeat(100_000),
    ];
    for token in forged {
        assert_eq!(world.refusal(&token).await, IdentityError::Invalid, "{token:.80}");
    }
    let critical = json!({ "alg": "EdDSA", "kid": world.key.id(), "crit": ["b64"], "b64": false });
    assert_eq!(world.refusal(&assembled(&critical, &world.claims(), &[0; 64])).await, IdentityError::Invalid);
}

#[tokio::test]
async fn a_token_expires_on_our_clock_also_when_it_was_seen_before() {
    let world = world();
    let (seen, unseen) = (world.token(&world.key), world.token(&world.key));
    assert!(world.verifier.verify(&seen).await.is_ok());
    world.clock.advance(ACCESS_TOKEN_LIFE + Duration::from_secs(20));
    assert!(world.verifier.verify(&seen).await.is_ok(), "clocks may differ by half a minute");
    world.clock.advance(Duration::from_secs(15));
    assert_eq!(world.refusal(&seen).await, IdentityError::Expired);
    assert_eq!(world.refusal(&unseen).await, IdentityError::Expired);
}

#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let world = world();
    let mut claims = world.claims();
    claims["iat"] = json!(world.clock.now().as_seconds() + 120);
    assert_eq!(world.refusal(&signed(&world.key, &claims)).await, IdentityError::Invalid);
}

#[tokio::test]
async fn a_new_key_is_accepted_without_a_restart() {
    let world = world();
    let old = world.token(&world.key);
    assert!(world.verifier.verify(&old).await.is_ok());
    let next = SigningKey::generate().unwrap();
    let new = world.token(&next);
    assert_eq!(world.refusal(&new).await, IdentityError::Invalid);
    world.auth.publish(&[&world.key, &next]);
    world.clock.advance(Duration::from_secs(4));
    assert!(world.verifier.verify(&new).await.is_ok());
    assert!(world.verifier.verify(&old).await.is_ok());
}

#[tokio::test]
async fn a_key_that_was_withdrawn_ends_the_tokens_it_signed() {
    let world = world();
    let old = world.token(&world.key);
    assert!(world.verifier.verify(&old).await.is_ok());
    let next = SigningKey::generate().unwrap();
    world.auth.publish(&[&next]);
    world.clock.advance(Duration::from_secs(6 * 60));
    eventually(async || world.verifier.verify(&old).await == Err(IdentityError::Invalid)).await;
    assert!(world.verifier.verify(&world.token(&next)).await.is_ok());
}

#[tokio::test]
async fn made_up_keys_do_not_make_us_storm_auth() {
    let world = world();
    assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
    for _ in 0..50 {
        let stranger = SigningKey::generate().unwrap();
        assert_eq!(world.refusal(&world.token(&stranger)).await, IdentityError::Invalid);
    }
    assert_eq!(world.auth.asked(), 1);
}

#[tokio::test]
async fn many_requests_at_once_ask_auth_once() {
    let world = world();
    let tokens: Vec<_> = (0..20).map(|_| world.token(&world.key)).collect();
    let verified = futures::future::join_all(tokens.iter().map(|token| world.verifier.verify(token))).await;
    assert!(verified.iter().all(Result::is_ok), "{verified:?}");
    assert_eq!(world.auth.asked(), 1);
}

#[tokio::test]
async fn while_auth_is_unreachable_known_keys_keep_working() {
    let world = world();
    assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
    world.auth.cut_off(true);
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(10 * 60));
        let before = world.auth.asked();
        assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
        eventually(async || world.auth.asked() > before).await;
    }
    let next = SigningKey::generate().unwrap();
    assert_eq!(world.refusal(&world.token(&next)).await, IdentityError::KeysUnavailable);
    world.auth.publish(&[&world.key, &next]);
    world.auth.cut_off(false);
    world.clock.advance(Duration::from_secs(2));
    assert!(world.verifier.verify(&world.token(&next)).await.is_ok());
}

#[tokio::test]
async fn a_service_that_starts_before_auth_does_not_call_good_tokens_bad() {
    let world = world();
    world.auth.cut_off(true);
    let token = world.token(&world.key);
    assert_eq!(world.refusal(&token).await, IdentityError::KeysUnavailable);
    assert_eq!(Problem::from(IdentityError::KeysUnavailable).status, 503);
    world.auth.cut_off(false);
    world.clock.advance(Duration::from_secs(2));
    assert!(world.verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn an_empty_key_set_does_not_replace_the_keys() {
    let world = world();
    assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
    world.auth.publish(&[]);
    world.clock.advance(Duration::from_secs(6 * 60));
    assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
    eventually(async || world.auth.asked() == 2).await;
    assert!(world.verifier.verify(&world.token(&world.key)).await.is_ok());
}
