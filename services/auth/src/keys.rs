//! What the service's own private key (`JWT_SECRET`) yields besides signatures, and the key set that others verify with.
//!
//! Rotation: announce the next public key in `AUTH_NEXT_KEYS`; then make its private half `JWT_SECRET`, with the old private
//! key in `AUTH_PREVIOUS_SECRET` and the old public key in `AUTH_PREVIOUS_KEYS`; when tokens and codes have run out and the
//! job `reseal` has nothing left, drop the previous ones.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, hkdf, hmac};
use contracts::auth::CodePurpose;
use platform::env::{Env, EnvError};
use platform::identity::{Jwk, JwkSet, SigningKey};
use types::{CodeReference, UserId};

use crate::domain::code;

/// Keys of the current private key and, while it is being replaced, of the one before.
pub struct Keys {
    current: Derived,
    previous: Option<Derived>,
    key_set: JwkSet,
}

/// What [`Keys::seal`] makes: readable only with the key that `by` names.
#[derive(Clone)]
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub by: String,
}

/// Only a wrong use of the library brings it about, or a row that was tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a key cannot be derived")]
    Derive,
    #[error("it cannot be encrypted")]
    Seal,
    #[error("it was encrypted under a key that is no longer known, or it was changed")]
    Open,
}

impl Keys {
    /// `AUTH_PREVIOUS_KEYS` and `AUTH_NEXT_KEYS` are key sets (RFC 7517); `AUTH_PREVIOUS_SECRET` is as `JWT_SECRET`.
    pub fn from_env(signing: &SigningKey, env: &Env) -> Result<Self, EnvError> {
        let malformed = |name: &str, reason: String| EnvError::Malformed { name: name.to_owned(), reason };
        let mut keys = vec![signing.public_jwk()];
        for name in ["AUTH_PREVIOUS_KEYS", "AUTH_NEXT_KEYS"] {
            let Some(text) = env.text(name) else { continue };
            for key in public_keys(&text).map_err(|reason| malformed(name, reason))? {
                if keys.iter().all(|known| known.common.key_id != key.common.key_id) {
                    keys.push(key);
                }
            }
        }
        let derive = |key: &SigningKey| Derived::from(key).map_err(|e| malformed("JWT_SECRET", e.to_string()));
        let previous: Option<SigningKey> = env.optional("AUTH_PREVIOUS_SECRET")?;
        Ok(Keys {
            current: derive(signing)?,
            previous: previous.as_ref().map(derive).transpose()?,
            key_set: JwkSet { keys },
        })
    }

    /// The public keys: those that sign now, signed before and will sign next.
    pub fn key_set(&self) -> &JwkSet {
        &self.key_set
    }

    /// The one-time code that belongs to a reference.
    pub fn code(&self, reference: CodeReference, purpose: CodePurpose) -> String {
        self.current.code(reference, purpose)
    }

    /// However it was typed, and in the same time whatever the difference.
    pub fn is_code(&self, given: &str, reference: CodeReference, purpose: CodePurpose) -> bool {
        let given = code::compact(given);
        self.both().fold(false, |found, key| {
            let right = code::compact(&key.code(reference, purpose));
            constant_time::verify_slices_are_equal(right.as_bytes(), given.as_bytes()).is_ok() | found
        })
    }

    /// Encrypts an account's secret, so that it can be read for no other account.
    pub fn seal(&self, account: UserId, secret: &[u8]) -> Result<Sealed, KeyError> {
        let mut bytes = secret.to_vec();
        let aad = Aad::from(account.0.into_bytes());
        let nonce = self.current.seal.seal_in_place_append_tag(aad, &mut bytes).map_err(|_| KeyError::Seal)?;
        bytes.extend_from_slice(nonce.as_ref());
        Ok(Sealed { bytes, by: self.current.id.clone() })
    }

    pub fn open(&self, account: UserId, sealed: &Sealed) -> Result<Vec<u8>, KeyError> {
        let key = self.both().find(|key| key.id == sealed.by).ok_or(KeyError::Open)?;
        let (text, nonce) = sealed.bytes.split_last_chunk::<NONCE_LEN>().ok_or(KeyError::Open)?;
        let (mut text, aad) = (text.to_vec(), Aad::from(account.0.into_bytes()));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        key.seal.open_in_place(nonce, aad, &mut text).map(|secret| secret.to_vec()).map_err(|_| KeyError::Open)
    }

    /// The id of the key before, while it is known.
    pub fn previous_sealing_key(&self) -> Option<&str> {
        self.previous.as_ref().map(|key| key.id.as_str())
    }

    fn both(&self) -> impl Iterator<Item = &Derived> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

struct Derived {
    id: String,
    codes: hmac::Key,
    seal: RandomizedNonceKey,
}

impl Derived {
    /// HKDF (RFC 5869) with a label for each use, so that no use weakens another.
    fn from(key: &SigningKey) -> Result<Self, KeyError> {
        let material = hkdf::Salt::new(hkdf::HKDF_SHA256, b"haat auth").extract(key.to_secret_string().as_bytes());
        let derive = |label: &'static [u8]| {
            let mut bytes = [0; 32];
            material
                .expand(&[label], Bytes32)
                .and_then(|okm| okm.fill(&mut bytes))
                .map(|()| bytes)
                .map_err(|_| KeyError::Derive)
        };
        Ok(Derived {
            id: key.id().to_owned(),
            codes: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"one-time codes")?),
            seal: RandomizedNonceKey::new(&AES_256_GCM, &derive(b"second factors")?).map_err(|_| KeyError::Derive)?,
        })
    }

    fn code(&self, reference: CodeReference, purpose: CodePurpose) -> String {
        let mut context = hmac::Context::with_key(&self.codes);
        context.update(reference.0.as_bytes());
        context.update(purpose.as_str().as_bytes());
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        code::written(&mac, purpose)
    }
}

struct Bytes32;

impl hkdf::KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

fn public_keys(text: &str) -> Result<Vec<Jwk>, String> {
    let set: JwkSet = serde_json::from_str(text).map_err(|_| "not a key set {\"keys\": [...]}".to_owned())?;
    if set.keys.iter().any(|key| key.common.key_id.is_none()) {
        return Err("a key has no 'kid'".to_owned());
    }
    Ok(set.keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(signing: &SigningKey, variables: &[(&str, String)]) -> Result<Keys, EnvError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Keys::from_env(signing, &Env::from_values(variables))
    }

    fn set_of(key: &SigningKey) -> String {
        serde_json::to_string(&JwkSet { keys: vec![key.public_jwk()] }).unwrap()
    }

    #[test]
    fn the_key_set_has_the_keys_that_sign_now_before_and_next_each_once() {
        let [now, before, next] = [(); 3].map(|()| SigningKey::generate().unwrap());
        let both = [("AUTH_PREVIOUS_KEYS", set_of(&before)), ("AUTH_NEXT_KEYS", set_of(&next))];
        let ids = |keys: Keys| keys.key_set().keys.iter().filter_map(|k| k.common.key_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(keys(&now, &both).unwrap()), [now.id(), before.id(), next.id()]);
        assert_eq!(ids(keys(&next, &[("AUTH_NEXT_KEYS", set_of(&next))]).unwrap()), [next.id()]);
        let error = keys(&now, &[("AUTH_NEXT_KEYS", "secret".to_owned())]).err().unwrap().to_string();
        assert!(error.starts_with("AUTH_NEXT_KEYS: ") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_private_part_in_a_key_set_is_not_published() {
        let key = SigningKey::generate().unwrap();
        let mut set: serde_json::Value = serde_json::from_str(&set_of(&key)).unwrap();
        set["keys"][0]["d"] = "private".into();
        let keys = keys(&SigningKey::generate().unwrap(), &[("AUTH_NEXT_KEYS", set.to_string())]).unwrap();
        assert!(!serde_json::to_string(keys.key_set()).unwrap().contains("private"));
    }

    #[test]
    fn a_code_belongs_to_its_reference_and_purpose() {
        let keys = keys(&SigningKey::generate().unwrap(), &[]).unwrap();
        let references: Vec<CodeReference> = (0..50).map(|_| CodeReference::new()).collect();
        let code = |r: &CodeReference| keys.code(*r, CodePurpose::LogIn);
        assert!(references.iter().all(|r| keys.is_code(&code(r), *r, CodePurpose::LogIn)));
        let distinct: std::collections::HashSet<String> = references.iter().map(code).collect();
        assert!(distinct.len() > 45, "{distinct:?}");
        let other_purpose =
            references.iter().filter(|r| keys.is_code(&code(r), **r, CodePurpose::ResetPassword)).count();
        assert!(other_purpose < 5);
        assert!(!keys.is_code("", references[0], CodePurpose::LogIn));
    }

    #[test]
    fn a_replaced_key_still_recognises_its_codes_and_opens_what_it_sealed() {
        let [old, new] = [(); 2].map(|()| SigningKey::generate().unwrap());
        let (account, reference) = (UserId::new(), CodeReference::new());
        let before = keys(&old, &[]).unwrap();
        let (code, sealed) = (before.code(reference, CodePurpose::LogIn), before.seal(account, b"shared").unwrap());
        let after = keys(&new, &[("AUTH_PREVIOUS_SECRET", old.to_secret_string())]).unwrap();
        assert!(after.is_code(&code, reference, CodePurpose::LogIn));
        assert_eq!(after.open(account, &sealed).unwrap(), b"shared");
        assert_ne!(after.seal(account, b"shared").unwrap().by, sealed.by);
        assert_eq!(keys(&new, &[]).unwrap().open(account, &sealed), Err(KeyError::Open), "the old key is gone");
    }

    #[test]
    fn a_sealed_secret_is_no_other_accounts_and_cannot_be_changed() {
        let keys = keys(&SigningKey::generate().unwrap(), &[]).unwrap();
        let account = UserId::new();
        let mut sealed = keys.seal(account, b"shared secret").unwrap();
        assert!(!sealed.bytes.windows(6).any(|w| w == b"shared"));
        assert_eq!(keys.open(account, &sealed).unwrap(), b"shared secret");
        assert_eq!(keys.open(UserId::new(), &sealed), Err(KeyError::Open));
        sealed.bytes[0] ^= 1;
        assert_eq!(keys.open(account, &sealed), Err(KeyError::Open));
        sealed.bytes.truncate(5);
        assert_eq!(keys.open(account, &sealed), Err(KeyError::Open));
    }
}
