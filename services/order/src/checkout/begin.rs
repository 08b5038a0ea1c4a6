//! The beginning: is it a first request, or the repeat of one?

use std::time::Duration;

use aws_lc_rs::digest;
use contracts::order::NewOrder;
use http::StatusCode;
use platform::{Problem, Result};
use types::{OrderId, UserId};

use crate::app::Orders;
use crate::store::checkout::{self, NewCheckout, Step};

pub enum Begun {
    First(OrderId),
    /// The order is stored, and nobody works on the rest.
    Placed(OrderId),
    Answered(Vec<u8>),
}

/// How often, and how far apart, a repeat looks whether the first request has its answer.
const LOOKS: [Duration; 6] = {
    let ms = Duration::from_millis;
    [ms(20), ms(50), ms(100), ms(300), ms(600), ms(1000)]
};

/// Records the checkout, or finds the one that has this key.
///
/// # Errors
/// 422 if the key was used for another order; 409 if the first request is still at work after some seconds.
pub async fn begin(app: &Orders, customer_id: UserId, key: &str, new: &NewOrder) -> Result<Begun> {
    let request = serde_json::to_vec(new).map_err(Problem::internal)?;
    let fingerprint = digest::digest(&digest::SHA256, &request);
    let order_id = OrderId::new();
    for pause in LOOKS.into_iter().map(Some).chain([None]) {
        let now = app.now();
        let checkout = NewCheckout {
            order_id,
            customer_id,
            key,
            fingerprint: fingerprint.as_ref(),
            now,
            lease_until: now.plus(app.settings.lease),
        };
        let mut connection = app.db.primary().await?;
        if checkout::begin(&mut connection, &checkout).await? {
            return Ok(Begun::First(order_id));
        }
        if let Some(known) = checkout::find(&mut connection, customer_id, key).await? {
            if known.fingerprint != fingerprint.as_ref() {
                return Err(reused());
            }
            if let Some(answer) = known.answer {
                return Ok(Begun::Answered(answer));
            }
            let lease = now.plus(app.settings.lease);
            if known.step == Step::Placed
                && known.lease_until <= now
                && checkout::take_over(&mut connection, known.order_id, now, lease).await?
            {
                return Ok(Begun::Placed(known.order_id));
            }
        }
        drop(connection);
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
    Err(Problem::conflict("request-in-progress", "The first request is still at work")
        .retry_after(1)
        .detail("A request with this Idempotency-Key is being worked on. Repeat it a little later."))
}

/// As `platform::idempotency` says it.
fn reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "The Idempotency-Key was used for another request",
    )
    .field("idempotency-key", "take a new key for a new request")
}
