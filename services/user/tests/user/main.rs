//! The user service as its clients, the other services and the events meet it.

mod addresses;
mod consents;
mod demo;
mod erasure;
mod preferences;
mod profile;
mod wishes;

use contracts::auth::UserRegistered;
use serde_json::{Value, json};
use testkit::{Person, TestService};

async fn start() -> TestService {
    TestService::start(user_service::service()).await
}

fn registration(person: &Person) -> UserRegistered {
    UserRegistered {
        user_id: person.id(),
        name: "Asha Rao".into(),
        email: "asha@example.in".into(),
        phone: Some("+919876543210".into()),
        locale: "hi-IN".into(),
    }
}

/// A customer whose account has been heard of.
async fn registered(service: &TestService) -> Person {
    let person = service.customer();
    service.deliver(person.id(), 1, &registration(&person)).await;
    person
}

fn home() -> Value {
    json!({
        "label": "Home",
        "name": "Asha Rao",
        "phone": "+919876543210",
        "line1": "12-2-417, Street 4",
        "city": "Hyderabad",
        "state": "36",
        "pin_code": "500081",
    })
}
