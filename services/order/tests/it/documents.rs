//! Numbers without a gap.

use std::time::Duration;

use contracts::order::{Invoice, OrderStatus};
use contracts::payment::PaymentMethod;
use futures::future::join_all;
use serde_json::json;
use testkit::eventually;
use testkit::service::PATIENCE;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invoices_of_orders_that_are_confirmed_at_once_have_consecutive_numbers() {
    const ORDERS: usize = 50;
    let shop = Shop::open().await;
    for variant in &mut shop.state().variants {
        variant.available = u32::MAX;
    }
    let other = shop.service.another(order_service::service()).await;
    let people = [shop.customer.clone(), shop.service.at(&other, &shop.customer)];
    let orders = join_all((0..ORDERS).map(async |i| {
        let (person, body) = (&people[i % 2], shop.new_order(PaymentMethod::CashOnDelivery));
        person.post("/api/v1/orders", &body).await.is(201).json["id"].as_str().unwrap().to_owned()
    }))
    .await;
    let mut numbers = join_all(orders.iter().map(async |id| {
        let invoice: Invoice = shop.customer.get(&format!("/api/v1/orders/{id}/invoice")).await.is(200).read();
        assert!(invoice.number.len() <= 16, "{}", invoice.number);
        invoice.number
    }))
    .await;
    numbers.sort();
    let (year, first) = numbers[0].split_once('/').unwrap();
    assert_eq!(first, "00000001");
    let expected: Vec<String> = (1..=ORDERS).map(|serial| format!("{year}/{serial:08}")).collect();
    assert_eq!(numbers, expected);

    // Cancelled at once, their credit notes have numbers of their own.
    join_all(orders.iter().map(async |id| {
        shop.customer.post(&format!("/api/v1/orders/{id}/cancel"), &json!({})).await.is(200);
    }))
    .await;
    let mut notes: Vec<String> = join_all(orders.iter().map(async |id| {
        let notes = shop.customer.get(&format!("/api/v1/orders/{id}/credit-notes")).await.is(200).json;
        notes[0]["number"].as_str().unwrap().to_owned()
    }))
    .await;
    notes.sort();
    let year = year.replace("INV", "CRN");
    assert_eq!(notes, (1..=ORDERS).map(|serial| format!("{year}/{serial:08}")).collect::<Vec<_>>());
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_financial_year_begins_with_one() {
    let shop = Shop::open().await;
    let number = async || {
        let id = shop.paid_order().await.id;
        let invoice: Invoice = shop.customer.get(&format!("/api/v1/orders/{id}/invoice")).await.is(200).read();
        (invoice.number, invoice.date)
    };
    let (first, day) = number().await;
    let april = jiff::civil::date(if day.month() >= 4 { day.year() + 1 } else { day.year() }, 4, 2);
    let days = u64::try_from((april - day).get_days()).unwrap();
    let second = number().await.0;
    shop.service.clock.advance(Duration::from_secs(days * 24 * 3600));
    let third = number().await.0;
    assert!(first.ends_with("/00000001") && second.ends_with("/00000002"), "{first} {second}");
    assert!(third.ends_with("/00000001") && third[..7] != first[..7], "{third}");
    assert_eq!(shop.violations().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_documents_cannot_be_changed() {
    let shop = Shop::open().await;
    let order = shop.paid_order().await;
    shop.customer.post(&format!("/api/v1/orders/{}/cancel", order.id), &json!({})).await.is(200);
    for change in [
        "UPDATE order_history SET detail = 'x'",
        "DELETE FROM order_history",
        "UPDATE invoice SET total_paise = 0",
        "DELETE FROM credit_note_line",
        "DELETE FROM credit_note",
    ] {
        let refused = sqlx::query(change).execute(&shop.service.pool).await.unwrap_err();
        assert!(refused.to_string().contains("are never changed"), "{change}: {refused}");
    }
}

/// A day after it was answered, a checkout is forgotten; its order is not.
#[tokio::test(flavor = "multi_thread")]
async fn old_checkouts_are_forgotten() {
    let shop = Shop::open().await;
    let order = shop.order(PaymentMethod::CashOnDelivery).await;
    let mut connection = shop.service.pool.acquire().await.unwrap();
    let now = shop.service.clock.now();
    assert_eq!(
        order_service::store::checkout::sweep(&mut connection, now.minus(Duration::from_secs(60))).await.unwrap(),
        0
    );
    assert_eq!(order_service::store::checkout::sweep(&mut connection, now).await.unwrap(), 1);
    eventually(PATIENCE, async || shop.read(order.id).await.status == OrderStatus::Confirmed).await;
}
