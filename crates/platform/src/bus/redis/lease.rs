//! A key that one holder has at a time: who holds it is the group's active member.
//!
//! Without Lua there is no compare-and-expire, so renewing is GETEX: it lengthens whoever's lease it is, and a holder that
//! finds another's token there has lost its own. Releasing is DEL, only while our own lease cannot have ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connections::{Connections, milliseconds};
use crate::bus::BusError;

/// Renewed in the background until dropped, which releases it.
pub struct Lease {
    until: Arc<Mutex<Instant>>,
    _release: DropGuard,
}

impl Lease {
    /// Takes the lease if nobody has it. `token` is the holder's own: an attempt whose answer was lost is recognised by it.
    pub async fn acquire(
        connections: &Arc<Connections>,
        key: &str,
        token: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, BusError> {
        let asked = Instant::now();
        let mut take = redis::cmd("SET");
        take.arg(key).arg(token).arg("NX").arg("GET").arg("PX").arg(milliseconds(ttl));
        let holder: Option<String> = connections.run(&take).await?;
        let ours = match holder {
            None => true,
            Some(holder) => holder == token && renew(connections, key, token, ttl).await?,
        };
        if !ours {
            return Ok(None);
        }
        let until = Arc::new(Mutex::new(asked + ttl));
        let released = CancellationToken::new();
        tokio::spawn(keep(
            Arc::clone(connections),
            key.to_owned(),
            token.to_owned(),
            ttl,
            Arc::clone(&until),
            released.clone(),
        ));
        Ok(Some(Lease { until, _release: released.drop_guard() }))
    }

    /// False once the lease may have ended, so that another may hold it.
    pub fn held(&self) -> bool {
        Instant::now() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keep(
    connections: Arc<Connections>,
    key: String,
    token: String,
    ttl: Duration,
    until: Arc<Mutex<Instant>>,
    released: CancellationToken,
) {
    let mut pause = ttl / 3;
    while released.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let asked = Instant::now();
        let renewed = renew(&connections, &key, &token, ttl).await;
        let mut until = until.lock().unwrap_or_else(PoisonError::into_inner);
        match renewed {
            Ok(true) => {
                *until = asked + ttl;
                pause = ttl / 3;
            }
            Ok(false) => {
                *until = asked;
                return;
            }
            Err(_) if asked >= *until => return,
            Err(_) => pause = ttl / 10,
        }
    }
    let safe = *until.lock().unwrap_or_else(PoisonError::into_inner) > Instant::now() + ttl / 3;
    if safe && let Err(error) = connections.run::<Value>(redis::cmd("DEL").arg(&key)).await {
        tracing::debug!(%error, key, "a lease was not released and will lapse");
    }
}

/// Is it (still) ours?
async fn renew(connections: &Connections, key: &str, token: &str, ttl: Duration) -> Result<bool, BusError> {
    let mut renew = redis::cmd("GETEX");
    renew.arg(key).arg("PX").arg(milliseconds(ttl));
    let holder: Option<String> = connections.run(&renew).await?;
    Ok(holder.as_deref() == Some(token))
}
