//! Who a request is signed by.

mod instance;
mod session;
mod workload;

use std::path::Path;

use crate::client::Now;
use crate::signature::Signer;
use crate::{Error, PrivateKey};

pub use self::instance::InstancePrincipal;
pub use self::workload::WorkloadIdentity;

use self::session::Sessions;

/// Cheap to clone; clones share tokens.
#[derive(Clone, Debug)]
pub struct Identity(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Key(Signer),
    Sessions(Sessions),
}

/// A user with a key that an administrator has made known to the cloud: for people and their laptops.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub tenancy: String,
    pub user: String,
    /// The MD5 of the public key, sixteen pairs of hexadecimal digits with colons between: the cloud shows it.
    pub fingerprint: String,
    pub key: PrivateKey,
}

impl ApiKey {
    /// # Errors
    /// [`Error::Configuration`] if the file cannot be read or holds no RSA key.
    pub fn from_file(tenancy: String, user: String, fingerprint: String, key: &Path) -> Result<Self, Error> {
        let pem = std::fs::read(key).map_err(|e| Error::Configuration(format!("{}: {e}", key.display())))?;
        let key = PrivateKey::from_pem(&pem)?;
        Ok(ApiKey { tenancy, user, fingerprint, key })
    }
}

impl From<ApiKey> for Identity {
    fn from(key: ApiKey) -> Self {
        let key_id = format!("{}/{}/{}", key.tenancy, key.user, key.fingerprint);
        Identity(Kind::Key(Signer { key_id, key: key.key, signs_host: true }))
    }
}

impl From<InstancePrincipal> for Identity {
    fn from(instance: InstancePrincipal) -> Self {
        Identity(Kind::Sessions(Sessions::new(instance)))
    }
}

impl From<WorkloadIdentity> for Identity {
    fn from(workload: WorkloadIdentity) -> Self {
        Identity(Kind::Sessions(Sessions::new(workload)))
    }
}

impl Identity {
    pub(crate) async fn signer(&self, now: &Now) -> Result<Signer, Error> {
        match &self.0 {
            Kind::Key(signer) => Ok(signer.clone()),
            Kind::Sessions(sessions) => sessions.signer(now).await,
        }
    }

    /// Forgets the token that a service refused. True if another one can be had.
    pub(crate) async fn discard(&self, refused: &Signer) -> bool {
        match &self.0 {
            Kind::Key(_) => false,
            Kind::Sessions(sessions) => {
                sessions.discard(refused).await;
                true
            }
        }
    }
}
