//! The eleven ports.

use std::net::{Ipv4Addr, TcpListener};

use platform::service::{BootError, Bound, Service, Settings};
use types::ServiceName;

use super::UpError;

/// The last base from which there are eleven ports.
pub const LAST_BASE: u16 = u16::MAX - 10;

#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum PortError {
    InUse {
        taken: Vec<(ServiceName, u16)>,
        /// From here on, eleven are free.
        free: Option<u16>,
    },
    /// Ports below 1024, mostly.
    Forbidden { service: ServiceName, port: u16 },
}

/// The services with their ports: those from `base` on, or any free ones.
pub fn from(base: Option<u16>) -> impl Iterator<Item = (ServiceName, u16)> {
    ServiceName::ALL.iter().zip(0..).map(move |(service, n)| (*service, base.map_or(0, |base| base.saturating_add(n))))
}

pub(super) async fn bind(services: Vec<Service>, settings: Settings, base: Option<u16>) -> Result<Bound, UpError> {
    Bound::bind(services, settings).await.map_err(|error| match error {
        BootError::Port { error, .. } if error.kind() == std::io::ErrorKind::AddrInUse => {
            PortError::in_use(base).into()
        }
        BootError::Port { service, port, error } if error.kind() == std::io::ErrorKind::PermissionDenied => {
            PortError::Forbidden { service, port }.into()
        }
        other => other.into(),
    })
}

/// Those of the ports that somebody listens on.
pub fn taken(base: u16) -> Vec<(ServiceName, u16)> {
    from(Some(base)).filter(|(_, port)| !is_free(*port)).collect()
}

impl PortError {
    pub fn in_use(base: Option<u16>) -> Self {
        let base = base.unwrap_or_default();
        let free =
            (1..).map_while(|n: u16| base.checked_add(n.checked_mul(100)?)).take_while(|base| *base <= LAST_BASE);
        let free = free.take(50).find(|base| taken(*base).is_empty());
        PortError::InUse { taken: taken(base), free }
    }

    fn sentence(&self) -> String {
        match self {
            PortError::InUse { taken, free } => {
                let names: Vec<String> = taken.iter().map(|(service, port)| format!("{port} ({service})")).collect();
                let what = match names.as_slice() {
                    [one] => format!("port {one} is in use"),
                    // Whoever had it has just given it up.
                    [] => "a port was in use".to_owned(),
                    many => format!("ports {} are in use", many.join(", ")),
                };
                let others = free.map_or_else(|| "N".to_owned(), |base| base.to_string());
                format!(
                    "{what}: stop what listens there (another `haat up`?), or take eleven other ports with --port-base {others}"
                )
            }
            PortError::Forbidden { service, port } => format!(
                "port {port} ({service}) may not be used by this account: take eleven ports from 1024 on, such as with --port-base 3000"
            ),
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_need_rights_are_told_with_others() {
        let forbidden = PortError::Forbidden { service: ServiceName::Gateway, port: 80 };
        assert_eq!(
            forbidden.to_string(),
            "port 80 (gateway) may not be used by this account: take eleven ports from 1024 on, such as with --port-base 3000"
        );
    }

    #[test]
    fn there_are_eleven_ports_from_the_last_base_on() {
        let ports: Vec<u16> = from(Some(LAST_BASE)).map(|(_, port)| port).collect();
        assert_eq!(ports, (LAST_BASE..=u16::MAX).collect::<Vec<_>>());
    }
}
