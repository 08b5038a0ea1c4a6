//! Tokens that are good for a while, each with a key of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::sync::Mutex;
use types::Timestamp;

use crate::client::Now;
use crate::signature::Signer;
use crate::{Error, PrivateKey};

/// Exchanges what a machine or a pod has for a token.
pub(super) trait Exchange: fmt::Debug + Send + Sync + 'static {
    /// A token whose session is signed by `key`.
    fn token(&self, key: &PrivateKey, now: &Now) -> impl Future<Output = Result<String, Error>> + Send;
}

/// A token is not used for the last moment that it is good: the clock of the service may be ahead.
const MARGIN: Duration = Duration::from_secs(60);
/// How long after an exchange that failed the next one is tried, while the old token is still good.
const PAUSE: Duration = Duration::from_secs(10);

/// The current session and how to have the next: one exchange at a time, whoever waits for it.
#[derive(Clone)]
pub(super) struct Sessions(Arc<dyn Source>);

impl Sessions {
    pub fn new(exchange: impl Exchange) -> Self {
        Sessions(Arc::new(Exchanged { exchange, current: Mutex::default() }))
    }

    pub async fn signer(&self, now: &Now) -> Result<Signer, Error> {
        self.0.signer(now).await
    }

    pub async fn discard(&self, refused: &Signer) {
        self.0.discard(refused).await;
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait::async_trait]
trait Source: fmt::Debug + Send + Sync {
    async fn signer(&self, now: &Now) -> Result<Signer, Error>;
    async fn discard(&self, refused: &Signer);
}

#[derive(Debug)]
struct Exchanged<E> {
    exchange: E,
    current: Mutex<Option<Session>>,
}

#[derive(Debug)]
struct Session {
    signer: Signer,
    /// From here on a new one is asked for, though this one is good for some time yet.
    renew_at: Timestamp,
    expires: Timestamp,
}

#[async_trait::async_trait]
impl<E: Exchange> Source for Exchanged<E> {
    async fn signer(&self, now: &Now) -> Result<Signer, Error> {
        let mut current = self.current.lock().await;
        let time = now();
        if let Some(session) = current.as_ref().filter(|session| time < session.renew_at) {
            return Ok(session.signer.clone());
        }
        match self.begin(now).await {
            Ok(session) => Ok(current.insert(session).signer.clone()),
            Err(error) => match current.as_mut().filter(|session| time.plus(MARGIN) < session.expires) {
                Some(session) => {
                    tracing::warn!(%error, "the token for the cloud could not be renewed; the old one is still good");
                    session.renew_at = time.plus(PAUSE);
                    Ok(session.signer.clone())
                }
                None => Err(error),
            },
        }
    }

    async fn discard(&self, refused: &Signer) {
        let mut current = self.current.lock().await;
        // Somebody else may have renewed it in the meantime.
        if current.as_ref().is_some_and(|session| session.signer.key_id == refused.key_id) {
            *current = None;
        }
    }
}

impl<E: Exchange> Exchanged<E> {
    async fn begin(&self, now: &Now) -> Result<Session, Error> {
        let key = PrivateKey::generate().await?;
        let token = self.exchange.token(&key, now).await?;
        let (issued, expires) = lifetime(&token, now())?;
        let signer = Signer { key_id: format!("ST${token}"), key, signs_host: true };
        // At half its life, as Oracle's own clients do.
        Ok(Session { signer, renew_at: issued.plus(expires.since(issued) / 2), expires })
    }
}

/// From when to when a token is good. It is a JWT; who checks its signature is the service.
fn lifetime(token: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
    #[derive(Deserialize)]
    struct Claims {
        iat: Option<i64>,
        exp: i64,
    }
    let claims = token.split('.').nth(1).unwrap_or_default();
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok();
    let claims: Option<Claims> = claims.and_then(|json| serde_json::from_slice(&json).ok());
    let claims = claims.ok_or_else(|| Error::Token("what was given for one is no JWT with an expiry".to_owned()))?;
    let time = |seconds: i64| Timestamp::from_microseconds(seconds.saturating_mul(1_000_000));
    let (issued, expires) = (claims.iat.map_or(now, time), time(claims.exp));
    if expires <= now {
        return Err(Error::Token("the one that was given has expired already".to_owned()));
    }
    Ok((issued, expires))
}
