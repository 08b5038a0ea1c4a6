//! What the local platform keeps between two starts: the servers' data, the services' keys and passwords.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use platform::identity::SigningKey;
use serde::{Deserialize, Serialize};
use types::ServiceName;

/// An open state directory; nobody else can open it meanwhile.
pub struct State {
    directory: PathBuf,
    pub secrets: Secrets,
    /// Held for its lock.
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state directory {0} cannot be used: {1}")]
    Unusable(PathBuf, std::io::Error),
    #[error("another `haat up` runs on the state directory {0}; stop it, or choose another one with --state")]
    InUse(PathBuf),
    #[error("{0} is broken ({1}); `haat up --reset` begins anew and deletes the data")]
    Broken(PathBuf, String),
    #[error("a key cannot be made: {0}")]
    Key(String),
}

/// By service: what only it may know.
#[derive(Serialize, Deserialize)]
pub struct Secrets(BTreeMap<ServiceName, ServiceSecrets>);

#[derive(Serialize, Deserialize)]
pub struct ServiceSecrets {
    /// `JWT_SECRET`.
    pub signing_key: String,
    pub owner_password: String,
    pub service_password: String,
}

const LOCK: &str = "lock";
const SECRETS: &str = "secrets.json";
const ENVIRONMENT: &str = "environment.json";
/// What a reset deletes, and nothing else.
const OURS: [&str; 3] = ["postgres", "cache", "streams"];

impl State {
    /// Opens a state directory, made if it is not there; `reset` empties it first.
    pub fn open(directory: &Path, reset: bool) -> Result<Self, StateError> {
        let unusable = |error| StateError::Unusable(directory.to_owned(), error);
        fs::create_dir_all(directory).map_err(unusable)?;
        let directory = directory.canonicalize().map_err(unusable)?;
        let lock = File::create(directory.join(LOCK)).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => StateError::InUse(directory.clone()),
            fs::TryLockError::Error(error) => unusable(error),
        })?;
        if reset {
            for name in OURS {
                remove(&directory.join(name)).map_err(unusable)?;
            }
            remove(&directory.join(SECRETS)).map_err(unusable)?;
        }
        let secrets = Secrets::read_or_make(&directory.join(SECRETS))?;
        Ok(State { directory, secrets, _lock: lock })
    }

    /// Keeps what leads to the running platform, for commands that look at it from outside.
    pub fn keep_environment(&self, variables: &[(String, String)]) -> Result<(), StateError> {
        let path = self.directory.join(ENVIRONMENT);
        let variables: BTreeMap<_, _> = variables.iter().cloned().collect();
        write(&path, &variables).map_err(|error| StateError::Unusable(path, error))
    }

    /// A server's own directory.
    pub fn server(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The variables that lead to the platform that runs, or ran last, on a state directory.
pub fn environment_of(directory: &Path) -> Result<BTreeMap<String, String>, StateError> {
    let path = directory.join(ENVIRONMENT);
    let text = fs::read_to_string(&path).map_err(|error| StateError::Unusable(path.clone(), error))?;
    serde_json::from_str(&text).map_err(|error| StateError::Broken(path, error.to_string()))
}

impl Secrets {
    pub fn of(&self, service: ServiceName) -> Option<&ServiceSecrets> {
        self.0.get(&service)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ServiceName, &ServiceSecrets)> {
        self.0.iter().map(|(service, secrets)| (*service, secrets))
    }

    fn read_or_make(path: &Path) -> Result<Self, StateError> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let broken = |reason: String| StateError::Broken(path.to_owned(), reason);
                let secrets: Secrets = serde_json::from_str(&text).map_err(|e| broken(e.to_string()))?;
                match ServiceName::ALL.iter().find(|service| secrets.of(**service).is_none()) {
                    Some(missing) => Err(broken(format!("nothing for {missing}"))),
                    None => Ok(secrets),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::make()?;
                write(path, &secrets).map_err(|error| StateError::Unusable(path.to_owned(), error))?;
                Ok(secrets)
            }
            Err(error) => Err(StateError::Unusable(path.to_owned(), error)),
        }
    }

    fn make() -> Result<Self, StateError> {
        let one = |service: &ServiceName| {
            let key = SigningKey::generate().map_err(|e| StateError::Key(e.to_string()))?;
            let secrets = ServiceSecrets {
                signing_key: key.to_secret_string(),
                owner_password: local::generate_password(),
                service_password: local::generate_password(),
            };
            Ok((*service, secrets))
        };
        ServiceName::ALL.iter().map(one).collect::<Result<_, StateError>>().map(Secrets)
    }
}

/// Whole or not at all: a file that was half written when the machine went off would be a broken one.
fn write(path: &Path, value: &impl Serialize) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
