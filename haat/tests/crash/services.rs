//! Single services, killed.

use std::time::Duration;

use types::ServiceName;
use uuid::Uuid;

use crate::shop::Shop;

/// Without these, the shop sells on.
const NOT_NEEDED_TO_SELL: [ServiceName; 4] =
    [ServiceName::Auth, ServiceName::User, ServiceName::Notification, ServiceName::Return];

#[tokio::test(flavor = "multi_thread")]
async fn each_service_killed_at_a_random_moment_goes_on_where_it_was() {
    let mut shop = Shop::open().await;
    let mut crowd = shop.market.crowd();
    crowd.buys(3).await;
    for service in ServiceName::ALL {
        tokio::time::sleep(some_time()).await;
        shop.kill(*service);
        if NOT_NEEDED_TO_SELL.contains(service) {
            crowd.buys(2).await;
        } else {
            tokio::time::sleep(some_time()).await;
        }
        shop.start_again(*service).await;
        crowd.buys(2).await;
    }
    crowd.buys(10).await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}

fn some_time() -> Duration {
    Duration::from_millis(u64::from(Uuid::new_v4().as_bytes()[0]))
}
