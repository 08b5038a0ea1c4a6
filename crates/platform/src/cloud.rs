//! Oracle Cloud Infrastructure, as the environment configures access to it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use oci::{ApiKey, Client, Identity, InstancePrincipal, WorkloadIdentity};

use crate::clock::Clock;
use crate::env::{Env, EnvError};

/// Who signs requests. Reads `OCI_AUTH`: `workload-identity` (the default: a pod of an enhanced cluster, whose
/// `KUBERNETES_SERVICE_HOST` it needs), `instance-principal` (a machine in the cloud), or `api-key` with `OCI_TENANCY`,
/// `OCI_USER`, `OCI_FINGERPRINT` and `OCI_KEY_FILE` (a person).
///
/// # Errors
/// Names the variable that is missing or wrong.
pub fn identity(env: &Env) -> Result<Identity, EnvError> {
    Ok(match env.value("OCI_AUTH", Authentication::WorkloadIdentity)? {
        Authentication::WorkloadIdentity => {
            let host: String = env.required("KUBERNETES_SERVICE_HOST", "what Kubernetes sets in every pod")?;
            WorkloadIdentity::of_pod(&host).into()
        }
        Authentication::InstancePrincipal => InstancePrincipal::default().into(),
        Authentication::ApiKey => {
            let ocid = "an OCID";
            let (tenancy, user) = (env.required("OCI_TENANCY", ocid)?, env.required("OCI_USER", ocid)?);
            let fingerprint = env.required("OCI_FINGERPRINT", "the API key's fingerprint")?;
            let file: PathBuf = env.required("OCI_KEY_FILE", "the API key's private half, a PEM file")?;
            let key = ApiKey::from_file(tenancy, user, fingerprint, &file);
            key.map_err(|error| EnvError::Malformed { name: "OCI_KEY_FILE".to_owned(), reason: error.to_string() })?
                .into()
        }
    })
}

/// # Errors
/// [`oci::Error::Configuration`] if TLS cannot be set up.
pub fn client(identity: Identity, clock: Clock) -> Result<Client, oci::Error> {
    Client::new(identity, Arc::new(move || clock.now()))
}

#[derive(Clone, Copy)]
enum Authentication {
    WorkloadIdentity,
    InstancePrincipal,
    ApiKey,
}

impl FromStr for Authentication {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "workload-identity" => Ok(Self::WorkloadIdentity),
            "instance-principal" => Ok(Self::InstancePrincipal),
            "api-key" => Ok(Self::ApiKey),
            _ => Err(format!("'{text}' is none of workload-identity, instance-principal, api-key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let read = |values: &[(&str, &str)]| {
            let env = Env::from_values(values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
            identity(&env).map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(read(&[]).unwrap_err().starts_with("KUBERNETES_SERVICE_HOST is not set"));
        assert!(read(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")]).is_ok());
        assert!(read(&[("OCI_AUTH", "instance-principal")]).is_ok());
        assert!(read(&[("OCI_AUTH", "password")]).unwrap_err().starts_with("OCI_AUTH: 'password' is none of"));
        let mut key = vec![("OCI_AUTH", "api-key")];
        for (name, value) in [
            ("OCI_TENANCY", "t"),
            ("OCI_USER", "u"),
            ("OCI_FINGERPRINT", "aa:bb"),
            ("OCI_KEY_FILE", "/nowhere/key.pem"),
        ] {
            assert!(read(&key).unwrap_err().starts_with(&format!("{name} is not set")));
            key.push((name, value));
        }
        assert!(read(&key).unwrap_err().starts_with("OCI_KEY_FILE: "));
    }
}
