//! People who log in and look around: what buyers do not need is needed by them.

use std::time::Duration;

use testkit::eventually;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::PATIENCE;
use crate::buyers::Market;

/// What a log-in leads to, of services that no buyer asks.
const PAGES: [&str; 4] =
    ["/api/v1/users/me", "/api/v1/notifications", "/api/v1/returns", "/api/v1/products/search?q=kurta"];
const PAUSE: Duration = Duration::from_millis(50);

/// Somebody who visits again and again until told to go home.
pub struct Visitors {
    stop: CancellationToken,
    /// How often.
    visits: watch::Receiver<u64>,
    visitor: JoinHandle<()>,
}

impl Visitors {
    pub fn come(market: &Market) -> Self {
        let (stop, (count, visits)) = (CancellationToken::new(), watch::channel(0));
        let (market, stopped) = (market.clone(), stop.clone());
        let visitor = tokio::spawn(async move {
            while !stopped.is_cancelled() {
                let visitor = market.log_in().await;
                for page in PAGES {
                    visitor.get(page).await;
                }
                count.send_modify(|count| *count += 1);
                tokio::time::sleep(PAUSE).await;
            }
        });
        Visitors { stop, visits, visitor }
    }

    /// Waits for a visit from beginning to end.
    pub async fn look_around(&mut self) {
        let wanted = *self.visits.borrow() + 2;
        let enough = eventually(PATIENCE, || std::future::ready(*self.visits.borrow() >= wanted));
        tokio::select! {
            () = enough => {}
            ended = &mut self.visitor => panic!("the visitor was let down: {}", ended.unwrap_err()),
        }
    }

    pub async fn go_home(self) {
        self.stop.cancel();
        self.visitor.await.unwrap();
    }
}
