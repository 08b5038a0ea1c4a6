//! How to reach a Redis: its address, and whom to trust where that is a `rediss:` one (TLS).

use std::path::Path;

use redis::{Client, TlsCertificates};

/// Says nothing of the address, which may contain a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("not a Redis URL ({0:?})")]
    Url(redis::ErrorKind),
    #[error("{0}")]
    Ca(String),
}

/// Connects to nothing yet. `ca` is a PEM file with the authorities to trust in place of the system's. TLS is by the process's
/// rustls provider, which must be installed before the first connection.
pub(crate) fn open(url: &str, ca: Option<&Path>) -> Result<Client, ClientError> {
    let Some(path) = ca else { return Client::open(url).map_err(|error| ClientError::Url(error.kind())) };
    let wrong = |reason: &str| ClientError::Ca(format!("{}: {reason}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(&error.to_string()))?;
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(wrong("no certificate in PEM is in it"));
    }
    // Otherwise somebody would believe that the connection is encrypted.
    if !url.starts_with("rediss://") {
        return Err(wrong("an authority is of use for a rediss:// address only"));
    }
    Client::open(url).map_err(|error| ClientError::Url(error.kind()))?;
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
    Client::build_with_tls(url, certificates).map_err(|error| wrong(&error.to_string()))
}
