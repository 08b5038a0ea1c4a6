//! How the sandbox carrier signs its webhooks: HMAC-SHA-256 over the time, a full stop and the body's bytes.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, StatusCode};
use platform::{Problem, Result};
use types::Timestamp;

/// Seconds since 1970 at which it was signed.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("x-carrier-timestamp");
/// Base64.
pub const SIGNATURE: HeaderName = HeaderName::from_static("x-carrier-signature");
/// An older signature, or one from the future, is refused: somebody may have kept it.
const TOLERANCE: Duration = Duration::from_secs(300);

/// The secret that we share with a carrier.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

impl WebhookKey {
    pub fn new(secret: &[u8]) -> Self {
        WebhookKey(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A key that follows from another secret and cannot be traced back to it.
    pub fn derived_from(secret: &[u8]) -> Self {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"webhooks of the sandbox carrier");
        Self::new(derived.as_ref())
    }

    pub fn sign(&self, at: Timestamp, body: &[u8]) -> [(HeaderName, String); 2] {
        let seconds = at.as_seconds().to_string();
        let signature = STANDARD.encode(hmac::sign(&self.0, &message(&seconds, body)));
        [(TIMESTAMP, seconds), (SIGNATURE, signature)]
    }

    /// # Errors
    /// 401 if the signature is missing, wrong or old.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<()> {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
        let refused = |detail: &str| {
            Problem::new(StatusCode::UNAUTHORIZED, "bad-signature", "The signature is not the carrier's").detail(detail)
        };
        let (Some(seconds), Some(signature)) = (text(&TIMESTAMP), text(&SIGNATURE)) else {
            return Err(refused("The signature or its time is missing."));
        };
        let signature = STANDARD.decode(signature).map_err(|_| refused("The signature is not Base64."))?;
        hmac::verify(&self.0, &message(seconds, body), &signature).map_err(|_| refused("The signature is wrong."))?;
        let age = seconds.parse::<i64>().map_or(u64::MAX, |signed| now.as_seconds().abs_diff(signed));
        if age > TOLERANCE.as_secs() { Err(refused("The signature is not of now.")) } else { Ok(()) }
    }
}

fn message(seconds: &str, body: &[u8]) -> Vec<u8> {
    [seconds.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_microseconds(1_795_000_000_000_000)
    }

    fn signed(key: &WebhookKey, at: Timestamp, body: &[u8]) -> HeaderMap {
        key.sign(at, body).into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect()
    }

    #[test]
    fn what_was_signed_is_believed() {
        let key = WebhookKey::new(b"secret");
        assert!(key.verify(&signed(&key, now(), b"{}"), b"{}", now()).is_ok());
    }

    #[test]
    fn another_body_key_or_time_is_not() {
        let key = WebhookKey::new(b"secret");
        let headers = signed(&key, now(), b"{}");
        let refused = |headers: &HeaderMap, body: &[u8], now| {
            let problem = key.verify(headers, body, now).unwrap_err();
            assert_eq!((problem.status, problem.is("bad-signature")), (401, true));
        };
        refused(&headers, b"{ }", now());
        refused(&headers, b"{}", now().plus(Duration::from_secs(301)));
        refused(&headers, b"{}", now().minus(Duration::from_secs(301)));
        refused(&signed(&WebhookKey::new(b"another"), now(), b"{}"), b"{}", now());
        refused(&signed(&WebhookKey::derived_from(b"secret"), now(), b"{}"), b"{}", now());
        refused(&HeaderMap::new(), b"{}", now());
        let mut later = headers.clone();
        later.insert(TIMESTAMP, "1795000001".parse().unwrap());
        refused(&later, b"{}", now());
    }
}
