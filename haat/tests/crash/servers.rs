//! The servers that the services stand on, restarted under them.

use testkit::eventually;

use crate::PATIENCE;
use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_restarted_and_killed_under_load_is_found_again_by_all() {
    let mut shop = Shop::open().await;
    let mut crowd = shop.market.crowd();
    crowd.buys(5).await;
    shop.infrastructure.postgres.restart().await.unwrap();
    crowd.buys(5).await;
    shop.infrastructure.postgres.kill().await;
    shop.infrastructure.postgres.restart().await.unwrap();
    crowd.buys(10).await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_gone_and_comes_back_empty_stops_nobody() {
    let mut shop = Shop::open().await;
    let mut crowd = shop.market.crowd();
    let gone = shop.market.log_in().await;
    gone.log_out().await;
    crowd.buys(5).await;
    shop.infrastructure.cache.kill().await;
    crowd.buys(5).await;
    shop.infrastructure.cache.restart().await.unwrap();
    crowd.buys(10).await;
    eventually(PATIENCE, || async { !gone.is_logged_in().await }).await;
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_killed_under_load_lose_no_event() {
    let mut shop = Shop::open().await;
    let mut crowd = shop.market.crowd();
    crowd.buys(5).await;
    for _ in 0..2 {
        shop.infrastructure.streams.kill().await;
        // What happens meanwhile waits to be told.
        crowd.buys(3).await;
        shop.infrastructure.streams.restart().await.unwrap();
        crowd.buys(5).await;
    }
    let bought = crowd.go_home().await;
    shop.is_in_order(&bought).await;
}
