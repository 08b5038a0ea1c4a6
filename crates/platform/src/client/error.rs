//! What can go wrong with a call.

use std::error::Error;

use types::ServiceName;

use crate::Problem;
use crate::identity::IdentityError;

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the topology does not let {caller} call {callee}")]
    NotAllowed { caller: ServiceName, callee: ServiceName },
    /// It may have been done or not.
    #[error("{callee}: {cause}")]
    Unavailable { callee: ServiceName, cause: String },
    /// The callee answered with a problem that another attempt will not mend.
    #[error("{callee} refused: {problem}")]
    Refused { callee: ServiceName, problem: Box<Problem> },
    #[error("a call's body: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the call could not be signed: {0}")]
    Signing(#[from] IdentityError),
}

/// A call that got no answer is worth another try of the client's request; everything else is our mistake, and of the
/// callee's problem the client sees nothing.
impl From<CallError> for Problem {
    #[track_caller]
    fn from(error: CallError) -> Self {
        match error {
            CallError::Unavailable { .. } => Problem::unavailable(error),
            _ => Problem::internal(error),
        }
    }
}

/// An error with its causes: hyper's own text leaves out what matters.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
