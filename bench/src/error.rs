//! Why a run ended early.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Failed(String),
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    #[error("the bench's directory {0} has something else in it; name an empty one with --state")]
    Foreign(PathBuf),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the servers: {0}")]
    Servers(#[from] local::LocalError),
    #[error(transparent)]
    Answer(#[from] crate::http::Unexpected),
}

impl Error {
    pub fn failed(reason: impl Into<String>) -> Self {
        Error::Failed(reason.into())
    }

    pub fn io(what: impl std::fmt::Display, error: std::io::Error) -> Self {
        Error::Io(what.to_string(), error)
    }
}
