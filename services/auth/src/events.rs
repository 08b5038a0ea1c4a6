//! What auth does when it hears of an event.

use contracts::user::{ErasureCompleted, ErasureRequested};
use platform::db::{Committed, Tx};
use platform::events::Received;
use platform::{Result, idempotency};
use types::ServiceName;

use crate::app::Auth;
use crate::{attempts, store};

/// Forgets who the account belonged to and ends its sessions. An account that is not here (any more) is erased already.
pub async fn erasure_requested(app: Auth, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let user_id = event.data.user_id;
    let sessions = store::session::live_ids(&mut tx, user_id, app.now()).await?;
    let version = match store::account::erase(&mut tx, user_id).await? {
        Some(erased) => {
            let subjects = [attempts::password(&erased.email), attempts::second_factor(user_id)];
            store::attempt::forget(&mut tx, &subjects).await?;
            // What their registration was answered.
            idempotency::forget(&mut tx, attempts::fingerprint(&erased.email), None).await?;
            erased.version
        }
        None => event.version,
    };
    tx.publish(user_id, version, &ErasureCompleted { user_id, service: ServiceName::Auth })?;
    app.revoke(&mut tx, sessions);
    Ok(tx.commit().await?)
}
