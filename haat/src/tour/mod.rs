//! An order's whole life through the public gateway, as a client would live it: `haat tour`.

mod client;
mod timeline;

use std::process::ExitCode;
use std::time::Instant;

use contracts::demo::DEMO_PASSWORD;
use serde_json::{Value, json};
use uuid::Uuid;

use client::{Answer, Client, Person};

#[derive(Debug, thiserror::Error)]
pub enum TourError {
    #[error("{0} cannot be reached ({1}); is `haat up` running?")]
    Unreachable(String, String),
    #[error("{what}: answered {status}: {body}")]
    Refused { what: String, status: u16, body: String },
    #[error("{what}: did not come true; the last answer was {last}")]
    NeverCame { what: String, last: String },
    #[error("an answer has no {0}: {1}")]
    Missing(String, String),
}

/// What a tour has brought about.
#[derive(Clone, Debug)]
pub struct Toured {
    pub order_id: String,
    pub invoice_number: String,
    pub credit_note_number: String,
    pub steps: usize,
    pub timeline: Vec<String>,
}

/// Walks and prints.
pub async fn run(gateway: &str) -> Result<ExitCode, TourError> {
    let started = Instant::now();
    let mut client = Client::new(gateway, false);
    let toured = walk(&mut client).await?;
    client.say(&format!("\nThe order's life, across the services:\n{}", toured.timeline.join("\n")));
    client.say(&format!("\n{} steps in {:.1} s.", toured.steps, started.elapsed().as_secs_f64()));
    Ok(ExitCode::SUCCESS)
}

/// Walks without a word, for tests.
pub async fn walk_quietly(gateway: &str) -> Result<Toured, TourError> {
    walk(&mut Client::new(gateway, true)).await
}

async fn walk(client: &mut Client) -> Result<Toured, TourError> {
    let customer = sign_up(client).await?;
    let address_id = profile(client, &customer).await?;
    let guest = browse(client).await?;
    let order = check_out(client, &customer, &guest, &address_id).await?;
    let invoice_number = pay(client, &customer, &order).await?;
    let operator = log_in(client, "operator@haat.example").await?;
    deliver(client, &customer, &operator, &order).await?;
    let credit_note_number = send_back(client, &customer, &order).await?;
    client.chapter("What the customer was told");
    let inbox = client.get("the customer's inbox", &customer, "/api/v1/notifications").await?;
    for message in inbox.entries().iter().rev() {
        client.say(&format!("               {}", message["title"].as_str().unwrap_or_default()));
    }
    let timeline = timeline::of(client, &customer, &order.id).await?;
    Ok(Toured { order_id: order.id, invoice_number, credit_note_number, steps: client.steps, timeline })
}

/// Registers somebody new, verifies the e-mail, logs in by password and by phone, refreshes.
async fn sign_up(client: &mut Client) -> Result<Person, TourError> {
    client.chapter("A new customer");
    let nobody = Person::default();
    let id = Uuid::new_v4().as_u128();
    let email = format!("tour-{:08x}@haat.example", id % 0xffff_ffff);
    let phone = format!("+919{:09}", id % 1_000_000_000);
    let password = "a-long-enough-password";
    let registration = json!({ "name": "Lakshmi Iyer", "email": email, "phone": phone, "password": password });
    client.post("register", &nobody, "/api/v1/auth/register", registration).await?;
    let code = code_for(client, "the code in the verification e-mail", &email).await?;
    let confirmation = json!({ "email": email, "code": code });
    client.post("verify the e-mail", &nobody, "/api/v1/auth/verify-email", confirmation).await?;
    let login = json!({ "email": email, "password": password });
    let tokens = client.post("log in with the password", &nobody, "/api/v1/auth/login", login).await?;
    let customer = Person { token: Some(tokens.text("/access_token")?), cart_token: None };

    let sent =
        client.post("prove the phone number", &customer, "/api/v1/auth/phone", json!({ "phone": phone })).await?;
    let code = code_for(client, "the code in the SMS", &phone).await?;
    let proof = json!({ "reference": sent.text("/reference")?, "code": code });
    client.post("with the code", &customer, "/api/v1/auth/phone/verify", proof).await?;
    let sent = client.post("log in by phone", &nobody, "/api/v1/auth/login/phone", json!({ "phone": phone })).await?;
    let code = newer_code_for(client, "the code in the next SMS", &phone, &code).await?;
    let proof = json!({ "reference": sent.text("/reference")?, "code": code });
    let tokens = client.post("with the code", &nobody, "/api/v1/auth/login/phone/verify", proof).await?;
    let refresh = json!({ "refresh_token": tokens.text("/refresh_token")? });
    let tokens = client.post("refresh the tokens", &nobody, "/api/v1/auth/refresh", refresh).await?;
    Ok(Person { token: Some(tokens.text("/access_token")?), cart_token: None })
}

async fn log_in(client: &mut Client, email: &str) -> Result<Person, TourError> {
    let login = json!({ "email": email, "password": DEMO_PASSWORD });
    let what = format!("log in as {email}");
    let tokens = client.post(&what, &Person::default(), "/api/v1/auth/login", login).await?;
    Ok(Person { token: Some(tokens.text("/access_token")?), cart_token: None })
}

/// The code in the newest message to somebody: on a developer's machine every message can be read.
async fn code_for(client: &mut Client, what: &str, recipient: &str) -> Result<String, TourError> {
    newer_code_for(client, what, recipient, "").await
}

async fn newer_code_for(client: &mut Client, what: &str, recipient: &str, known: &str) -> Result<String, TourError> {
    let path = format!("/api/v1/notifications/outbox?recipient={}", recipient.replace('+', "%2B"));
    client.until(what, &Person::default(), &path, |answer| codes(answer).into_iter().find(|code| code != known)).await
}

/// Every code in the messages, the newest message first: six digits in an SMS, `K7M2-Q6XW-TA4B` in an e-mail.
fn codes(answer: &Answer) -> Vec<String> {
    let is_code = |word: &&str| {
        let groups: Vec<&str> = word.split('-').collect();
        let by_mail = groups.len() == 3 && groups.iter().all(|g| g.len() == 4 && !g.contains(char::is_lowercase));
        by_mail || (word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
    };
    let of_one = |message: &Value| -> Vec<String> {
        let text = message["text"].as_str().unwrap_or_default();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        words.filter(is_code).map(str::to_owned).collect()
    };
    answer.entries().iter().flat_map(of_one).collect()
}

async fn profile(client: &mut Client, customer: &Person) -> Result<String, TourError> {
    let me = "/api/v1/users/me";
    client.until("the profile", customer, me, |answer| answer.body["email"].as_str().map(drop)).await?;
    let address = json!({
        "name": "Lakshmi Iyer", "phone": "+919876543210", "line1": "12-2-417, Street 4", "line2": "Mehdipatnam",
        "city": "Hyderabad", "state": "36", "pin_code": "500028",
    });
    let address = client.post("a delivery address", customer, "/api/v1/users/me/addresses", address).await?;
    address.text("/id")
}

/// Looks around as a guest, and puts two things into a cart.
async fn browse(client: &mut Client) -> Result<Person, TourError> {
    client.chapter("Browsing as a guest");
    let nobody = Person::default();
    client.get("categories", &nobody, "/api/v1/categories").await?;
    client.get("products, filtered", &nobody, "/api/v1/products?in_stock=true&sort=price_asc&limit=24").await?;
    let found = client.get("search, misspelt", &nobody, "/api/v1/products/search?q=kurtha").await?;
    let product = found.text("/items/0/id")?;
    let detail = client.get("a product, with its stock", &nobody, &format!("/api/v1/products/{product}")).await?;
    let variants = detail.body["variants"].as_array().cloned().unwrap_or_default();
    let available = |variant: &&Value| variant["available"].as_i64().unwrap_or(0) >= 2;
    let variant =
        variants.iter().find(available).ok_or_else(|| TourError::Missing("stock".into(), detail.body.to_string()))?;
    let promise = "/api/v1/shipping/promise?pin_code=500028&weight_grams=500&value=99900";
    client.get("when it would arrive at a PIN code", &nobody, promise).await?;
    let line = json!({ "variant_id": variant["id"], "quantity": 2 });
    let cart = client.post("into a guest's cart", &nobody, "/api/v1/cart/items", line).await?;
    let token = cart.header("x-cart-token").map(str::to_owned);
    Ok(Person { token: None, cart_token: token })
}

struct Order {
    id: String,
    intent_id: String,
}

async fn check_out(client: &mut Client, customer: &Person, guest: &Person, address: &str) -> Result<Order, TourError> {
    client.chapter("Checking out");
    let both = Person { cart_token: guest.cart_token.clone(), ..customer.clone() };
    client.post("the guest's cart becomes the customer's", &both, "/api/v1/cart/merge", json!({})).await?;
    client.put("a coupon", customer, "/api/v1/cart/coupon", json!({ "code": "WELCOME10" })).await?;
    client.get("the priced cart", customer, "/api/v1/cart?pin_code=500028").await?;
    let quote = json!({ "address_id": address });
    let quote = client.post("shipping options and GST", customer, "/api/v1/orders/quote", quote).await?;
    let total = &quote.body["amounts"]["total"];
    let order = json!({
        "address_id": address, "shipping_method_id": quote.text("/shipping_options/0/method_id")?,
        "payment_method": "upi", "expected_total": total,
    });
    let order = client.post("check out", customer, "/api/v1/orders", order).await?;
    Ok(Order { id: order.text("/id")?, intent_id: order.text("/payment/intent_id")? })
}

/// A payment that is declined, then one that is not. Returns the invoice's number.
async fn pay(client: &mut Client, customer: &Person, order: &Order) -> Result<String, TourError> {
    client.chapter("Paying");
    let attempts = format!("/api/v1/payments/{}/attempts", order.intent_id);
    let attempt = |vpa: &str| json!({ "method": "upi", "vpa": vpa });
    client.post("pay by UPI, declined", customer, &attempts, attempt("decline@sandbox")).await?;
    let intent = format!("/api/v1/payments/{}", order.intent_id);
    client
        .until("the bank says no", customer, &intent, |answer| {
            let attempts = answer.body["attempts"].as_array()?;
            attempts.iter().any(|attempt| attempt["status"] == "failed").then_some(())
        })
        .await?;
    client.post("pay by UPI again", customer, &attempts, attempt("success@sandbox")).await?;
    let path = format!("/api/v1/orders/{}", order.id);
    client
        .until("the order is confirmed", customer, &path, |order| (order.body["status"] == "confirmed").then_some(()))
        .await?;
    let invoice = client.get("the GST invoice", customer, &format!("{path}/invoice")).await?;
    invoice.text("/number")
}

async fn deliver(client: &mut Client, customer: &Person, operator: &Person, order: &Order) -> Result<(), TourError> {
    client.chapter("Shipping");
    let shipments = format!("/api/v1/shipments?order_id={}", order.id);
    let (id, tracking) = client
        .until("the shipment, booked", customer, &shipments, |answer| {
            let shipments = answer.entries();
            let shipment = shipments.first()?;
            Some((shipment["id"].as_str()?.to_owned(), shipment["tracking_number"].as_str()?.to_owned()))
        })
        .await?;
    client.post("packed by the operator", operator, &format!("/api/v1/shipments/{id}/pack"), json!({})).await?;
    let advance = format!("/api/v1/shipping/sandbox/{tracking}/advance");
    for to in ["picked_up", "in_transit", "out_for_delivery", "delivered"] {
        let what = format!("the carrier: {}", to.replace('_', " "));
        client.post(&what, operator, &advance, json!({ "to": to })).await?;
    }
    let path = format!("/api/v1/orders/{}", order.id);
    client
        .until("the order is delivered", customer, &path, |order| (order.body["status"] == "delivered").then_some(()))
        .await?;
    client.get("the parcel's way", customer, &format!("/api/v1/shipments/{id}")).await?;
    Ok(())
}

/// One of the two pieces goes back. Returns the credit note's number.
async fn send_back(client: &mut Client, customer: &Person, order: &Order) -> Result<String, TourError> {
    client.chapter("Sending one back");
    let path = format!("/api/v1/orders/{}", order.id);
    let line = client.get("the order", customer, &path).await?.text("/lines/0/id")?;
    let request = json!({
        "order_id": order.id,
        "lines": [{ "order_line_id": line, "quantity": 1, "reason": "does_not_fit", "comment": "A size too small" }],
    });
    let request = client.post("ask to return a piece", customer, "/api/v1/returns", request).await?;
    let (id, return_line) = (request.text("/id")?, request.text("/lines/0/id")?);
    let support = log_in(client, "support@haat.example").await?;
    client.post("approved", &support, &format!("/api/v1/returns/{id}/approve"), json!({})).await?;
    let received = json!({ "lines": [{ "return_line_id": return_line, "accepted": 1, "restock": 1 }] });
    client.post("received and looked at", &support, &format!("/api/v1/returns/{id}/receive"), received).await?;
    client.post("to be refunded", &support, &format!("/api/v1/returns/{id}/refund"), json!({})).await?;
    client
        .until("the return is closed", customer, &format!("/api/v1/returns/{id}"), |answer| {
            (answer.body["status"] == "closed").then_some(())
        })
        .await?;
    client
        .until("the refund is on the order", customer, &path, |answer| {
            (answer.body["refund_status"] == "partially_refunded").then_some(())
        })
        .await?;
    let notes = format!("{path}/credit-notes");
    client
        .until("the credit note", customer, &notes, |answer| {
            answer.entries().first()?["number"].as_str().map(str::to_owned)
        })
        .await
}
