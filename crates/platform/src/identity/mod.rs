//! Who is asking: keys, tokens, and extractors whose type is the authorisation.
//!
//! A person comes with an access token that auth signed, a service with a token that it signed itself. Both are Ed25519
//! JWTs (RFC 7519, RFC 8037), and nothing else is accepted: the algorithm is ours to choose, not the token's. A handler
//! states who may call it by the type of an argument ([`Customer`], [`CatalogEditor`], [`Caller`] ...); it cannot forget to
//! check, because without the check it has no argument.

mod error;
mod extract;
mod jwt;
mod key;
mod key_ring;
mod revocation;
mod secret;
mod service_token;
mod staff;
#[cfg(test)]
mod tests;
mod user_token;
mod verified;

use std::sync::Arc;

use types::ServiceName;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

pub use error::IdentityError;
pub use extract::{Caller, Customer, Permission, Visitor};
pub use jsonwebtoken::jwk::{Jwk, JwkSet};
pub use key::{MalformedKey, SigningKey};
pub use key_ring::SourceError;
pub use revocation::{NothingRevoked, RedisRevocations, Revocations};
pub use secret::{Personal, Secret};
pub use service_token::{MalformedKeys, ServiceKeys, ServiceTokenVerifier, ServiceTokens};
pub use staff::{
    Administrator, CatalogEditor, OrderDesk, OrderReader, PromotionEditor, ReturnsDesk, Staff, StockKeeper,
};
pub use user_token::{ACCESS_TOKEN_LIFE, AccessToken, KeySource, UserClaims, UserTokenVerifier, UserTokens};

/// The security scheme of access tokens in the OpenAPI documents: `security(("user_token" = []))`.
pub const USER_TOKEN: &str = "user_token";
/// The security scheme of service tokens in the OpenAPI documents.
pub const SERVICE_TOKEN: &str = "service_token";

/// What a service needs to recognise who calls it. The extractors read it from the request's extensions.
pub struct Identity {
    /// The service that is being called.
    pub service: ServiceName,
    pub users: UserTokenVerifier,
    pub services: ServiceTokenVerifier,
    /// May the first call the second? The topology's answer.
    pub allowed: fn(ServiceName, ServiceName) -> bool,
    pub revocations: Arc<dyn Revocations>,
}

/// Puts `identity` where the extractors look for it.
pub fn layer(identity: Arc<Identity>) -> axum::Extension<Arc<Identity>> {
    axum::Extension(identity)
}

/// Declares both kinds of token in an OpenAPI document.
pub fn declare_security_schemes(document: &mut OpenApi) {
    let bearer = |description: &str| {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        scheme.description = Some(description.to_owned());
        SecurityScheme::Http(scheme)
    };
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(USER_TOKEN, bearer("An access token of auth, valid for 15 minutes."));
    components.add_security_scheme(SERVICE_TOKEN, bearer("A service's own token for one callee, valid for a minute."));
}
