//! Tokens that have been proven good, so that a signature is checked once and not with every request.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use moka::future::Cache;

use super::IdentityError;

/// Some 10 MB at most.
const MOST_TOKENS: u64 = 20_000;

/// By the token's SHA-256, so that a memory dump holds no token. Whoever reads from here checks the times again, and that
/// the key still stands in the key set: an entry only says that the signature was good.
pub(super) struct Verified<C> {
    tokens: Cache<TokenHash, Arc<Proven<C>>>,
}

pub(super) type TokenHash = [u8; 32];

pub(super) struct Proven<C> {
    pub claims: Arc<C>,
    pub key_id: String,
}

impl<C: Send + Sync + 'static> Verified<C> {
    /// `life` bounds how long an entry is of use.
    pub(super) fn new(life: Duration) -> Self {
        Verified { tokens: Cache::builder().max_capacity(MOST_TOKENS).time_to_live(life).build() }
    }

    pub(super) async fn get(&self, hash: &TokenHash) -> Option<Arc<Proven<C>>> {
        self.tokens.get(hash).await
    }

    pub(super) async fn insert(&self, hash: TokenHash, claims: C, key_id: String) -> Arc<C> {
        let claims = Arc::new(claims);
        self.tokens.insert(hash, Arc::new(Proven { claims: Arc::clone(&claims), key_id })).await;
        claims
    }
}

pub(super) fn hash(token: &str) -> Result<TokenHash, IdentityError> {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().map_err(|_| IdentityError::Invalid)
}
