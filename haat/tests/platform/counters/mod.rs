//! What pages, changes of a cart and checkouts cost, counted exactly, so that a statement more is seen.
//!
//! What is counted is the cheapest of some tries, with everything in the process's memory that stays there for seconds: which of
//! several tries finds something just expired depends on the machine.

mod ledger;

use http::Method;
use platform::identity::UserTokens;
use serde_json::{Value, json};
use types::{Role, ServiceName, SessionId, UserId};
use uuid::Uuid;

use self::ledger::{Cost, LEDGER};
use crate::shop::{PATIENCE, Shop, address};
use testkit::eventually;

const TRIES: usize = 5;

/// Somebody who sees what the requests cost.
struct Accountant<'s> {
    shop: &'s Shop,
    token: Option<String>,
}

impl<'s> Accountant<'s> {
    fn guest(shop: &'s Shop) -> Self {
        Accountant { shop, token: None }
    }

    /// With a session of its own.
    fn customer(shop: &'s Shop) -> Self {
        let key = shop.platform.infrastructure.signing_key(ServiceName::Auth).unwrap();
        let tokens = UserTokens::new(key, shop.platform.clock.clone());
        let token = tokens.issue(UserId::new(), SessionId::new(), &[Role::Customer]).unwrap();
        Accountant { shop, token: Some(token.token.into_exposed()) }
    }

    async fn get(&self, path: &str) -> (Value, Cost) {
        self.send(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (Value, Cost) {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (Value, Cost) {
        let id = Uuid::new_v4().to_string();
        let ledger = &*LEDGER;
        let mut request = self.shop.http.request(method, format!("{}{path}", self.shop.platform.url()));
        request = request.header("x-request-id", &id).header("idempotency-key", &id);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        (answer, ledger.cost_of(&id))
    }
}

/// Holds the cheapest of each thing's tries against `[statements, Redis commands, calls]`, and tells all that differ.
#[track_caller]
fn cost(expected: &[(&str, &[Cost], [usize; 3])]) {
    let cheapest = |tries: &[Cost]| tries.iter().min_by_key(|cost| cost.counts()).cloned().unwrap();
    let costs = expected.iter().map(|(what, tries, counts)| (what, cheapest(tries), counts));
    let others = costs.filter(|(_, cost, counts)| cost.counts() != **counts);
    let told: Vec<String> =
        others.map(|(what, cost, counts)| format!("{what} was to cost {counts:?}, and costs {cost}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_product_page_costs() {
    let shop = Shop::open().await;
    let guest = Accountant::guest(&shop);
    let (list, _) = guest.get("/api/v1/products?limit=24").await;
    let products: Vec<&str> = list["items"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap()).collect();

    let (mut first, mut again, mut at_once) = (Vec::new(), Vec::new(), Vec::new());
    for product in products.iter().take(TRIES) {
        let path = format!("/api/v1/products/{product}");
        first.push(guest.get(&path).await.1);
        // Another address, so that the gateway has to ask.
        again.push(guest.get(&format!("{path}?again")).await.1);
        at_once.push(guest.get(&format!("{path}?again")).await.1);
    }
    cost(&[
        ("a product that nobody has asked for", &first, [4, 2, 0]),
        ("a product in the service's memory", &again, [1, 1, 0]),
        ("a product in the gateway's memory", &at_once, [0, 1, 0]),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_a_cart_and_a_checkout_cost() {
    let shop = Shop::open().await;
    let customer = Accountant::customer(&shop);
    let offers = [shop.offer(50).await, shop.offer(50).await];
    let mut tries: [Vec<Cost>; 4] = Default::default();
    for _ in 0..TRIES {
        for offer in &offers {
            let line = json!({ "variant_id": offer.variant, "quantity": 1 });
            customer.post("/api/v1/cart/items", line.clone()).await;
            tries[0].push(customer.post("/api/v1/cart/items", line).await.1);
        }
        let quote = json!({ "address": address() });
        customer.post("/api/v1/orders/quote", quote.clone()).await;
        let (quote, cost) = customer.post("/api/v1/orders/quote", quote).await;
        tries[1].push(cost);
        let order = json!({
            "address": address(), "shipping_method_id": quote["shipping_options"][0]["method_id"],
            "payment_method": "upi",
        });
        let (order, cost) = customer.post("/api/v1/orders", order).await;
        tries[2].push(cost);
        let intent = format!("/api/v1/payments/{}", order["payment"]["intent_id"].as_str().unwrap());
        customer.get(&intent).await;
        let attempt = json!({ "method": "upi", "vpa": "success@sandbox" });
        tries[3].push(customer.post(&format!("{intent}/attempts"), attempt).await.1);
        eventually(PATIENCE, || async {
            let (cart, _) = customer.get("/api/v1/cart").await;
            cart["lines"].as_array().unwrap().is_empty()
        })
        .await;
    }
    let [addition, quote, order, attempt] = tries;
    cost(&[
        ("an addition to a cart", &addition, [5, 2, 0]),
        ("a quote for two lines", &quote, [2, 2, 4]),
        ("an order of two lines", &order, [13, 2, 6]),
        ("an attempt to pay", &attempt, [7, 2, 1]),
    ]);
}
