use async_trait::async_trait;
use types::SessionId;

/// Which sessions have ended before their access tokens expire.
#[async_trait]
pub trait Revocations: Send + Sync + 'static {
    /// Never fails: where the answer is not to be had, a token stays good for what remains of its 15 minutes.
    async fn is_revoked(&self, session: SessionId) -> bool;
}

/// For a service that lets access tokens run out.
#[derive(Clone, Copy, Debug)]
pub struct NothingRevoked;

#[async_trait]
impl Revocations for NothingRevoked {
    async fn is_revoked(&self, _: SessionId) -> bool {
        false
    }
}
