//! Runbook "rotate every kind of secret": a key or a password is replaced while people buy, and no request fails. Always in three
//! steps, with a rolling restart between them: the new one is good beside the old one, is used, is the only one.

use std::path::Path;

use contracts::Call as _;
use contracts::cart::GetCheckoutCart;
use contracts::discount::PriceBasket;
use contracts::payment::SyncIntent;
use contracts::product::LookUpVariants;
use contracts::shipping::QuoteShipping;
use contracts::user::GetContact;
use http::StatusCode;
use platform::clock::Clock;
use platform::identity::{JwkSet, ServiceKeys, ServiceTokens, SigningKey};
use testkit::eventually;
use types::ServiceName;

use crate::PATIENCE;
use crate::buyers::{Crowd, Market};
use crate::premises::{Premises, run, text};
use crate::shop::Shop;
use crate::visitors::Visitors;

/// Where a customer's token is asked for, of each service that customers come to.
const PAGES: [&str; 7] = [
    "/api/v1/users/me",
    "/api/v1/cart",
    "/api/v1/orders",
    "/api/v1/payments/methods",
    "/api/v1/notifications",
    "/api/v1/shipments",
    "/api/v1/returns",
];
/// Whom the order service calls.
const CALLEES: [ServiceName; 6] = [
    ServiceName::User,
    ServiceName::Product,
    ServiceName::Cart,
    ServiceName::Discount,
    ServiceName::Shipping,
    ServiceName::Payment,
];

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_passwords_are_replaced_under_load_and_no_request_fails() {
    let mut premises = Premises::of_a_shop().await;
    let file = premises.state.join("service-keys.json");
    replace(&file, &service_keys(&premises, None));
    premises.variables.remove("SERVICE_KEYS");
    premises.variables.insert("SERVICE_KEYS_FILE".to_owned(), file.to_str().unwrap().to_owned());
    let mut shop = Shop::open(premises, |_| 1).await;
    let market = shop.market.demanding();
    let (mut crowd, mut visitors) = (market.crowd(), Visitors::come(&market));
    crowd.buys(2).await;

    the_key_of_customers_tokens(&mut shop, &mut crowd, &mut visitors).await;
    the_key_of_a_service(&mut shop, &file, &mut crowd).await;
    the_password_of_a_database(&mut shop, &mut crowd).await;

    visitors.go_home().await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}

/// The customers who buy have tokens of the old key all the time, those who log in get one of whatever key auth has.
async fn the_key_of_customers_tokens(shop: &mut Shop, crowd: &mut Crowd, visitors: &mut Visitors) {
    let auth = ServiceName::Auth;
    let (old, new) = (shop.premises.signing_key(auth), SigningKey::generate().unwrap());
    shop.premises.set(auth, "NEXT_KEYS", key_set(&new));
    shop.roll(auth).await;
    // An operator waits for five minutes, after which every service has read the key set again. A token of the new key makes them
    // read it at once.
    let somebody = Market::of(&shop.url_of(ServiceName::Gateway), new.clone()).somebody();
    for page in PAGES {
        eventually(PATIENCE, || somebody.is_known_to(page)).await;
    }
    shop.premises.unset(auth, "NEXT_KEYS");
    shop.premises.set(auth, "PREVIOUS_KEYS", key_set(&old));
    shop.premises.set(auth, "PREVIOUS_SECRET", old.to_secret_string());
    shop.premises.set(auth, "JWT_SECRET", new.to_secret_string());
    shop.roll(auth).await;
    visitors.look_around().await;
    crowd.buys(1).await;
    assert_eq!(published(shop).await, [new.id(), old.id()]);
}

async fn the_key_of_a_service(shop: &mut Shop, file: &Path, crowd: &mut Crowd) {
    let order = ServiceName::Order;
    let new = SigningKey::generate().unwrap();
    let tokens = ServiceTokens::new(order, new.clone(), Clock::system());
    for callee in CALLEES {
        assert!(!is_believed(shop, &tokens, callee).await, "{callee} believes a key that it does not know");
    }
    replace(file, &service_keys(&shop.premises, Some((order, &new))));
    // An operator waits until the file has come to all pods, a minute or two, and half a minute more for them to read it.
    for callee in CALLEES {
        eventually(PATIENCE, || is_believed(shop, &tokens, callee)).await;
    }
    shop.premises.set(order, "JWT_SECRET", new.to_secret_string());
    shop.roll(order).await;
    crowd.buys(1).await;
    shop.all_left().await;
    replace(file, &service_keys(&shop.premises, None));
    crowd.buys(1).await;
}

/// A role has one password, and with another one the pods that run could open no further connection. So two roles take turns: the
/// second may do what the first may, as its member.
async fn the_password_of_a_database(shop: &mut Shop, crowd: &mut Crowd) {
    let order = ServiceName::Order;
    let postgres = &shop.premises.infrastructure.postgres;
    let (admin, own) = (postgres.admin_url(), shop.premises.infrastructure.service_url(order));
    run(&admin, "CREATE ROLE order_b LOGIN PASSWORD 'the-new-one' IN ROLE \"order\"").await;
    shop.premises.set(order, "DATABASE_URL", postgres.url("order_b", "the-new-one", "order"));
    shop.roll(order).await;
    crowd.buys(1).await;
    shop.all_left().await;
    let left = "SELECT count(*)::text FROM pg_stat_activity WHERE usename = 'order'";
    eventually(PATIENCE, || async { text(&admin, left).await == "0" }).await;
    run(&admin, "ALTER ROLE \"order\" NOLOGIN PASSWORD NULL").await;
    let refused = sqlx::PgPool::connect(&own).await.unwrap_err().to_string();
    assert!(
        refused.contains("not permitted to log in") || refused.contains("password authentication failed"),
        "{refused}"
    );
    crowd.buys(1).await;
}

/// The ids of the keys that auth says its tokens are signed with.
async fn published(shop: &Shop) -> Vec<String> {
    let url = format!("{}/.well-known/jwks.json", shop.url_of(ServiceName::Auth));
    let set: JwkSet = reqwest::get(url).await.unwrap().json().await.unwrap();
    set.keys.into_iter().filter_map(|key| key.common.key_id).collect()
}

/// Does the callee take who has these for the order service?
async fn is_believed(shop: &Shop, tokens: &ServiceTokens, callee: ServiceName) -> bool {
    let path = match callee {
        ServiceName::User => GetContact::PATH,
        ServiceName::Product => LookUpVariants::PATH,
        ServiceName::Cart => GetCheckoutCart::PATH,
        ServiceName::Discount => PriceBasket::PATH,
        ServiceName::Shipping => QuoteShipping::PATH,
        _ => SyncIntent::PATH,
    };
    let url = format!("{}/internal/v1/{path}", shop.url_of(callee));
    let request = reqwest::Client::new().post(url).bearer_auth(tokens.token_for(callee).unwrap()).json(&());
    request.send().await.unwrap().status() != StatusCode::UNAUTHORIZED
}

fn key_set(key: &SigningKey) -> String {
    serde_json::to_string(&JwkSet { keys: vec![key.public_jwk()] }).unwrap()
}

/// Those of all services, and perhaps one that is to come.
fn service_keys(premises: &Premises, next: Option<(ServiceName, &SigningKey)>) -> String {
    let own: Vec<_> = ServiceName::ALL.iter().map(|service| (*service, premises.signing_key(*service))).collect();
    ServiceKeys::document(own.iter().map(|(service, key)| (*service, key)).chain(next))
}

/// Whole or not at all, as Kubernetes replaces the file of a ConfigMap.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}
