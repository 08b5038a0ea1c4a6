use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm, OctetKeyPairParameters, OctetKeyPairType,
    PublicKeyUse, ThumbprintHash,
};

/// A service's private Ed25519 key, as `JWT_SECRET` holds it: PKCS#8 in DER, base64 on one line, what
/// `openssl genpkey -algorithm ed25519 -outform DER | base64 -w0` prints. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Parts>);

struct Parts {
    private: EncodingKey,
    public: Jwk,
    id: String,
}

/// Says nothing about the text that was refused, since that may well be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key (PKCS#8 in DER, base64 on one line)")]
pub struct MalformedKey;

impl SigningKey {
    /// A new key, for the local launcher and for tests.
    ///
    /// # Errors
    /// [`MalformedKey`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, MalformedKey> {
        let pair = Ed25519KeyPair::generate().map_err(|_| MalformedKey)?;
        let document = pair.to_pkcs8v1().map_err(|_| MalformedKey)?;
        Self::from_der(document.as_ref())
    }

    /// The text that [`FromStr`] reads.
    pub fn to_secret_string(&self) -> String {
        STANDARD.encode(self.0.private.as_bytes())
    }

    /// The key's name in tokens and key sets: its RFC 7638 thumbprint.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The public half, for a key set.
    pub fn public_jwk(&self) -> Jwk {
        self.0.public.clone()
    }

    pub(super) fn private(&self) -> &EncodingKey {
        &self.0.private
    }

    fn from_der(der: &[u8]) -> Result<Self, MalformedKey> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| MalformedKey)?;
        let mut public = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::EdDSA),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
            }),
        };
        let id = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| MalformedKey)?;
        public.common.key_id = Some(id.clone());
        Ok(SigningKey(Arc::new(Parts { private: EncodingKey::from_ed_der(der), public, id })))
    }
}

impl FromStr for SigningKey {
    type Err = MalformedKey;
    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        Self::from_der(&STANDARD.decode(text.trim()).map_err(|_| MalformedKey)?)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, [secret])", self.0.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_environment_and_keeps_its_id() {
        let key = SigningKey::generate().unwrap();
        let text = key.to_secret_string();
        assert!(!text.contains('\n'));
        let read: SigningKey = format!("{text}\n").parse().unwrap();
        assert_eq!(read.id(), key.id());
        assert_eq!(read.public_jwk(), key.public_jwk());
    }

    #[test]
    fn the_id_is_the_thumbprint_of_rfc_8037() {
        // RFC 8037, appendices A.1 to A.3: a private key and the thumbprint of its public half.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let header = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        let der: Vec<u8> = header.into_iter().chain(seed).collect();
        let key: SigningKey = STANDARD.encode(der).parse().unwrap();
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_being_repeated() {
        for text in ["", "hunter2", "aHVudGVyMg=="] {
            let error = text.parse::<SigningKey>().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_private_half_is_never_printed() {
        let key = SigningKey::generate().unwrap();
        let printed = format!("{key:?} {}", serde_json::to_string(&key.public_jwk()).unwrap());
        let seed = &key.0.private.as_bytes()[16..48];
        for encoded in [key.to_secret_string(), STANDARD.encode(seed), URL_SAFE_NO_PAD.encode(seed)] {
            assert!(!printed.contains(&encoded), "{printed}");
        }
    }
}
