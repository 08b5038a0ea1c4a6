use std::collections::BTreeSet;

use contracts::user::{AddressBook, FoundAddress, GetAddress, SavedAddress};
use serde_json::{Value, json};
use types::{AddressId, ServiceName};

use crate::{home, start};

const ADDRESSES: &str = "/api/v1/users/me/addresses";

fn at(id: AddressId) -> String {
    format!("{ADDRESSES}/{id}")
}

fn home_with(field: &str, value: Value) -> Value {
    let mut home = home();
    home[field] = value;
    home
}

#[tokio::test]
async fn an_address_can_be_saved_before_the_profile_is_made_and_is_there_for_orders_at_once() {
    let service = start().await;
    let asha = service.customer();
    let saved: SavedAddress = asha.post(ADDRESSES, &home()).await.is(201).read();
    assert!(saved.is_default);
    let call = GetAddress { user_id: asha.id(), address_id: saved.id };
    let FoundAddress::Found(address) = service.call(ServiceName::Order, &call).await else { panic!("it is there") };
    assert_eq!((address.city.as_str(), address.state.name()), ("Hyderabad", "Telangana"));
    let anothers = GetAddress { user_id: service.customer().id(), address_id: saved.id };
    assert!(matches!(service.call(ServiceName::Order, &anothers).await, FoundAddress::Absent));
}

#[tokio::test]
async fn a_repeated_request_saves_one_address() {
    let service = start().await;
    let asha = service.customer().with("idempotency-key", "once");
    let first = asha.post(ADDRESSES, &home()).await.is(201);
    let again = asha.post(ADDRESSES, &home()).await.is(201);
    assert_eq!(first.json, again.json);
    asha.post(ADDRESSES, &home_with("label", json!("Work"))).await.is(422).problem("idempotency-key-reused");
    assert_eq!(asha.get(ADDRESSES).await.read::<AddressBook>().addresses.len(), 1);
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused_by_field() {
    let service = start().await;
    let asha = service.customer();
    for (field, value, rule) in [
        ("pin_code", json!("400050"), "is not a PIN code of Telangana"),
        ("pin_code", json!("50008"), "a PIN code has six digits and does not start with 0"),
        ("state", json!("99"), "not a GST state code"),
        ("phone", json!("9876543210"), ""),
        ("line1", json!(" "), ""),
        ("line2", json!("a\u{0}b"), ""),
        ("city", json!("x".repeat(101)), ""),
        ("colour", json!("red"), "unknown field"),
    ] {
        let problem = asha.post(ADDRESSES, &home_with(field, value)).await.is(422).problem("invalid-fields");
        assert_eq!(problem.errors[0].field, field);
        assert!(problem.errors[0].rule.contains(rule), "{problem}");
    }
    assert!(asha.get(ADDRESSES).await.read::<AddressBook>().addresses.is_empty());
}

#[tokio::test]
async fn one_address_is_the_default_whatever_happens() {
    let service = start().await;
    let asha = service.customer();
    let mut ids = Vec::new();
    for label in ["Home", "Work", "Mother"] {
        ids.push(asha.post(ADDRESSES, &home_with("label", json!(label))).await.is(201).read::<SavedAddress>().id);
    }
    let order = async || {
        let book: AddressBook = asha.get(ADDRESSES).await.is(200).read();
        assert_eq!(book.addresses.iter().filter(|a| a.is_default).count(), usize::from(!book.addresses.is_empty()));
        book.addresses.into_iter().map(|a| a.label).collect::<Vec<_>>()
    };
    assert_eq!(order().await, ["Home", "Mother", "Work"]);
    asha.put(&format!("{}/default", at(ids[1])), &json!({})).await.is(200);
    assert_eq!(order().await, ["Work", "Mother", "Home"]);
    asha.delete(&at(ids[1])).await.is(204);
    assert_eq!(order().await, ["Mother", "Home"]);
    asha.put(&format!("{}/default", at(ids[1])), &json!({})).await.is(404);
    assert_eq!(order().await, ["Mother", "Home"]);
    asha.delete(&at(ids[0])).await.is(204);
    asha.delete(&at(ids[2])).await.is(204);
    assert!(order().await.is_empty());
}

#[tokio::test]
async fn an_address_is_written_anew_by_its_owner_only() {
    let service = start().await;
    let (asha, ravi) = (service.customer(), service.customer());
    let saved: SavedAddress = asha.post(ADDRESSES, &home()).await.is(201).read();
    let path = at(saved.id);
    let moved = asha.put(&path, &home_with("line1", json!("9 New Street"))).await.is(200);
    assert_eq!(moved.json["line1"], "9 New Street");
    assert_eq!(asha.get(&path).await.is(200).json, moved.json);
    ravi.get(&path).await.is(404);
    ravi.put(&path, &home()).await.is(404);
    ravi.delete(&path).await.is(404);
    ravi.put(&format!("{path}/default"), &json!({})).await.is(404);
    assert_eq!(asha.get(&path).await.json["line1"], "9 New Street");
}

#[tokio::test]
async fn twenty_addresses_are_kept_even_if_more_come_at_once() {
    let service = start().await;
    let asha = service.customer();
    let requests = (0..25).map(|_| {
        let asha = asha.clone();
        tokio::spawn(async move { asha.post(ADDRESSES, &home()).await })
    });
    let requests: Vec<_> = requests.collect();
    let mut refused = 0;
    for request in requests {
        let answer = request.await.unwrap();
        if answer.status != 201 {
            answer.is(409).problem("too-many-addresses");
            refused += 1;
        }
    }
    assert_eq!(refused, 5);
    let book: AddressBook = asha.get(ADDRESSES).await.read();
    let ids: BTreeSet<AddressId> = book.addresses.iter().map(|a| a.id).collect();
    assert_eq!((ids.len(), book.addresses.iter().filter(|a| a.is_default).count()), (20, 1));
}
