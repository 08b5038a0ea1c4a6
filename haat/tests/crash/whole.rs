//! The whole platform as one process, killed.

use std::time::Duration;

use haat::up::environment_of;
use testkit::{ScratchDirectory, eventually};

use crate::PATIENCE;
use crate::buyers::Market;
use crate::process::{Haat, free_ports, reconcile, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_comes_back_with_its_books_in_order() {
    let (state, port) = (ScratchDirectory::create(), free_ports(11).to_string());
    let url = format!("http://127.0.0.1:{port}");
    let arguments = ["up", "--state", state.path().to_str().unwrap(), "--port-base", &port];
    let mut haat = Haat::spawn(&arguments, []);
    until_ready(&url).await;
    let key = environment_of(state.path()).unwrap()["AUTH_JWT_SECRET"].parse().unwrap();
    let market = Market::visit(&url, key).await;
    let mut crowd = market.crowd();
    // Moments that fall into different steps of the checkouts under way; the same ones in every run, on a machine that is never
    // the same.
    for milliseconds in [250, 700, 1300] {
        crowd.buys(1).await;
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        haat.kill();
        haat = Haat::spawn(&arguments, []);
        until_ready(&url).await;
    }
    crowd.buys(10).await;
    let bought = crowd.go_home().await;
    market.keeps_its_word(&bought).await;
    eventually(PATIENCE, || async { reconcile(state.path()) }).await;
}
