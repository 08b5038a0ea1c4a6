//! Whose cart it is: a customer's, or the one of whoever has a guest's token.

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::cart::CART_TOKEN;
use http::request::Parts;
use platform::identity::{Customer, Visitor};
use platform::problem::{Problem, Result};
use types::UserId;

/// What the database keeps of a guest's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash(Vec<u8>);

impl TokenHash {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

/// A guest's token: 256 random bits. Never stored, never logged.
pub struct Token([u8; 32]);

impl Token {
    pub fn new() -> Self {
        Token(rand::random())
    }

    /// As it stands in the header.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash(digest(&SHA256, &self.0).as_ref().to_vec())
    }

    fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Token)
    }
}

/// The token of `X-Cart-Token`, if there is one.
pub struct GuestToken(pub Option<TokenHash>);

impl<S: Send + Sync> FromRequestParts<S> for GuestToken {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(CART_TOKEN) else { return Ok(GuestToken(None)) };
        let token = value.to_str().ok().and_then(Token::parse).ok_or_else(|| {
            Problem::malformed("The cart's token cannot be read.")
                .field(CART_TOKEN, "must be the X-Cart-Token that an addition answered")
        })?;
        Ok(GuestToken(Some(token.hash())))
    }
}

/// Whose cart a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Customer(UserId),
    /// Without a token there is no cart yet.
    Guest(Option<TokenHash>),
}

impl Owner {
    /// Somebody who is logged in has their own cart, whatever token they send along.
    pub fn of(visitor: Visitor, GuestToken(token): GuestToken) -> Self {
        match visitor {
            Visitor(Some(Customer { id, .. })) => Owner::Customer(id),
            Visitor(None) => Owner::Guest(token),
        }
    }

    pub fn customer(&self) -> Option<UserId> {
        match self {
            Owner::Customer(id) => Some(*id),
            Owner::Guest(_) => None,
        }
    }

    pub fn token_hash(&self) -> Option<&[u8]> {
        match self {
            Owner::Customer(_) => None,
            Owner::Guest(token) => token.as_ref().map(TokenHash::as_bytes),
        }
    }
}
