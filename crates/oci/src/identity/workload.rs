//! A pod's identity, in a cluster of the enhanced type: the cluster exchanges its service account for a token.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::session::Exchange;
use crate::client::{Now, answer, chain, http_client};
use crate::{Error, PrivateKey};

/// Where a pod finds what it needs; the default is where Kubernetes puts it.
#[derive(Clone, Debug)]
pub struct WorkloadIdentity {
    /// The cluster's address and the port of its exchange, `host:12250`.
    pub exchange: String,
    /// The service account's token. Kubernetes writes a new one before the old one expires, so it is read each time.
    pub account: PathBuf,
    /// The cluster's own authority, in PEM.
    pub authority: PathBuf,
}

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const PORT: u16 = 12250;
const WITHIN: Duration = Duration::from_secs(10);
/// What stands before a token in the exchange's answer.
const PREFIX: &str = "ST$";

impl WorkloadIdentity {
    /// Of the pod we are in; `host` is its KUBERNETES_SERVICE_HOST.
    pub fn of_pod(host: &str) -> Self {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        WorkloadIdentity {
            exchange: format!("{host}:{PORT}"),
            account: PathBuf::from(FOLDER).join("token"),
            authority: PathBuf::from(FOLDER).join("ca.crt"),
        }
    }
}

impl Exchange for WorkloadIdentity {
    async fn token(&self, key: &PrivateKey, _now: &Now) -> Result<String, Error> {
        let read = async |path: &PathBuf| {
            let content = tokio::fs::read(path).await;
            content.map_err(|error| Error::Token(format!("{}: {error}", path.display())))
        };
        let account = String::from_utf8_lossy(&read(&self.account).await?).trim().to_owned();
        let authority = reqwest::Certificate::from_pem_bundle(&read(&self.authority).await?)
            .map_err(|error| Error::Token(format!("{}: {}", self.authority.display(), chain(&error))))?;
        // Not kept: it is used once in half an hour, and the authority may change.
        let http = http_client().tls_certs_only(authority).build().map_err(|error| Error::Token(chain(&error)))?;
        let body = serde_json::json!({ "podKey": STANDARD.encode(key.public_key()?) });
        let sending = http
            .post(format!("https://{}/resourcePrincipalSessionTokens", self.exchange))
            .bearer_auth(account)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let response = match answer(sending, &self.exchange, WITHIN).await {
            Err(Error::Service { status: http::StatusCode::FORBIDDEN, .. }) => {
                let why = "the cluster refuses the exchange; is it of the enhanced type?";
                return Err(Error::Token(why.to_owned()));
            }
            response => response.map_err(|error| Error::Token(error.to_string()))?,
        };
        token(&response.body).ok_or_else(|| Error::Token("the cluster's answer has none".to_owned()))
    }
}

/// The answer is JSON in base64.
fn token(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        token: String,
    }
    let json = STANDARD.decode(body.trim_ascii()).ok()?;
    let answer: Answer = serde_json::from_slice(&json).ok()?;
    answer.token.strip_prefix(PREFIX).map(str::to_owned)
}
