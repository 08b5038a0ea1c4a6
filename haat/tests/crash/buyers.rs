//! People who buy, whatever happens to the shop.

use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

/// Side by side.
const BUYERS: usize = 6;

pub struct Buyers {
    url: String,
    http: reqwest::Client,
    token: String,
    variants: Vec<String>,
}

impl Buyers {
    pub async fn new(url: &str) -> Self {
        let http = reqwest::Client::new();
        let login = json!({ "email": DEMO_ACCOUNTS[0].email, "password": DEMO_PASSWORD });
        let tokens = http.post(format!("{url}/api/v1/auth/login")).json(&login).send().await.unwrap();
        let token = tokens.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
        let list = http.get(format!("{url}/api/v1/products?in_stock=true&limit=24")).send().await.unwrap();
        let list: Value = list.json().await.unwrap();
        let products = list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        let variants = join_all(products.map(|product| {
            let detail = http.get(format!("{url}/api/v1/products/{product}")).send();
            async {
                detail.await.unwrap().json::<Value>().await.unwrap()["variants"][0]["id"].as_str().unwrap().to_owned()
            }
        }))
        .await;
        Buyers { url: url.to_owned(), http, token, variants }
    }

    /// Everybody buys again and again, until a request gets no answer. Returns how many orders were paid for.
    pub async fn buy_until_it_breaks(&self) -> usize {
        let one = async |buyer: usize| {
            let mut paid = 0;
            while let Some(was_paid) = self.buy(buyer + paid).await {
                paid += usize::from(was_paid);
            }
            paid
        };
        join_all((0..BUYERS).map(one)).await.into_iter().sum()
    }

    pub async fn buy_some(&self, count: usize) -> usize {
        let mut paid = 0;
        for n in 0..count {
            paid += usize::from(self.buy(n).await == Some(true));
        }
        paid
    }

    /// One purchase, each by somebody's cart of one account: what a customer with many browsers would do. `None` when the shop
    /// did not answer; false when it refused, as it may when two buy from one cart.
    async fn buy(&self, n: usize) -> Option<bool> {
        let line = json!({ "variant_id": self.variants[n % self.variants.len()], "quantity": 1 });
        self.post("/api/v1/cart/items", &line).await?;
        let address = json!({
            "name": "Asha Rao", "phone": "+919876543210", "line1": "12-2-417, Street 4", "city": "Hyderabad",
            "state": "36", "pin_code": "500028",
        });
        let quote = self.post("/api/v1/orders/quote", &json!({ "address": address })).await?;
        let Some(method) = quote["shipping_options"][0]["method_id"].as_str() else { return Some(false) };
        let order = json!({ "address": address, "shipping_method_id": method, "payment_method": "upi" });
        let order = self.post("/api/v1/orders", &order).await?;
        let Some(intent) = order["payment"]["intent_id"].as_str() else { return Some(false) };
        let attempts = format!("/api/v1/payments/{intent}/attempts");
        let attempt = self.post(&attempts, &json!({ "method": "upi", "vpa": "success@sandbox" })).await?;
        Some(attempt["attempt"].is_object())
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let response = request.header("idempotency-key", Uuid::new_v4().to_string()).send().await.ok()?;
        response.json().await.ok()
    }
}
