//! The services' OpenAPI documents, as they are committed in `openapi/`.

use std::path::Path;

use types::ServiceName;

use crate::services;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the document cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{path}: {error}")]
    Io { path: String, error: std::io::Error },
}

/// A service's document, as committed: pretty-printed JSON with a line feed at the end.
pub fn document(service: ServiceName) -> Result<String, Error> {
    let mut text = serde_json::to_string_pretty(&services::one(service).openapi)?;
    text.push('\n');
    Ok(text)
}

/// Writes every service's document; returns what was written.
pub fn write(directory: &Path) -> Result<String, Error> {
    let mut written = String::new();
    for service in ServiceName::ALL {
        let path = directory.join(format!("{service}.json"));
        std::fs::write(&path, document(*service)?)
            .map_err(|error| Error::Io { path: path.display().to_string(), error })?;
        written.push_str(&format!("{}\n", path.display()));
    }
    Ok(written)
}
