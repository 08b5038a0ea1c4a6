use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};
use types::{Role, SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::key_ring::{KeyRing, Pace, Source, SourceError};
use super::verified::{self, Verified};
use super::{IdentityError, Secret, SigningKey, jwt};
use crate::clock::Clock;

/// How long an access token is good for.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

const ISSUER: &str = "haat-auth";
const AUDIENCE: &str = "haat";
/// A key set is read anew every five minutes, and at most every three seconds. A new key should therefore stand in the key
/// set for a little before it signs.
const PACE: Pace = Pace {
    oldest: Duration::from_secs(5 * 60),
    pause: Duration::from_secs(3),
    pause_after_failure: Duration::from_secs(1),
    patience: Duration::from_secs(2),
};

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserClaims {
    iss: String,
    aud: String,
    /// The account.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The log-in that it belongs to.
    #[serde(rename = "sid")]
    pub session: SessionId,
    pub roles: Arc<[Role]>,
    /// Seconds since 1970.
    #[serde(rename = "iat")]
    pub issued: i64,
    /// Seconds since 1970.
    #[serde(rename = "exp")]
    pub expires: i64,
    /// The token's own id.
    #[serde(rename = "jti")]
    pub id: Uuid,
}

/// An access token, fresh from the press.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub token: Secret<String>,
    pub expires: Timestamp,
}

/// Makes access tokens; auth alone has a use for it.
#[derive(Clone, Debug)]
pub struct UserTokens {
    key: SigningKey,
    clock: Clock,
}

impl UserTokens {
    pub fn new(key: SigningKey, clock: Clock) -> Self {
        UserTokens { key, clock }
    }

    /// # Errors
    /// [`IdentityError::Unsigned`] if signing fails, which a key that could be read does not do.
    pub fn issue(&self, user: UserId, session: SessionId, roles: &[Role]) -> Result<AccessToken, IdentityError> {
        let now = self.clock.now();
        let expires = now.plus(ACCESS_TOKEN_LIFE);
        let claims = UserClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            user,
            session,
            roles: roles.into(),
            issued: now.as_seconds(),
            expires: expires.as_seconds(),
            id: Uuid::now_v7(),
        };
        Ok(AccessToken { token: Secret::new(jwt::sign(&self.key, &claims)?), expires })
    }
}

/// Where auth's key set can be read.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    async fn fetch(&self) -> Result<JwkSet, SourceError>;
}

/// Checks access tokens against auth's key set. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct UserTokenVerifier {
    keys: KeyRing<DecodingKey>,
    verified: Arc<Verified<UserClaims>>,
    clock: Clock,
}

impl UserTokenVerifier {
    pub fn new(source: impl KeySource, clock: Clock) -> Self {
        UserTokenVerifier {
            keys: KeyRing::new(KeySet(source), clock.clone(), PACE),
            verified: Arc::new(Verified::new(ACCESS_TOKEN_LIFE)),
            clock,
        }
    }

    /// # Errors
    /// [`IdentityError::Invalid`], [`IdentityError::Expired`], or [`IdentityError::KeysUnavailable`] when the key is not
    /// known and auth cannot be asked.
    pub async fn verify(&self, token: &str) -> Result<Arc<UserClaims>, IdentityError> {
        let hash = verified::hash(token)?;
        let claims = match self.verified.get(&hash).await {
            Some(proven) if self.keys.known(&proven.key_id).is_some() => Arc::clone(&proven.claims),
            _ => {
                let key_id = jwt::key_id(token)?;
                let key = self.keys.find(&key_id).await?;
                let claims: UserClaims = jwt::verify(token, &key, ISSUER, AUDIENCE)?;
                jwt::check_times(claims.issued, claims.expires, self.clock.now())?;
                self.verified.insert(hash, claims, key_id).await
            }
        };
        jwt::check_times(claims.issued, claims.expires, self.clock.now())?;
        Ok(claims)
    }
}

struct KeySet<S>(S);

#[async_trait]
impl<S: KeySource> Source<DecodingKey> for KeySet<S> {
    async fn read(&self) -> Result<Option<HashMap<String, DecodingKey>>, SourceError> {
        let keys: HashMap<_, _> = self.0.fetch().await?.keys.iter().filter_map(jwt::usable_key).collect();
        // Auth always has a key: an empty set is some other server's answer.
        if keys.is_empty() { Err("the key set holds no Ed25519 key".into()) } else { Ok(Some(keys)) }
    }
}
