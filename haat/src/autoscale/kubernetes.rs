//! The one thing that is asked of Kubernetes: a Lease (coordination.k8s.io/v1), read, made and replaced.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use http::{Method, StatusCode};
use platform::env::{Env, EnvError};
use reqwest::{Certificate, Url};
use serde_json::Value;

/// Where a pod finds its service account's token and the API's authority.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// How long the API may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseName {
    pub namespace: String,
    pub name: String,
}

impl FromStr for LeaseName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_label = |text: &str| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            !text.is_empty() && text.bytes().all(inner)
        };
        match text.split_once('/') {
            Some((namespace, name)) if is_label(namespace) && is_label(name) => {
                Ok(LeaseName { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err("namespace/name is expected, such as ecommerce/autoscale"),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    #[error(
        "this is no pod of a Kubernetes cluster (KUBERNETES_SERVICE_HOST is not set): only `--dry-run` can run here"
    )]
    NotInACluster,
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("{path}: {cause}")]
    File { path: PathBuf, cause: String },
    #[error("the Kubernetes API cannot be reached: {0}")]
    Unreachable(String),
    /// Somebody else was faster.
    #[error("the lease was changed by somebody else in the meantime")]
    Conflict,
    #[error("the Kubernetes API refused: {status} {message}")]
    Refused { status: StatusCode, message: String },
    #[error("an answer of the Kubernetes API that cannot be understood: {0}")]
    Answer(String),
}

/// The leases of a namespace, of which one is ours.
#[derive(Clone, Debug)]
pub struct Leases {
    http: reqwest::Client,
    collection: Url,
    token: PathBuf,
    name: LeaseName,
}

impl Leases {
    /// As a pod reaches them, with its service account.
    ///
    /// # Errors
    /// Outside a cluster, or if the account's files are not what they should be.
    pub fn of_pod(env: &Env, name: LeaseName) -> Result<Self, KubernetesError> {
        let host: String = env.optional("KUBERNETES_SERVICE_HOST")?.ok_or(KubernetesError::NotInACluster)?;
        let port: u16 = env.value("KUBERNETES_SERVICE_PORT", 443)?;
        Self::in_cluster(&host, port, Path::new(ACCOUNT), name)
    }

    /// At the API's host and port, by TLS, with the files of a service account in a directory.
    ///
    /// # Errors
    /// If the authority there is none.
    pub fn in_cluster(host: &str, port: u16, account: &Path, name: LeaseName) -> Result<Self, KubernetesError> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authority = account.join("ca.crt");
        let file = |cause: String| KubernetesError::File { path: authority.clone(), cause };
        let pem = std::fs::read(&authority).map_err(|error| file(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| file(error.to_string()))?;
        if certificates.is_empty() {
            return Err(file("there is no certificate in it".to_owned()));
        }
        // No other authority may speak for the API.
        let http = reqwest::Client::builder().tls_certs_only(certificates).https_only(true);
        Self::with(http, &format!("https://{host}:{port}/"), account.join("token"), name)
    }

    /// At an address of its own.
    ///
    /// # Errors
    /// If `base` is no URL.
    pub fn at(base: &str, token: PathBuf, name: LeaseName) -> Result<Self, KubernetesError> {
        Self::with(reqwest::Client::builder(), base, token, name)
    }

    fn with(
        http: reqwest::ClientBuilder,
        base: &str,
        token: PathBuf,
        name: LeaseName,
    ) -> Result<Self, KubernetesError> {
        let http = http.timeout(ANSWER_WITHIN).no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.build().map_err(|error| KubernetesError::Unreachable(chain(&error)))?;
        let path = format!("apis/coordination.k8s.io/v1/namespaces/{}/leases", name.namespace);
        let collection = Url::parse(base).and_then(|base| base.join(&path));
        let collection = collection.map_err(|error| KubernetesError::Unreachable(format!("{base}: {error}")))?;
        Ok(Leases { http, collection, token, name })
    }

    pub fn name(&self) -> &LeaseName {
        &self.name
    }

    /// Nothing if there is none yet.
    ///
    /// # Errors
    /// Whatever keeps the request from its answer, as with the others.
    pub async fn get(&self) -> Result<Option<Value>, KubernetesError> {
        match self.send(Method::GET, &self.one(), None).await {
            Err(KubernetesError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// # Errors
    /// [`KubernetesError::Conflict`] if there is one by now.
    pub async fn create(&self, lease: &Value) -> Result<Value, KubernetesError> {
        self.send(Method::POST, self.collection.as_str(), Some(lease)).await
    }

    /// # Errors
    /// [`KubernetesError::Conflict`] if it is no longer of the `resourceVersion` that stands in `lease`.
    pub async fn update(&self, lease: &Value) -> Result<Value, KubernetesError> {
        self.send(Method::PUT, &self.one(), Some(lease)).await
    }

    fn one(&self) -> String {
        format!("{}/{}", self.collection, self.name.name)
    }

    async fn send(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Value, KubernetesError> {
        // Kubernetes replaces the token about every hour.
        let token = tokio::fs::read_to_string(&self.token)
            .await
            .map_err(|error| KubernetesError::File { path: self.token.clone(), cause: error.to_string() })?;
        let mut request = self.http.request(method, url).bearer_auth(token.trim());
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| KubernetesError::Unreachable(chain(&error));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| KubernetesError::Answer(error.to_string()));
        }
        if status == StatusCode::CONFLICT {
            return Err(KubernetesError::Conflict);
        }
        // A `Status` object, unless something before the API answered.
        let message = serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let message = message["message"].as_str().unwrap_or_default().to_owned();
        Err(KubernetesError::Refused { status, message })
    }
}

/// An error with its causes: reqwest's own text leaves out what matters.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_named_with_its_namespace() {
        let name: LeaseName = "ecommerce/autoscale".parse().unwrap();
        assert_eq!((name.namespace.as_str(), name.name.as_str()), ("ecommerce", "autoscale"));
        for wrong in ["autoscale", "/autoscale", "ecommerce/", "ecommerce/a/b", "Ecommerce/autoscale", "../x/y"] {
            assert!(wrong.parse::<LeaseName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn outside_a_cluster_there_is_no_lease() {
        let name: LeaseName = "ecommerce/autoscale".parse().unwrap();
        let error = Leases::of_pod(&Env::from_values([]), name).unwrap_err();
        assert!(matches!(error, KubernetesError::NotInACluster) && error.to_string().contains("--dry-run"), "{error}");
    }
}
