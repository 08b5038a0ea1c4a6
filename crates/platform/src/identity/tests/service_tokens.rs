use serde_json::json;
use types::ServiceName::{self, Auth as AuthService, Cart, Order, Product};

use super::*;
use crate::clock::Clock;
use crate::env::Env;

fn verifier(document: &str, clock: &Clock) -> ServiceTokenVerifier {
    ServiceTokenVerifier::new(ServiceKeys::from_document(document, clock).unwrap(), clock.clone())
}

fn claims(clock: &Clock, caller: ServiceName, callee: ServiceName) -> Value {
    let now = clock.now().as_seconds();
    json!({ "iss": caller, "aud": callee, "iat": now, "exp": now + 60 })
}

#[tokio::test]
async fn a_token_names_its_signer_and_opens_one_callee() {
    let (clock, key) = (Clock::system(), SigningKey::generate().unwrap());
    let verifier = verifier(&ServiceKeys::document([(Cart, &key)]), &clock);
    let token = ServiceTokens::new(Cart, key, clock).token_for(Product).unwrap();
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, Product).await, Ok(Cart));
        assert_eq!(verifier.verify(&token, Order).await, Err(IdentityError::Invalid), "replayed to another callee");
    }
}

#[tokio::test]
async fn no_service_can_speak_for_another() {
    let clock = Clock::system();
    let (cart, order) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let verifier = verifier(&ServiceKeys::document([(Cart, &cart), (Order, &order)]), &clock);
    let forged = signed(&cart, &claims(&clock, Order, Product));
    assert_eq!(verifier.verify(&forged, Product).await, Err(IdentityError::Invalid));
    let stranger = signed(&SigningKey::generate().unwrap(), &claims(&clock, Cart, Product));
    assert_eq!(verifier.verify(&stranger, Product).await, Err(IdentityError::Invalid));
    let public = serde_json::to_value(cart.public_jwk()).unwrap();
    let secret = jsonwebtoken::EncodingKey::from_secret(public["x"].as_str().unwrap().as_bytes());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some(cart.id().to_owned());
    let confused = jsonwebtoken::encode(&header, &claims(&clock, Cart, Product), &secret).unwrap();
    assert_eq!(verifier.verify(&confused, Product).await, Err(IdentityError::Invalid));
}

#[tokio::test]
async fn a_users_token_is_not_auths_and_auths_is_not_a_users() {
    let (clock, key) = (Clock::system(), SigningKey::generate().unwrap());
    let services = verifier(&ServiceKeys::document([(AuthService, &key)]), &clock);
    let users = UserTokenVerifier::new(Auth::with_key(&key), clock.clone());
    let issued = UserTokens::new(key.clone(), clock.clone());
    let user = issued.issue(types::UserId::new(), types::SessionId::new(), &[types::Role::Admin]).unwrap().token;
    assert_eq!(services.verify(user.expose(), Product).await, Err(IdentityError::Invalid));
    let service = ServiceTokens::new(AuthService, key, clock).token_for(Product).unwrap();
    assert_eq!(users.verify(&service).await.unwrap_err(), IdentityError::Invalid);
}

#[tokio::test]
async fn a_token_is_used_again_renewed_in_time_and_expires() {
    let (clock, key) = (Clock::system(), SigningKey::generate().unwrap());
    let verifier = verifier(&ServiceKeys::document([(Cart, &key)]), &clock);
    let tokens = ServiceTokens::new(Cart, key, clock.clone());
    let first = tokens.token_for(Product).unwrap();
    assert_ne!(first, tokens.token_for(Order).unwrap());
    clock.advance(Duration::from_secs(20));
    assert_eq!(first, tokens.token_for(Product).unwrap());
    clock.advance(Duration::from_secs(9));
    let second = tokens.token_for(Product).unwrap();
    assert_ne!(first, second);
    assert_eq!(verifier.verify(&first, Product).await, Ok(Cart));
    clock.advance(Duration::from_secs(65));
    assert_eq!(verifier.verify(&first, Product).await, Err(IdentityError::Expired));
    assert_eq!(verifier.verify(&tokens.token_for(Product).unwrap(), Product).await, Ok(Cart));
}

#[tokio::test]
async fn keys_in_a_file_are_replaced_without_a_restart() {
    let folder = std::env::temp_dir().join(format!("haat-service-keys-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("keys.json");
    let clock = Clock::system();
    let (old, new) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    std::fs::write(&path, ServiceKeys::document([(Cart, &old)])).unwrap();

    let env = Env::from_values([("SERVICE_KEYS_FILE".to_owned(), path.to_str().unwrap().to_owned())]);
    let keys = ServiceKeys::from_env(&env, &clock).unwrap();
    let verifier = ServiceTokenVerifier::new(keys, clock.clone());
    let by_old = ServiceTokens::new(Cart, old.clone(), clock.clone()).token_for(Product).unwrap();
    let by_new = || ServiceTokens::new(Cart, new.clone(), clock.clone()).token_for(Product).unwrap();
    assert_eq!(verifier.verify(&by_old, Product).await, Ok(Cart));
    assert_eq!(verifier.verify(&by_new(), Product).await, Err(IdentityError::Invalid));

    std::fs::write(&path, "{ half a fi").unwrap();
    clock.advance(Duration::from_secs(2));
    assert_eq!(verifier.verify(&by_new(), Product).await, Err(IdentityError::KeysUnavailable));
    assert_eq!(verifier.verify(&by_old, Product).await, Ok(Cart), "the last good keys stay in use");

    std::fs::write(&path, ServiceKeys::document([(Cart, &old), (Cart, &new)])).unwrap();
    clock.advance(Duration::from_secs(2));
    assert_eq!(verifier.verify(&by_new(), Product).await, Ok(Cart));
    assert_eq!(verifier.verify(&by_old, Product).await, Ok(Cart));

    std::fs::write(&path, ServiceKeys::document([(Cart, &new)])).unwrap();
    std::fs::File::open(&path).unwrap().set_modified(std::time::SystemTime::now() + Duration::from_secs(5)).unwrap();
    clock.advance(Duration::from_secs(31));
    eventually(async || verifier.verify(&by_old, Product).await == Err(IdentityError::Invalid)).await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_key_set_that_makes_no_sense_is_refused_at_start() {
    let keys: Vec<_> = (0..3).map(|_| SigningKey::generate().unwrap()).collect();
    let read = |document: &str| ServiceKeys::from_document(document, &Clock::system()).err().map(|e| e.to_string());
    assert_eq!(read(&ServiceKeys::document([(Cart, &keys[0]), (Cart, &keys[1])])), None);
    assert_eq!(read(r#"{"keys":[]}"#).unwrap(), "there is no key in it");
    let three = ServiceKeys::document(keys.iter().map(|key| (Cart, key)));
    assert_eq!(read(&three).unwrap(), "cart has more than 2 keys");
    let shared = ServiceKeys::document([(Cart, &keys[0]), (Order, &keys[0])]);
    assert_eq!(read(&shared).unwrap(), format!("two keys have the same 'kid' {}", keys[0].id()));
    assert!(read(r#"{"keys":[{"service":"king"}]}"#).unwrap().contains("king"));
    let symmetric = r#"{"keys":[{"service":"cart","kty":"oct","k":"c2VjcmV0","kid":"a","alg":"HS256"}]}"#;
    assert_eq!(read(symmetric).unwrap(), "a key of cart is not an Ed25519 key with a 'kid'");

    let missing = ServiceKeys::from_env(&Env::from_values([]), &Clock::system()).err().unwrap().to_string();
    assert_eq!(missing, "SERVICE_KEYS is not set; the key set of all services, or SERVICE_KEYS_FILE is expected");
}
