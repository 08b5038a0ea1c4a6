//! Where the other services are.

use std::collections::BTreeMap;

use types::ServiceName;

use crate::env::{Env, EnvError};
use crate::topology::Topology;

/// The base URL of each service, such as `http://cart-service:3004`.
#[derive(Clone, Debug)]
pub struct Addresses(BTreeMap<ServiceName, String>);

impl Addresses {
    /// `SERVICE_HOSTS` is a pattern in which `{service}` stands for the name, by default that of the Kubernetes Services;
    /// `CART_URL` and its like name one service's whole base URL.
    pub fn from_env(env: &Env, topology: &Topology) -> Result<Self, EnvError> {
        let hosts: String = env.value("SERVICE_HOSTS", "{service}-service".to_owned())?;
        let address = |service: ServiceName| -> Result<(ServiceName, String), EnvError> {
            let name = format!("{}_URL", service.as_str().to_uppercase());
            let base = match env.text(&name) {
                Some(url) if url.starts_with("http://") && url.parse::<http::Uri>().is_ok() => {
                    url.trim_end_matches('/').to_owned()
                }
                Some(url) => {
                    return Err(EnvError::Malformed { name, reason: format!("'{url}' is not an http:// URL") });
                }
                None => format!("http://{}:{}", hosts.replace("{service}", service.as_str()), topology.port(service)),
            };
            Ok((service, base))
        };
        ServiceName::ALL.iter().map(|s| address(*s)).collect::<Result<_, _>>().map(Addresses)
    }

    /// Every service on a port of this machine.
    pub fn on_loopback(ports: impl IntoIterator<Item = (ServiceName, u16)>) -> Self {
        Addresses(ports.into_iter().map(|(service, port)| (service, format!("http://127.0.0.1:{port}"))).collect())
    }

    pub fn of(&self, service: ServiceName) -> &str {
        self.0.get(&service).map_or("http://nowhere.invalid", String::as_str)
    }
}
