//! RSA keys to sign requests with.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::Error;

/// Cheap to clone.
#[derive(Clone)]
pub struct PrivateKey(Arc<KeyPair>);

impl PrivateKey {
    /// PKCS#8 or PKCS#1 in PEM, without a passphrase.
    ///
    /// # Errors
    /// [`Error::Configuration`] for anything else.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Configuration(format!("the private key: {reason}"));
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(key)) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(key)) => KeyPair::from_der(key.secret_pkcs1_der()),
            Ok(_) => return Err(wrong("an RSA key is expected")),
            Err(_) => return Err(wrong("a PEM file with an RSA key and without a passphrase is expected")),
        };
        key.map(|key| PrivateKey(Arc::new(key))).map_err(|rejected| wrong(&rejected.to_string()))
    }

    /// A new key of 2,048 bits, for one session. Takes the processor a while.
    pub(crate) async fn generate() -> Result<Self, Error> {
        let generated = tokio::task::spawn_blocking(|| KeyPair::generate(KeySize::Rsa2048)).await;
        match generated {
            Ok(Ok(key)) => Ok(PrivateKey(Arc::new(key))),
            _ => Err(Error::Token("no key could be generated".to_owned())),
        }
    }

    /// By RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn sign(&self, text: &str) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| Error::Token("the key cannot sign".to_owned()))?;
        Ok(signature)
    }

    /// The public half as a SubjectPublicKeyInfo in DER.
    pub(crate) fn public_key(&self) -> Result<Vec<u8>, Error> {
        let der: Result<PublicKeyX509Der<'_>, _> = self.0.public_key().as_der();
        der.map(|der| der.as_ref().to_vec()).map_err(|_| Error::Token("the public key cannot be encoded".to_owned()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
