//! The whole platform as a process of its own, killed at random moments under a load of checkouts: after it is back, the books
//! agree, and nobody was charged without an order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod buyers;
mod process;

use std::time::Duration;

use buyers::Buyers;
use process::Haat;
use testkit::eventually;

/// How long the platform may take to bring everything to its end after it is back.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_comes_back_with_its_books_in_order() {
    let mut haat = Haat::start().await;
    let buyers = Buyers::new(&haat.url).await;
    let mut bought = 0;
    // Moments that fall into different steps of the checkouts under way; the same ones in every run, on a machine that is never
    // the same.
    for milliseconds in [250, 700, 1300] {
        let load = buyers.buy_until_it_breaks();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        haat.kill();
        bought += load.await;
        haat.start_again().await;
    }
    bought += buyers.buy_some(10).await;
    assert!(bought >= 10, "{bought}");
    eventually(PATIENCE, || async { haat.reconcile() }).await;
}
