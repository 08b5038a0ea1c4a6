//! Tokens that mean nothing but themselves. The database holds hashes: who reads it can use none.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use types::SessionId;
use uuid::Uuid;

/// SHA-256. A slow hash is for what people choose; these have 128 bits of randomness or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Hash(hash)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Is it this stored hash? In the same time whatever the difference.
    pub fn is(&self, stored: &[u8]) -> bool {
        verify_slices_are_equal(&self.0, stored).is_ok()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct MalformedToken;

/// What keeps a session alive. All tokens of a session share `family`; each has a `number` of its own. A token with the
/// family's part and another number than the newest was used before: it is proof that a copy is about, where a token
/// without the family's part only proves that somebody knows or guesses a session's id.
#[derive(Clone)]
pub struct RefreshToken {
    pub session: SessionId,
    family: [u8; 16],
    number: [u8; 16],
}

impl RefreshToken {
    /// `randomness` is for the two parts.
    pub fn new(session: SessionId, randomness: [[u8; 16]; 2]) -> Self {
        let [family, number] = randomness;
        RefreshToken { session, family, number }
    }

    /// The next token of the same family.
    pub fn next(&self, randomness: [u8; 16]) -> Self {
        RefreshToken { number: randomness, ..self.clone() }
    }

    pub fn family_hash(&self) -> Hash {
        Hash::of(&[self.session.0.as_bytes().as_slice(), &self.family].concat())
    }

    pub fn hash(&self) -> Hash {
        Hash::of(&[self.session.0.as_bytes().as_slice(), &self.family, &self.number].concat())
    }

    /// As it goes to the client.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode([*self.session.0.as_bytes(), self.family, self.number].concat())
    }
}

impl FromStr for RefreshToken {
    type Err = MalformedToken;
    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let bytes: [u8; 48] = decode(text)?;
        let part = |from: usize| <[u8; 16]>::try_from(&bytes[from..from + 16]).map_err(|_| MalformedToken);
        Ok(RefreshToken { session: SessionId(Uuid::from_bytes(part(0)?)), family: part(16)?, number: part(32)? })
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({}, [secret])", self.session)
    }
}

/// What stands between the password and the second factor.
#[derive(Clone)]
pub struct ChallengeToken([u8; 32]);

impl ChallengeToken {
    pub fn new(randomness: [u8; 32]) -> Self {
        ChallengeToken(randomness)
    }

    pub fn hash(&self) -> Hash {
        Hash::of(&self.0)
    }

    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl FromStr for ChallengeToken {
    type Err = MalformedToken;
    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        decode(text).map(ChallengeToken)
    }
}

impl fmt::Debug for ChallengeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeToken([secret])")
    }
}

fn decode<const N: usize>(text: &str) -> Result<[u8; N], MalformedToken> {
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(MalformedToken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_refresh_token_survives_the_wire_and_prints_no_secret(id: u128, randomness: [[u8; 16]; 2]) {
            let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), randomness);
            let text = token.expose();
            let read: RefreshToken = text.parse().unwrap();
            prop_assert_eq!(read.session, token.session);
            prop_assert_eq!(read.hash(), token.hash());
            let printed = format!("{token:?}");
            prop_assert!(!printed.contains(&text[30..]));
        }

        #[test]
        fn the_next_token_is_another_of_the_same_family(id: u128, randomness: [[u8; 16]; 2], next: [u8; 16]) {
            prop_assume!(randomness[1] != next);
            let token = RefreshToken::new(SessionId(Uuid::from_u128(id)), randomness);
            let next = token.next(next);
            prop_assert_eq!(next.family_hash(), token.family_hash());
            prop_assert!(!next.hash().is(token.hash().as_bytes()));
        }

        #[test]
        fn nothing_else_is_a_token(text in "[-_A-Za-z0-9=+/.]{0,90}") {
            prop_assert_eq!(text.parse::<RefreshToken>().is_ok(), text.len() == 64 && !text.contains(['+', '/', '=', '.']));
        }
    }

    #[test]
    fn a_challenge_survives_the_wire() {
        let token = ChallengeToken::new([7; 32]);
        assert_eq!(token.expose().parse::<ChallengeToken>().unwrap().hash(), token.hash());
        assert!("short".parse::<ChallengeToken>().is_err());
    }
}
