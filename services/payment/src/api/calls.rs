//! What other services ask.

use std::time::Duration;

use contracts::payment::{CreateIntent, FoundIntent, Intent, IntentStatus, PaymentMethod, SyncIntent};
use platform::service::App;
use platform::{Problem, Result};

use crate::{Payments, attempts, store};

/// How long a service that asks waits for the provider. It gives us 3 s in all; if we were silent for longer, it would leave us alone
/// for a while, and nobody could check out because a provider is slow.
const PROVIDERS_TIME: Duration = Duration::from_secs(2);

/// Opens the one intent of an order, or answers the one that there is.
pub async fn create_intent(app: Payments, call: CreateIntent) -> Result<Intent> {
    if call.amount.is_negative() {
        return Err(Problem::invalid("amount", "must not be negative"));
    }
    let status = match call.method {
        // A coupon can pay everything: then nobody has to.
        _ if call.amount.is_zero() => IntentStatus::Paid,
        PaymentMethod::CashOnDelivery => IntentStatus::CashDue,
        PaymentMethod::Upi | PaymentMethod::Card | PaymentMethod::NetBanking => IntentStatus::Open,
    };
    let now = app.context().now();
    let intent = store::intent::open(&mut *app.db.primary().await?, &call, status, now).await?;
    if intent.amount != call.amount {
        return Err(Problem::conflict("other-amount", "The order has an intent for another amount")
            .with("amount", intent.amount));
    }
    Ok(intent.to_wire())
}

/// The order's intent, after asking the provider about what is undecided: as it is known, if the provider is slow.
pub async fn sync_intent(app: Payments, call: SyncIntent) -> Result<FoundIntent> {
    let found = store::intent::of_order(&mut *app.db.primary().await?, call.order_id).await?;
    let Some(intent) = found else { return Ok(FoundIntent::Absent) };
    attempts::sync(&app, intent.id, PROVIDERS_TIME).await?;
    let intent = store::intent::find(&mut *app.db.primary().await?, intent.id).await?;
    Ok(intent.map_or(FoundIntent::Absent, |intent| FoundIntent::Found(intent.to_wire())))
}
