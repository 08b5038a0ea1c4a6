//! People who buy, whatever happens to the shop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use platform::clock::Clock;
use platform::identity::{SigningKey, UserTokens};
use serde_json::{Value, json};
use testkit::eventually;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use types::{Role, SessionId, UserId};

use crate::customer::{self, Customer};

/// Side by side.
const BUYERS: usize = 6;
/// How long the shop may take for whatever it does by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// As the ingress does, the client lets go of a connection before a gateway does that takes leave.
const IDLE: Duration = Duration::from_secs(4);
/// What a purchase may end with instead of an order that is paid for.
const REFUSALS: [&str; 3] = ["out-of-stock", "insufficient-stock", "not-payable"];

/// The shop as its customers know it.
#[derive(Clone)]
pub struct Market {
    url: String,
    http: reqwest::Client,
    tokens: UserTokens,
    variants: Arc<[String]>,
    patience: Duration,
}

/// An order that waits for its payment.
pub struct Unpaid {
    pub customer: Customer,
    pub order: String,
    pub intent: String,
}

/// An order of which its customer was told that it is paid.
pub struct Paid {
    pub customer: Customer,
    pub order: String,
    pub intent: String,
}

/// People who buy side by side until they are told to go home.
pub struct Crowd {
    stop: CancellationToken,
    sold: Arc<AtomicUsize>,
    buyers: JoinSet<Vec<Paid>>,
}

impl Market {
    /// `auth` is auth's key: a log-in for each customer would be a test of the log-in.
    pub async fn visit(url: &str, auth: SigningKey) -> Self {
        let mut market = Self::of(url, auth);
        market.look_around().await;
        market
    }

    /// Of which nothing is known yet.
    pub fn of(url: &str, auth: SigningKey) -> Self {
        let http = reqwest::Client::builder().pool_idle_timeout(IDLE).build().unwrap();
        let (tokens, variants) = (UserTokens::new(auth, Clock::system()), Arc::new([]));
        Market { url: url.to_owned(), http, tokens, variants, patience: customer::PATIENCE }
    }

    /// Finds what is for sale.
    pub async fn look_around(&mut self) {
        let somebody = self.somebody();
        let list = somebody.get("/api/v1/products?in_stock=true&limit=24").await;
        let mut variants = Vec::new();
        for product in list["items"].as_array().unwrap() {
            let detail = somebody.get(&format!("/api/v1/products/{}", product["id"].as_str().unwrap())).await;
            variants.push(detail["variants"][0]["id"].as_str().unwrap().to_owned());
        }
        self.variants = variants.into();
    }

    /// Its customers are let down by the first request that fails.
    pub fn demanding(&self) -> Self {
        Market { patience: Duration::ZERO, ..self.clone() }
    }

    pub fn crowd(&self) -> Crowd {
        let (stop, sold) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let mut buyers = JoinSet::new();
        for buyer in 0..BUYERS {
            let (market, stop, sold) = (self.clone(), stop.clone(), sold.clone());
            buyers.spawn(async move {
                let mut bought = Vec::new();
                for n in (buyer..).step_by(BUYERS).take_while(|_| !stop.is_cancelled()) {
                    if let Some(paid) = market.buy(n).await {
                        sold.fetch_add(1, Ordering::Relaxed);
                        bought.push(paid);
                    }
                }
                bought
            });
        }
        Crowd { stop, sold, buyers }
    }

    /// A customer like any other, new.
    pub fn somebody(&self) -> Customer {
        self.person(&[Role::Customer])
    }

    /// A customer with an account.
    pub async fn log_in(&self) -> Customer {
        let account = &DEMO_ACCOUNTS[0];
        let login = json!({ "email": account.email, "password": DEMO_PASSWORD });
        let tokens = self.person(&[]).post("/api/v1/auth/login", &login, &[]).await.unwrap();
        Customer { id: account.user_id, token: text(&tokens["access_token"]), ..self.person(&[]) }
    }

    /// Nothing goes wrong any more: what was paid for is confirmed, its parcel ordered and its customer told, once; or the money
    /// went back.
    pub async fn keeps_its_word(&self, bought: &[Paid]) {
        let desk = self.person(&[Role::Customer, Role::Support]);
        for Paid { customer, order, intent } in bought {
            let orders = customer.get("/api/v1/orders").await;
            assert_eq!(orders["items"].as_array().unwrap().len(), 1, "bought once, ordered once: {orders}");
            let order = eventually(PATIENCE, || async {
                let order = customer.get(&format!("/api/v1/orders/{order}")).await;
                if order["status"] == "pending" { Err(order.to_string()) } else { Ok(order) }
            })
            .await;
            if order["status"] == "cancelled" {
                eventually(PATIENCE, || async {
                    let payment = customer.get(&format!("/api/v1/payments/{intent}")).await;
                    if payment["refunded"] == order["amounts"]["total"] { Ok(()) } else { Err(payment.to_string()) }
                })
                .await;
                continue;
            }
            eventually(PATIENCE, || async {
                let (path, told) = (format!("/api/v1/notifications/desk?user_id={}", customer.id), "order_confirmed");
                let messages = desk.get(&path).await;
                let is_it = |m: &&Value| m["kind"] == told && m["outlet"] == "inbox";
                let times = messages["items"].as_array().unwrap().iter().filter(is_it).count();
                let parcels =
                    customer.get(&format!("/api/v1/shipments?order_id={}", order["id"].as_str().unwrap())).await;
                let parcels = parcels["shipments"].as_array().unwrap().len();
                let left = customer.get("/api/v1/cart").await["lines"].as_array().unwrap().len();
                match (times, parcels, left) {
                    (1, 1, 0) => Ok(()),
                    _ => Err(format!("told {times} times, {parcels} parcels, {left} lines still in the cart: {order}")),
                }
            })
            .await;
        }
    }

    /// Somebody new buys the `n`th thing and pays for it. `None` if the shop says why not.
    pub async fn buy(&self, n: usize) -> Option<Paid> {
        self.order(n).await?.pay().await
    }

    /// Somebody new orders the `n`th thing. `None` if the shop says why not.
    pub async fn order(&self, n: usize) -> Option<Unpaid> {
        let customer = self.somebody();
        let line = json!({ "variant_id": self.variants[n % self.variants.len()], "quantity": 1 });
        customer.post("/api/v1/cart/items", &line, &REFUSALS).await?;
        let address = json!({
            "name": "Asha Rao", "phone": "+919876543210", "line1": "12-2-417, Street 4", "city": "Hyderabad",
            "state": "36", "pin_code": "500028",
        });
        let quote = customer.post("/api/v1/orders/quote", &json!({ "address": address }), &REFUSALS).await?;
        let method = &quote["shipping_options"][0]["method_id"];
        let order = json!({ "address": address, "shipping_method_id": method, "payment_method": "upi" });
        let order = customer.post("/api/v1/orders", &order, &REFUSALS).await?;
        let (order, intent) = (text(&order["id"]), text(&order["payment"]["intent_id"]));
        Some(Unpaid { customer, order, intent })
    }

    fn person(&self, roles: &[Role]) -> Customer {
        let id = UserId::new();
        let token = self.tokens.issue(id, SessionId::new(), roles).unwrap().token.into_exposed();
        Customer { id, url: self.url.clone(), http: self.http.clone(), token, patience: self.patience }
    }
}

impl Unpaid {
    /// `None` if the shop says why not.
    pub async fn pay(self) -> Option<Paid> {
        let Unpaid { customer, order, intent } = self;
        let attempt = json!({ "method": "upi", "vpa": "success@sandbox" });
        customer.post(&format!("/api/v1/payments/{intent}/attempts"), &attempt, &REFUSALS).await?;
        eventually(PATIENCE, || async {
            let payment = customer.get(&format!("/api/v1/payments/{intent}")).await;
            if payment["captured"] == payment["amount"] { Ok(()) } else { Err(payment.to_string()) }
        })
        .await;
        Some(Paid { customer, order, intent })
    }
}

impl Crowd {
    /// Waits until they have bought so many more.
    pub async fn buys(&mut self, more: usize) {
        let wanted = self.sold.load(Ordering::Relaxed) + more;
        let enough = eventually(PATIENCE, || async { self.sold.load(Ordering::Relaxed) >= wanted });
        tokio::select! {
            () = enough => {}
            Some(ended) = self.buyers.join_next() => panic!("a buyer was let down: {}", ended.map(drop).unwrap_err()),
        }
    }

    /// Everybody ends what they have begun, and says what they have paid for.
    pub async fn go_home(self) -> Vec<Paid> {
        self.stop.cancel();
        self.buyers.join_all().await.into_iter().flatten().collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}
