use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use types::{Role, SessionId, UserId};

use super::{Customer, Permission, USER_TOKEN};
use crate::problem::Problem;

/// A member of staff who acts: what goes into a history or a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    pub id: UserId,
    pub session: SessionId,
    pub roles: Arc<[Role]>,
}

macro_rules! staff {
    ($($(#[$doc:meta])* $name:ident = $text:literal: $($role:ident),*;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            pub actor: Staff,
        }

        impl Permission for $name {
            const NAME: &'static str = $text;
            const SCHEME: Option<&'static str> = Some(USER_TOKEN);
            fn roles() -> &'static [Role] {
                // An admin may do whatever a member of staff may.
                &[$(Role::$role,)* Role::Admin]
            }
        }

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = Problem;
            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                Ok($name { actor: actor_with::<Self, S>(parts, state).await? })
            }
        }
    )*};
}

staff! {
    /// Edits products, categories, prices and media, and moderates reviews.
    CatalogEditor = "catalog editor": Merchandiser;
    /// Receives, moves and corrects stock.
    StockKeeper = "stock keeper": Operator, Merchandiser;
    /// Changes orders: cancels, notes, ships.
    OrderDesk = "order desk": Support, Operator;
    /// Sees every customer's orders.
    OrderReader = "order reader": Support, Operator;
    /// Decides on returns and inspects what comes back.
    ReturnsDesk = "returns desk": Support, Operator;
    /// Edits coupons and promotions.
    PromotionEditor = "promotion editor": Merchandiser;
    /// Manages accounts and roles.
    Administrator = "administrator": ;
}

async fn actor_with<P: Permission, S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Staff, Problem> {
    let Customer { id, session, roles } = Customer::from_request_parts(parts, state).await?;
    if !roles.iter().any(|role| P::roles().contains(role)) {
        return Err(Problem::forbidden(format!("This is for: {}.", P::NAME)));
    }
    Ok(Staff { id, session, roles })
}
