use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use types::{Role, ServiceName, SessionId, UserId};

use super::{Identity, IdentityError, SERVICE_TOKEN, USER_TOKEN};
use crate::http::headers;
use crate::problem::Problem;
use crate::scope::Scope;

/// A type whose presence among a handler's arguments is the authorisation: what documents and the table of routes and
/// roles read.
pub trait Permission {
    /// As it stands in documents.
    const NAME: &'static str;
    /// The OpenAPI security scheme that it asks for; `None` where no token is needed.
    const SCHEME: Option<&'static str>;

    /// Whose token opens it; empty for services.
    fn roles() -> &'static [Role];
}

/// Somebody who is logged in, whatever their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub id: UserId,
    pub session: SessionId,
    pub roles: Arc<[Role]>,
}

/// Anybody, logged in or not. A bad token is refused all the same: somebody who believes to be logged in must not be
/// treated as a stranger without being told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor(pub Option<Customer>);

/// Another service that the topology lets call this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub service: ServiceName,
}

impl Permission for Customer {
    const NAME: &'static str = "customer";
    const SCHEME: Option<&'static str> = Some(USER_TOKEN);
    fn roles() -> &'static [Role] {
        Role::ALL
    }
}

impl Permission for Visitor {
    const NAME: &'static str = "visitor";
    const SCHEME: Option<&'static str> = None;
    fn roles() -> &'static [Role] {
        Role::ALL
    }
}

impl Permission for Caller {
    const NAME: &'static str = "service";
    const SCHEME: Option<&'static str> = Some(SERVICE_TOKEN);
    fn roles() -> &'static [Role] {
        &[]
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Customer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Visitor(customer) = Visitor::from_request_parts(parts, state).await?;
        customer.ok_or_else(|| Problem::unauthenticated("This needs an access token."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(token) = bearer_token(parts)? else { return Ok(Visitor(None)) };
        let identity = identity(parts).ok_or_else(no_identity)?;
        let claims = identity.users.verify(token).await?;
        if identity.revocations.is_revoked(claims.session).await {
            return Err(IdentityError::Revoked.into());
        }
        Scope::asked_by(claims.user);
        let roles = Arc::clone(&claims.roles);
        Ok(Visitor(Some(Customer { id: claims.user, session: claims.session, roles })))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let identity = identity(parts).ok_or_else(no_identity)?;
        let token = bearer_token(parts)?.ok_or_else(|| Problem::unauthenticated("This needs a service's token."))?;
        let service = identity.services.verify(token, identity.service).await?;
        if !(identity.allowed)(service, identity.service) {
            return Err(Problem::forbidden(format!("{service} does not call {}.", identity.service)));
        }
        if let Some(user) = parts.headers.get(headers::ASKER).and_then(|user| user.to_str().ok()?.parse().ok()) {
            Scope::asked_by(user);
        }
        Ok(Caller { service })
    }
}

fn identity(parts: &Parts) -> Option<&Identity> {
    parts.extensions.get::<Arc<Identity>>().map(|identity| &**identity)
}

fn no_identity() -> Problem {
    Problem::internal("the router lacks identity::layer")
}

/// The token of `Authorization: Bearer <token>` (RFC 6750, 2.1).
fn bearer_token(parts: &Parts) -> Result<Option<&str>, IdentityError> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| value.split_once(' ')).and_then(|(scheme, token)| {
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    match (token, values.next()) {
        (Some(token), None) => Ok(Some(token)),
        _ => Err(IdentityError::NotBearer),
    }
}
