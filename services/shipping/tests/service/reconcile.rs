//! Whatever must not be among the parcels is found.

use shipping_service::reconcile;
use types::UserId;

use crate::{booked, start};

const HARMS: &[(&str, &str)] = &[
    ("UPDATE shipment SET tracking_number = NULL, created_at = '2020-01-01'", "parcels-are-booked"),
    ("UPDATE shipment SET turn_back_due_at = '2020-01-01'", "cancelled-parcels-are-given-back"),
    ("UPDATE heard_order SET cancelled = true", "cancelled-orders-have-no-parcel-here"),
    (
        "INSERT INTO tracking_event (carrier, carrier_event_id, tracking_number, status, at, description, location, received_at)
         VALUES ('sandbox', 'e', 'SBX0', 'delivered', '2020-01-01', '', '', '2020-01-01')",
        "news-finds-its-parcel",
    ),
];

#[tokio::test]
async fn each_broken_rule_is_found_alone() {
    let service = start().await;
    booked(&service, UserId::new()).await;
    let now = service.clock.now();
    assert_eq!(reconcile::violations(&mut service.pool.acquire().await.unwrap(), now).await.unwrap(), []);
    for (harm, rule) in HARMS {
        let mut moment = service.harmed(*harm).await;
        let found = reconcile::violations(&mut moment, now).await.unwrap();
        assert!(found.len() == 1 && found[0].rule == *rule, "{rule}: {found:?}");
    }
}
