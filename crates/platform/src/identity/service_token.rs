use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};
use types::{ServiceName, Timestamp};

use super::key_ring::{KeyRing, Pace, Source, SourceError};
use super::verified::{self, Verified};
use super::{IdentityError, SigningKey, jwt};
use crate::clock::Clock;
use crate::env::{Env, EnvError};

/// How long a service's token is good for.
const LIFE: Duration = Duration::from_secs(60);
/// Before half of its life is over, so that a slow call does not arrive with a token that is about to expire.
const RENEWED_AFTER: Duration = Duration::from_secs(25);
/// The old and the new, while a key is being replaced.
const MOST_KEYS_PER_SERVICE: usize = 2;
const PACE: Pace = Pace {
    oldest: Duration::from_secs(30),
    pause: Duration::from_secs(1),
    pause_after_failure: Duration::from_secs(1),
    patience: Duration::from_secs(2),
};

#[derive(Serialize, Deserialize)]
struct Claims {
    /// The caller.
    iss: ServiceName,
    /// The callee.
    aud: ServiceName,
    iat: i64,
    exp: i64,
}

/// Signs this service's calls to others, one token per callee, used until it is renewed.
pub struct ServiceTokens {
    caller: ServiceName,
    key: SigningKey,
    clock: Clock,
    signed: Mutex<HashMap<ServiceName, (Arc<str>, Timestamp)>>,
}

impl ServiceTokens {
    pub fn new(caller: ServiceName, key: SigningKey, clock: Clock) -> Self {
        ServiceTokens { caller, key, clock, signed: Mutex::default() }
    }

    /// The token to send to `callee`, as `Authorization: Bearer <token>`.
    ///
    /// # Errors
    /// [`IdentityError::Unsigned`] if signing fails, which a key that could be read does not do.
    pub fn token_for(&self, callee: ServiceName) -> Result<Arc<str>, IdentityError> {
        let now = self.clock.now();
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, issued)) = signed.get(&callee)
            && *issued <= now
            && now.since(*issued) < RENEWED_AFTER
        {
            return Ok(Arc::clone(token));
        }
        let claims = Claims { iss: self.caller, aud: callee, iat: now.as_seconds(), exp: now.plus(LIFE).as_seconds() };
        let token: Arc<str> = jwt::sign(&self.key, &claims)?.into();
        signed.insert(callee, (Arc::clone(&token), now));
        Ok(token)
    }
}

/// The public keys of all services: a key set (RFC 7517) in which each key also has a member `service`.
#[derive(Clone)]
pub struct ServiceKeys(KeyRing<ServiceKey>);

#[derive(Clone)]
struct ServiceKey {
    service: ServiceName,
    key: DecodingKey,
}

#[derive(Debug, thiserror::Error)]
pub enum MalformedKeys {
    #[error("not a key set with a service for each key: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("a key of {0} is not an Ed25519 key with a 'kid'")]
    Unusable(ServiceName),
    #[error("two keys have the same 'kid' {0}")]
    SameId(String),
    #[error("{0} has more than {MOST_KEYS_PER_SERVICE} keys")]
    TooMany(ServiceName),
    #[error("there is no key in it")]
    Empty,
}

impl ServiceKeys {
    /// From `SERVICE_KEYS` (the document itself) or `SERVICE_KEYS_FILE` (its path; read again when it changes, so that keys
    /// can be replaced without a restart).
    ///
    /// # Errors
    /// If neither is set, or the document is not one.
    pub fn from_env(env: &Env, clock: &Clock) -> Result<Self, EnvError> {
        const FILE: &str = "SERVICE_KEYS_FILE";
        let malformed = |name: &str, reason: String| EnvError::Malformed { name: name.to_owned(), reason };
        if let Some(path) = env.text(FILE) {
            let text = std::fs::read_to_string(&path).map_err(|e| malformed(FILE, format!("{path}: {e}")))?;
            let keys = parse(&text).map_err(|e| malformed(FILE, format!("{path}: {e}")))?;
            let file = File { path: path.into(), modified: Mutex::new(None) };
            return Ok(ServiceKeys(KeyRing::new(file, clock.clone(), PACE).with_keys(keys)));
        }
        let text: String = env.required("SERVICE_KEYS", "the key set of all services, or SERVICE_KEYS_FILE")?;
        Self::from_document(&text, clock).map_err(|e| malformed("SERVICE_KEYS", e.to_string()))
    }

    /// # Errors
    /// [`MalformedKeys`] says what is wrong with it.
    pub fn from_document(text: &str, clock: &Clock) -> Result<Self, MalformedKeys> {
        let keys = parse(text)?;
        Ok(ServiceKeys(KeyRing::new(Unchanging, clock.clone(), PACE).with_keys(keys)))
    }

    /// Is this key among them, as that of `service`? If not, nobody believes what the service signs.
    pub fn know(&self, service: ServiceName, key: &SigningKey) -> bool {
        self.0.known(key.id()).is_some_and(|known| known.service == service)
    }

    /// The document with these keys, on one line.
    pub fn document<'k>(keys: impl IntoIterator<Item = (ServiceName, &'k SigningKey)>) -> String {
        let keys: Vec<_> = keys.into_iter().map(|(service, key)| NamedKey { service, jwk: key.public_jwk() }).collect();
        serde_json::json!({ "keys": keys }).to_string()
    }
}

#[derive(Serialize, Deserialize)]
struct NamedKey {
    service: ServiceName,
    #[serde(flatten)]
    jwk: Jwk,
}

fn parse(text: &str) -> Result<HashMap<String, ServiceKey>, MalformedKeys> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<NamedKey>,
    }
    let document: Document = serde_json::from_str(text)?;
    let mut keys = HashMap::new();
    for NamedKey { service, jwk } in document.keys {
        let (id, key) = jwt::usable_key(&jwk).ok_or(MalformedKeys::Unusable(service))?;
        if keys.values().filter(|k: &&ServiceKey| k.service == service).count() == MOST_KEYS_PER_SERVICE {
            return Err(MalformedKeys::TooMany(service));
        }
        if keys.insert(id.clone(), ServiceKey { service, key }).is_some() {
            return Err(MalformedKeys::SameId(id));
        }
    }
    if keys.is_empty() { Err(MalformedKeys::Empty) } else { Ok(keys) }
}

struct Unchanging;

#[async_trait]
impl Source<ServiceKey> for Unchanging {
    async fn read(&self) -> Result<Option<HashMap<String, ServiceKey>>, SourceError> {
        Ok(None)
    }
}

struct File {
    path: PathBuf,
    /// When the file that was read last had been changed.
    modified: Mutex<Option<SystemTime>>,
}

#[async_trait]
impl Source<ServiceKey> for File {
    async fn read(&self) -> Result<Option<HashMap<String, ServiceKey>>, SourceError> {
        // Before the reading: a change in between is then found the next time.
        let modified = tokio::fs::metadata(&self.path).await?.modified()?;
        if *self.modified.lock().unwrap_or_else(PoisonError::into_inner) == Some(modified) {
            return Ok(None);
        }
        let keys = parse(&tokio::fs::read_to_string(&self.path).await?)?;
        *self.modified.lock().unwrap_or_else(PoisonError::into_inner) = Some(modified);
        Ok(Some(keys))
    }
}

/// Checks the tokens of calling services. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct ServiceTokenVerifier {
    keys: ServiceKeys,
    verified: Arc<Verified<Claims>>,
    clock: Clock,
}

impl ServiceTokenVerifier {
    pub fn new(keys: ServiceKeys, clock: Clock) -> Self {
        ServiceTokenVerifier { keys, verified: Arc::new(Verified::new(LIFE * 2)), clock }
    }

    /// The service that signed this token for `callee`. Whether it may call is the topology's to say.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`], [`IdentityError::Expired`], or [`IdentityError::KeysUnavailable`] when the key is not
    /// known and the key set cannot be read.
    pub async fn verify(&self, token: &str, callee: ServiceName) -> Result<ServiceName, IdentityError> {
        let hash = verified::hash(token)?;
        let claims = match self.verified.get(&hash).await {
            Some(proven) if self.keys.0.known(&proven.key_id).is_some() => Arc::clone(&proven.claims),
            _ => {
                let key_id = jwt::key_id(token)?;
                let ServiceKey { service, key } = self.keys.0.find(&key_id).await?;
                // The key's owner is the only issuer that is accepted: no service can speak for another.
                let claims: Claims = jwt::verify(token, &key, service.as_str(), callee.as_str())?;
                jwt::check_times(claims.iat, claims.exp, self.clock.now())?;
                self.verified.insert(hash, claims, key_id).await
            }
        };
        if claims.aud != callee {
            return Err(IdentityError::Invalid);
        }
        jwt::check_times(claims.iat, claims.exp, self.clock.now())?;
        Ok(claims.iss)
    }
}
