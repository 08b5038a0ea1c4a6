//! A platform of a test's own, and people who buy from it through the gateway.

use std::path::Path;
use std::time::Duration;

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use haat::reconcile;
use haat::up::{LocalPlatform, Options, Quiet};
use http::Method;
use platform::env::Env;
use platform::identity::UserTokens;
use serde_json::{Value, json};
use testkit::{ScratchDirectory, eventually};
use types::{Role, ServiceName, SessionId, UserId};
use uuid::Uuid;

use crate::prepared;

/// How long anything may take that the platform does by itself.
pub const PATIENCE: Duration = Duration::from_secs(40);

pub struct Shop {
    pub platform: LocalPlatform,
    pub http: reqwest::Client,
    pub state: ScratchDirectory,
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    url: String,
    token: Option<String>,
    cart_token: Option<String>,
    http: reqwest::Client,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A product's stock unit that is for sale.
pub struct Offer {
    pub variant: String,
}

pub fn options(state: &Path, variables: &[(&str, &str)]) -> Options {
    let defaults = [
        ("APP_ENV", "local"),
        // Tests are crowds from one address.
        ("GATEWAY_LIMIT_PER_ADDRESS", "10000000"),
        ("GATEWAY_LIMIT_PER_USER", "10000000"),
        ("AUTH_REQUESTS_PER_ADDRESS", "10000000"),
        ("PAYMENT_POLL_AFTER", "0.5"),
    ];
    let variables = defaults.iter().chain(variables).map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    let env = Env::from_values(variables);
    Options { state: state.to_owned(), port_base: None, reset: false, demo: true, products: 0, env }
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With variables of its own.
    pub async fn open_with(variables: &[(&str, &str)]) -> Self {
        let state = ScratchDirectory::create();
        prepared::copy_to(state.path()).await;
        let platform = LocalPlatform::start(options(state.path(), variables), &Quiet).await.unwrap();
        Shop { platform, http: reqwest::Client::new(), state }
    }

    /// A new customer, logged in.
    pub fn customer(&self) -> Person {
        self.person(UserId::new(), &[Role::Customer])
    }

    pub fn staff(&self, role: Role) -> Person {
        self.person(UserId::new(), &[Role::Customer, role])
    }

    /// The demo account of this role, logged in: for what only a live session may do.
    pub async fn log_in(&self, role: Role) -> Person {
        let account = DEMO_ACCOUNTS.iter().rfind(|account| account.roles.last() == Some(&role)).unwrap();
        let login = json!({ "email": account.email, "password": DEMO_PASSWORD });
        let tokens = self.guest().post("/api/v1/auth/login", login).await.is(200).body;
        Person { id: account.user_id, ..self.guest().with_token(tokens["access_token"].as_str().unwrap()) }
    }

    pub fn guest(&self) -> Person {
        Person { token: None, ..self.person(UserId::new(), &[]) }
    }

    /// Its token is signed with auth's own key, as a log-in's would be.
    fn person(&self, id: UserId, roles: &[Role]) -> Person {
        let key = self.platform.infrastructure.signing_key(ServiceName::Auth).unwrap();
        let token = UserTokens::new(key, self.platform.clock.clone()).issue(id, SessionId::new(), roles).unwrap();
        let token = Some(token.token.into_exposed());
        Person { id, url: self.platform.url(), token, cart_token: None, http: self.http.clone() }
    }

    /// The same customer with a token of now: when time was moved, the old one has expired.
    pub fn again(&self, person: &Person) -> Person {
        self.person(person.id, &[Role::Customer])
    }

    /// Something that costs money, of which so many are in stock.
    pub async fn offer(&self, pieces: i64) -> Offer {
        let list = self.guest().get("/api/v1/products?in_stock=true&min_price=50000&limit=24").await.is(200);
        let products = list.body["items"].as_array().unwrap();
        let product = &products[usize::try_from(Uuid::new_v4().as_u128() % products.len() as u128).unwrap()];
        let product = product["id"].as_str().unwrap();
        let detail = self.guest().get(&format!("/api/v1/products/{product}")).await.is(200);
        let variant = &detail.body["variants"][0];
        let offer = Offer { variant: variant["id"].as_str().unwrap().to_owned() };
        self.set_stock(&offer, pieces).await;
        offer
    }

    /// Adjusts the stock as an operator would, until so many pieces are available.
    pub async fn set_stock(&self, offer: &Offer, pieces: i64) {
        let operator = self.staff(Role::Operator);
        let stock = operator.get(&format!("/api/v1/stock/{}", offer.variant)).await.is(200);
        let mut wanted = pieces;
        for location in stock.body["locations"].as_array().unwrap() {
            let change = wanted - location["on_hand"].as_i64().unwrap();
            wanted = 0;
            if change != 0 {
                let adjustment = json!({
                    "variant_id": offer.variant, "location_id": location["location_id"], "change": change,
                    "reason": "correction", "note": "a test's stock",
                });
                operator.post("/api/v1/stock/adjustments", adjustment).await.is(201);
            }
        }
        assert_eq!(self.available(offer).await, pieces);
    }

    pub async fn available(&self, offer: &Offer) -> i64 {
        let stock = self.staff(Role::Operator).get(&format!("/api/v1/stock/{}", offer.variant)).await.is(200);
        let locations = stock.body["locations"].as_array().unwrap();
        locations.iter().map(|l| l["on_hand"].as_i64().unwrap() - l["reserved"].as_i64().unwrap()).sum()
    }

    /// The books, once nothing is under way any more.
    pub async fn is_in_order(&self) {
        eventually(PATIENCE, || async {
            let found = reconcile::of_local(&self.platform.infrastructure, self.platform.clock.now()).await.unwrap();
            if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
        })
        .await;
    }
}

pub fn address() -> Value {
    json!({
        "name": "Asha Rao", "phone": "+919876543210", "line1": "12-2-417, Street 4", "city": "Hyderabad",
        "state": "36", "pin_code": "500028",
    })
}

impl Person {
    /// The access token; empty for a guest.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), Some(&Uuid::new_v4().to_string())).await
    }

    pub async fn post_with_key(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), Some(key)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), None).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        for (name, value) in [
            ("authorization", self.token.as_ref().map(|t| format!("Bearer {t}"))),
            ("x-cart-token", self.cart_token.clone()),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// The same person at another door.
    pub fn at(&self, url: &str) -> Self {
        Person { url: url.to_owned(), ..self.clone() }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Person { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Puts pieces into the cart.
    pub async fn add(&self, offer: &Offer, quantity: u32) {
        let line = json!({ "variant_id": offer.variant, "quantity": quantity });
        let answer = self.post("/api/v1/cart/items", line).await;
        assert!(answer.status < 300, "{} {}", answer.status, answer.body);
    }

    /// The cheapest way of shipping what is in the cart.
    pub async fn shipping_method(&self) -> String {
        let quote = self.post("/api/v1/orders/quote", json!({ "address": address() })).await.is(200);
        quote.body["shipping_options"][0]["method_id"].as_str().unwrap().to_owned()
    }

    /// Checks out what is in the cart, as often as it takes to be told more than to try again shortly: with one key, so it is one
    /// order at most.
    pub async fn check_out(&self, method: &str, payment: &str) -> Answer {
        let key = Uuid::new_v4().to_string();
        eventually(PATIENCE, || async {
            let answer = self.check_out_with_key(&key, method, payment).await;
            if answer.status == 503 { Err(answer.body.to_string()) } else { Ok(answer) }
        })
        .await
    }

    pub async fn check_out_with_key(&self, key: &str, method: &str, payment: &str) -> Answer {
        let order = json!({ "address": address(), "shipping_method_id": method, "payment_method": payment });
        self.post_with_key("/api/v1/orders", key, order).await
    }

    /// Buys some pieces as far as the checkout.
    pub async fn order(&self, offer: &Offer, quantity: u32) -> Value {
        self.add(offer, quantity).await;
        let method = self.shipping_method().await;
        self.check_out(&method, "upi").await.is(201).body
    }

    /// Pays; what becomes of it depends on the address (`success@sandbox`, `decline@sandbox` ...).
    pub async fn pay(&self, order: &Value, vpa: &str) -> Answer {
        let intent = order["payment"]["intent_id"].as_str().unwrap();
        self.post(&format!("/api/v1/payments/{intent}/attempts"), json!({ "method": "upi", "vpa": vpa })).await
    }

    /// Waits until an order has come so far.
    pub async fn until(&self, order: &Value, field: &str, wanted: &str) -> Value {
        let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
        eventually(PATIENCE, || async {
            let order = self.get(&path).await.is(200).body;
            if order[field] == wanted { Ok(order) } else { Err(order[field].to_string()) }
        })
        .await
    }

    pub async fn payment(&self, order: &Value) -> Value {
        let intent = order["payment"]["intent_id"].as_str().unwrap();
        self.get(&format!("/api/v1/payments/{intent}")).await.is(200).body
    }

    /// Waits until a payment has so much refunded.
    pub async fn until_refunded(&self, order: &Value, paise: &Value) -> Value {
        eventually(PATIENCE, || async {
            let payment = self.payment(order).await;
            if payment["refunded"] == *paise { Ok(payment) } else { Err(payment.to_string()) }
        })
        .await
    }
}

impl Answer {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, kind: &str) -> Self {
        assert_eq!(
            (self.status, &self.body["type"]),
            (status, &json!(format!("urn:haat:problem:{kind}"))),
            "{}",
            self.body
        );
        self
    }
}
