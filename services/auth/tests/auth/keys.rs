use platform::identity::{JwkSet, SigningKey};

use crate::world::{EMAIL, World, setup};

#[tokio::test]
async fn the_key_set_has_the_key_that_signs_and_the_one_that_will() {
    let next = SigningKey::generate().unwrap();
    let announced = serde_json::to_string(&JwkSet { keys: vec![next.public_jwk()] }).unwrap();
    let world = World::of(setup().env("AUTH_NEXT_KEYS", announced)).await;
    let answer = world.guest.get("/.well-known/jwks.json").await.is(200);
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    assert!(answer.header("cache-control").contains("max-age"));
    let set: JwkSet = answer.read();
    assert_eq!(set.keys.len(), 2);
    assert_eq!(set.keys[1].common.key_id.as_deref(), Some(next.id()));
    assert!(!answer.json.to_string().contains("\"d\""), "no private part");

    world.register(EMAIL).await;
    let token = world.login(EMAIL).await.access_token;
    let header: serde_json::Value = {
        use base64::Engine as _;
        let header = token.split('.').next().unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
    };
    assert_eq!(header["kid"].as_str(), set.keys[0].common.key_id.as_deref());
}
