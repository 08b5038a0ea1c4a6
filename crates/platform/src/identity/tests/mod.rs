//! Tokens that must be accepted, and all those that must not.

mod extractors;
mod service_tokens;
mod user_tokens;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::*;
use crate::problem::Problem;

/// Auth's key set as a test wants it.
#[derive(Clone, Default)]
pub(super) struct Auth {
    keys: Arc<Mutex<Vec<SigningKey>>>,
    unreachable: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Auth {
    pub(super) fn with_key(key: &SigningKey) -> Self {
        let auth = Auth::default();
        auth.publish(&[key]);
        auth
    }

    pub(super) fn publish(&self, keys: &[&SigningKey]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| (*key).clone()).collect();
    }

    pub(super) fn cut_off(&self, unreachable: bool) {
        self.unreachable.store(unreachable, Ordering::SeqCst);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for Auth {
    async fn fetch(&self) -> Result<JwkSet, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Others get a turn while the answer is on its way, as on a network.
        tokio::task::yield_now().await;
        if self.unreachable.load(Ordering::SeqCst) {
            return Err("connection refused".into());
        }
        Ok(JwkSet { keys: self.keys.lock().unwrap().iter().map(SigningKey::public_jwk).collect() })
    }
}

/// A token with any header and claims, signed in earnest with `key`.
pub(super) fn signed(key: &SigningKey, claims: &Value) -> String {
    jwt::sign(key, claims).unwrap()
}

/// A token with any header and claims, and any signature.
pub(super) fn assembled(header: &Value, claims: &Value, signature: &[u8]) -> String {
    [header.to_string().as_bytes(), claims.to_string().as_bytes(), signature]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

pub(super) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < deadline, "did not come about within ten seconds");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
