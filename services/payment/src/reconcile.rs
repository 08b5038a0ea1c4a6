//! Do the books agree with themselves, with the provider's, and with the orders'? Read by `haat reconcile`; changes nothing.

use std::time::Duration;

use platform::reconcile::Violation;
use sqlx::PgConnection;
use types::Timestamp;

pub use crate::store::reconcile::{Fact, RefundFact, facts, refund_facts};
use crate::{sandbox, store};

/// What should have ended within this time is stuck.
const LONG: Duration = Duration::from_secs(3600);
/// News of the sandbox may be on their way for so long.
const NEWS: Duration = Duration::from_secs(120);

/// Every broken rule, as of `now`; empty if all is well.
pub async fn violations(connection: &mut PgConnection, now: Timestamp) -> Result<Vec<Violation>, sqlx::Error> {
    let mut found = store::reconcile::sums(connection).await?;
    found.extend(store::reconcile::stuck(connection, now.minus(LONG)).await?);
    found.extend(sandbox_violations(connection, now.minus(NEWS)).await?);
    Ok(found)
}

/// Differences to the sandbox's books on what it decided before `settled_before`.
pub async fn sandbox_violations(
    connection: &mut PgConnection,
    settled_before: Timestamp,
) -> Result<Vec<Violation>, sqlx::Error> {
    let differences = sandbox::store::differences(connection, settled_before).await?;
    let told = |d: sandbox::store::Difference| {
        let ours = d.ours.unwrap_or_else(|| "unknown".to_owned());
        let detail = format!(
            "{ours} with {} refunded here, {} with {} refunded in the sandbox",
            d.our_refunds, d.sandbox, d.sandbox_refunds
        );
        Violation { rule: "the-sandbox-agrees".to_owned(), subject: d.reference.to_string(), detail }
    };
    Ok(differences.into_iter().map(told).collect())
}
