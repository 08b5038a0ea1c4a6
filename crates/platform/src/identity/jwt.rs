//! The little of JWT that we use: EdDSA, one issuer, one audience, times read from our own clock.

use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::Timestamp;

use super::{IdentityError, SigningKey};

/// How far two machines' clocks may differ.
const LEEWAY: Duration = Duration::from_secs(30);
/// Ours are under one kilobyte; what is much longer is not worth hashing.
const LONGEST_TOKEN: usize = 4096;

pub(super) fn sign(key: &SigningKey, claims: &impl Serialize) -> Result<String, IdentityError> {
    let header = Header { kid: Some(key.id().to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, key.private()).map_err(|_| IdentityError::Unsigned)
}

/// The id of the key that a token claims to be signed with. Nothing is proven yet.
pub(super) fn key_id(token: &str) -> Result<String, IdentityError> {
    if token.len() > LONGEST_TOKEN {
        return Err(IdentityError::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdentityError::Invalid)?;
    // RFC 7515, 4.1.11: extensions that must be understood, and we understand none.
    if header.alg != Algorithm::EdDSA || header.crit.is_some() {
        return Err(IdentityError::Invalid);
    }
    header.kid.ok_or(IdentityError::Invalid)
}

/// The claims of a token with a good signature, this issuer and this audience. Its times are for [`check_times`].
pub(super) fn verify<C: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    issuer: &str,
    audience: &str,
) -> Result<C, IdentityError> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    // The library would ask the system's clock.
    validation.validate_exp = false;
    jsonwebtoken::decode(token, key, &validation).map(|token| token.claims).map_err(|_| IdentityError::Invalid)
}

/// `issued` and `expires` are in seconds since 1970.
pub(super) fn check_times(issued: i64, expires: i64, now: Timestamp) -> Result<(), IdentityError> {
    if expires <= now.minus(LEEWAY).as_seconds() {
        return Err(IdentityError::Expired);
    }
    if issued > now.plus(LEEWAY).as_seconds() {
        return Err(IdentityError::Invalid);
    }
    Ok(())
}

/// The key's id and the key, if it is an Ed25519 key with an id.
pub(super) fn usable_key(jwk: &Jwk) -> Option<(String, DecodingKey)> {
    match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?))
        }
        _ => None,
    }
}
