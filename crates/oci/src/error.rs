//! What can go wrong with a request to the cloud.

use std::time::Duration;

use http::StatusCode;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Try again later; whether it was done is not known.
    #[error("{host} cannot be reached: {cause}")]
    Unreachable { host: String, cause: String },
    /// Try again later; whether it was done is not known.
    #[error("{host} did not answer within {within:?}")]
    Timeout { host: String, within: Duration },
    /// The service answered, and said no. `code` is the API's own name of the error.
    #[error("{status} {code}: {message} (opc-request-id {request_id})")]
    Service { status: StatusCode, code: String, message: String, request_id: String },
    /// No token could be had to sign with: try again later.
    #[error("no token for requests to the cloud: {0}")]
    Token(String),
    /// The answer is not what the API promises.
    #[error("an answer of {host} that cannot be understood: {reason}")]
    Answer { host: String, reason: String },
    #[error("the identity for requests to the cloud: {0}")]
    Configuration(String),
}

impl Error {
    /// Can the same request succeed later?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Token(_) => true,
            Self::Service { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Answer { .. } | Self::Configuration(_) => false,
        }
    }

    /// The status with which the service refused, if it did.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Service { status, .. } => Some(*status),
            _ => None,
        }
    }
}
