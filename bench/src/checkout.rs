//! Orders, from the empty cart to the confirmation.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::customers::Customer;
use crate::http::{Answer, Connection, Unexpected};
use crate::load::{Done, Work};

/// Between two looks at whether the order is confirmed, as a page would that waits for it.
const LOOK: Duration = Duration::from_millis(20);
/// An order that is not confirmed by then will not be.
const PATIENCE: Duration = Duration::from_secs(15);

/// Buys again and again. What an order has bought leaves the cart a moment after its confirmation, so customers take turns.
pub struct Buyer {
    pub catalogue: Arc<Catalogue>,
    pub customers: VecDeque<Customer>,
}

impl Work for Buyer {
    async fn once(&mut self, connection: &mut Connection) -> Result<Done, Unexpected> {
        self.customers.rotate_left(1);
        let Some(customer) = self.customers.front() else {
            return Err(Unexpected::Connection("checkout".to_owned(), "no customer".to_owned()));
        };
        let started = Instant::now();
        let size = buy(connection, customer, &self.catalogue).await?;
        Ok(Done { took: started.elapsed(), size })
    }
}

/// Two lines, to the customer's address, paid by UPI, until it is confirmed. Returns the size of all answers, in bytes.
async fn buy(connection: &mut Connection, customer: &Customer, catalogue: &Catalogue) -> Result<usize, Unexpected> {
    let person = &customer.person;
    let mut size = 0;
    let mut take = |answer: &Answer| size += answer.body.len();
    let variants: Vec<&String> = catalogue.variants.choose_multiple(&mut rand::rng(), 2).collect();
    for variant in variants {
        let line = json!({ "variant_id": variant, "quantity": 1 });
        take(&connection.post("/api/v1/cart/items", person, &line).await?);
    }

    let path = "/api/v1/orders/quote";
    let answer = connection.post(path, person, &json!({ "address_id": customer.address_id })).await?;
    let quote = answer.json();
    let method = text(&answer, path, &quote["shipping_options"][0]["method_id"])?;
    answer.expect("POST", path, quote["lines"].as_array().is_some_and(|lines| lines.len() == 2))?;
    take(&answer);

    let path = "/api/v1/orders";
    let order = json!({
        "address_id": customer.address_id, "shipping_method_id": method, "payment_method": "upi",
        "expected_total": quote["amounts"]["total"],
    });
    let answer = connection.post(path, person, &order).await?;
    let order = answer.json();
    let (id, intent) = (text(&answer, path, &order["id"])?, text(&answer, path, &order["payment"]["intent_id"])?);
    take(&answer);

    let path = format!("/api/v1/payments/{intent}/attempts");
    let attempt = json!({ "method": "upi", "vpa": "success@sandbox" });
    take(&connection.post(&path, person, &attempt).await?);

    let path = format!("/api/v1/orders/{id}");
    let paid = Instant::now();
    loop {
        let answer = connection.get(&path, person).await?;
        let status = answer.json()["status"].as_str().unwrap_or_default().to_owned();
        let waits = status == "pending" && paid.elapsed() < PATIENCE;
        answer.expect("GET", &path, answer.status == StatusCode::OK && (waits || status == "confirmed"))?;
        take(&answer);
        if !waits {
            return Ok(size);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn text(answer: &Answer, path: &str, value: &Value) -> Result<String, Unexpected> {
    answer.expect("POST", path, value.is_string())?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}
