use crate::problem::Problem;

/// Why a token was refused, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not one of our tokens, forged, or meant for somebody else: which of these is not told.
    #[error("the token is not valid")]
    Invalid,
    #[error("Authorization is not 'Bearer <token>', once")]
    NotBearer,
    #[error("the token has expired")]
    Expired,
    #[error("the token was revoked")]
    Revoked,
    /// The key it names is unknown, and whether it exists cannot be found out now: this says nothing about the token.
    #[error("the keys to check the token with cannot be read")]
    KeysUnavailable,
    #[error("the token cannot be signed")]
    Unsigned,
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Problem {
        match error {
            IdentityError::Invalid => Problem::unauthenticated("The token is not valid."),
            IdentityError::NotBearer => Problem::unauthenticated("Authorization must be 'Bearer <token>', once."),
            IdentityError::Expired => Problem::unauthenticated("The token has expired."),
            IdentityError::Revoked => Problem::unauthenticated("The session has ended."),
            IdentityError::KeysUnavailable => Problem::unavailable(error),
            IdentityError::Unsigned => Problem::internal(error),
        }
    }
}
