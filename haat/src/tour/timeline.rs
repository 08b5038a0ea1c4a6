//! An order's life as its services tell it, in one list.

use serde_json::Value;

use super::TourError;
use super::client::{Client, Person};

/// A line for each thing that happened, the earliest first.
pub(super) async fn of(client: &mut Client, customer: &Person, order: &str) -> Result<Vec<String>, TourError> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut add = |at: &Value, service: &str, what: String| {
        if let Some(at) = at.as_str() {
            entries.push((at.to_owned(), format!("{service:<13} {what}")));
        }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('_', " ");

    let timeline =
        client.get("the order's own timeline", customer, &format!("/api/v1/orders/{order}/timeline")).await?;
    for entry in timeline.entries() {
        let what = format!("{}: {} {}", text(&entry["kind"]), text(&entry["status"]), text(&entry["detail"]));
        add(&entry["at"], "order", what.trim_end().to_owned());
    }
    let detail = client.get("the order", customer, &format!("/api/v1/orders/{order}")).await?;
    if let Some(intent) = detail.body.pointer("/payment/intent_id").and_then(Value::as_str) {
        let intent = client.get("its payment", customer, &format!("/api/v1/payments/{intent}")).await?;
        for attempt in intent.body["attempts"].as_array().into_iter().flatten() {
            add(
                &attempt["created_at"],
                "payment",
                format!("attempt by {}: {}", text(&attempt["method"]), text(&attempt["status"])),
            );
        }
    }
    let shipments = client.get("its shipments", customer, &format!("/api/v1/shipments?order_id={order}")).await?;
    for shipment in shipments.entries() {
        let Some(id) = shipment["id"].as_str() else { continue };
        let shipment = client.get("a parcel's way", customer, &format!("/api/v1/shipments/{id}")).await?;
        for scan in shipment.body["history"].as_array().into_iter().flatten() {
            add(&scan["at"], "shipping", format!("{} {}", text(&shipment.body["direction"]), text(&scan["status"])));
        }
    }
    let inbox = client.get("its messages", customer, "/api/v1/notifications?limit=100").await?;
    for message in inbox.entries() {
        add(&message["created_at"], "notification", text(&message["title"]));
    }
    entries.sort();
    Ok(entries.into_iter().map(|(at, what)| format!("  {at:<28} {what}")).collect())
}
