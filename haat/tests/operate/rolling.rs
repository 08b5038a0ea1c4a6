//! Runbook "upgrade and roll back": a release replaces every pod, and nobody notices.

use types::ServiceName;

use crate::premises::Premises;
use crate::shop::Shop;
use crate::visitors::Visitors;

/// What people buy through has two; of the others one takes over from another.
fn replicas(service: ServiceName) -> usize {
    match service {
        ServiceName::Gateway | ServiceName::Order | ServiceName::Payment | ServiceName::Product | ServiceName::Cart => {
            2
        }
        _ => 1,
    }
}

/// What people do who do not buy needs these.
fn is_for_visitors(service: ServiceName) -> bool {
    matches!(service, ServiceName::Auth | ServiceName::User | ServiceName::Notification | ServiceName::Return)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pod_is_replaced_under_load_and_no_request_fails() {
    let mut shop = Shop::open(Premises::of_a_shop().await, replicas).await;
    let market = shop.market.demanding();
    let (mut crowd, mut visitors) = (market.crowd(), Visitors::come(&market));
    crowd.buys(3).await;
    for service in ServiceName::ALL {
        shop.roll(*service).await;
        if is_for_visitors(*service) { visitors.look_around().await } else { crowd.buys(1).await }
    }
    crowd.buys(3).await;
    visitors.go_home().await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}
