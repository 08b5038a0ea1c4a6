//! What the local platform keeps between two starts: the servers' data, the services' keys and passwords.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use local::{DirectoryLock, LocalError, Program};
use platform::identity::SigningKey;
use serde::{Deserialize, Serialize};
use types::ServiceName;

/// An open state directory; nobody else can open it meanwhile.
pub struct State {
    directory: PathBuf,
    pub secrets: Secrets,
    lock: Arc<DirectoryLock>,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(transparent)]
    Unusable(#[from] LocalError),
    #[error("{} is not a directory: choose one with --state", .0.display())]
    NotADirectory(PathBuf),
    #[error("{} holds files that are not Haat's: choose another state directory with --state", .0.display())]
    Foreign(PathBuf),
    #[error(
        "the state directory {} was written by a newer Haat (its format is {found}, this one knows {}): use that Haat, choose another \
         directory with --state, or begin anew with `haat up --reset --state {}`, which deletes the data in it",
        .directory.display(), FORMAT, .directory.display()
    )]
    Newer { directory: PathBuf, found: u32 },
    #[error("{} is broken ({reason}): if the directory is Haat's, delete it; else choose another one with --state", .path.display())]
    Unmarked { path: PathBuf, reason: String },
    #[error("{} is broken ({reason}); `haat up --reset --state {}` begins anew and deletes the data", .path.display(), directory_of(.path))]
    Broken { path: PathBuf, reason: String },
    #[error("no platform has run on the state directory {} yet: `haat up --state {}` starts one", .0.display(), .0.display())]
    Unused(PathBuf),
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

/// What makes a directory ours.
#[derive(Serialize, Deserialize)]
struct Mark {
    format: u32,
    /// Its data is being deleted: whoever finds this goes on with that.
    #[serde(default)]
    resetting: bool,
}

/// The version of what is kept here, and how. The servers' data has versions of its own.
const FORMAT: u32 = 1;
const MARK: &str = "haat-state.json";
const SECRETS: &str = "secrets.json";
const ENVIRONMENT: &str = "environment.json";
pub(super) const SERVERS: [(&str, Program); 3] =
    [("postgres", Program::PostgreSql), ("cache", Program::Redis), ("streams", Program::Redis)];

impl State {
    /// Opens a state directory, made if it is not there; `reset` empties it first.
    ///
    /// # Errors
    /// A directory that holds anything but a state of ours is refused and left as it is.
    pub async fn open(directory: &Path, reset: bool) -> Result<Self, StateError> {
        let unusable = |error| LocalError::of_io(directory, error);
        if let Some(file) = directory.ancestors().find(|path| path.exists()).filter(|path| !path.is_dir()) {
            return Err(StateError::NotADirectory(file.to_owned()));
        }
        fs::create_dir_all(directory).map_err(unusable)?;
        let directory = directory.canonicalize().map_err(unusable)?;
        refuse_foreign(&directory)?;
        let lock = Arc::new(DirectoryLock::take(&directory)?);
        // Started by root, the servers run as an account that must come through here to its own directories.
        let mode = fs::metadata(&directory).map_err(unusable)?.mode();
        if mode & 0o111 != 0o111 {
            fs::set_permissions(&directory, fs::Permissions::from_mode(mode | 0o111)).map_err(unusable)?;
        }
        let mark = Mark::read(&directory)?;
        if reset || mark.as_ref().is_some_and(|mark| mark.resetting) {
            write(&directory.join(MARK), &Mark { format: FORMAT, resetting: true })?;
            empty(&directory).await?;
        } else if let Some(Mark { format: found, .. }) = mark
            && found > FORMAT
        {
            return Err(StateError::Newer { directory, found });
        }
        let secrets = Secrets::read_or_make(&directory.join(SECRETS))?;
        write(&directory.join(MARK), &Mark { format: FORMAT, resetting: false })?;
        Ok(State { directory, secrets, lock })
    }

    /// Keeps others out of the directory for as long as it lives, also after this state.
    pub fn hold(&self) -> Arc<DirectoryLock> {
        Arc::clone(&self.lock)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Keeps what leads to the running platform, for commands that look at it from outside.
    pub fn keep_environment(&self, variables: &[(String, String)]) -> Result<(), StateError> {
        let variables: BTreeMap<_, _> = variables.iter().cloned().collect();
        write(&self.directory.join(ENVIRONMENT), &variables)
    }

    /// A server's own directory.
    pub fn server(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Finds what [`State::open`] would refuse, and changes nothing.
pub fn check(directory: &Path) -> Result<(), StateError> {
    if !directory.exists() {
        return Ok(());
    }
    if !directory.is_dir() {
        return Err(StateError::NotADirectory(directory.to_owned()));
    }
    refuse_foreign(directory)?;
    DirectoryLock::check(directory)?;
    match Mark::read(directory)? {
        Some(Mark { format: found, .. }) if found > FORMAT => {
            Err(StateError::Newer { directory: directory.to_owned(), found })
        }
        _ => Secrets::read(&directory.join(SECRETS)).map(drop),
    }
}

/// The variables that lead to the platform that runs, or ran last, on a state directory.
pub fn environment_of(directory: &Path) -> Result<BTreeMap<String, String>, StateError> {
    let path = directory.join(ENVIRONMENT);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| broken(&path, error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(StateError::Unused(directory.to_owned())),
        Err(error) => Err(LocalError::of_io(&path, error).into()),
    }
}

/// Waits until no server runs on a state directory any more whose lock the caller holds.
pub(super) async fn wait_until_servers_ended(directory: &Path) -> Result<(), LocalError> {
    for (name, program) in SERVERS {
        local::wait_until_ended(&directory.join(name), program).await?;
    }
    Ok(())
}

impl Secrets {
    pub fn of(&self, service: ServiceName) -> Option<&ServiceSecrets> {
        self.0.get(&service)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ServiceName, &ServiceSecrets)> {
        self.0.iter().map(|(service, secrets)| (*service, secrets))
    }

    fn read_or_make(path: &Path) -> Result<Self, StateError> {
        match Self::read(path)? {
            Some(secrets) => Ok(secrets),
            None => {
                let secrets = Self::make()?;
                write(path, &secrets)?;
                Ok(secrets)
            }
        }
    }

    fn read(path: &Path) -> Result<Option<Self>, StateError> {
        let Some(text) = read(path)? else { return Ok(None) };
        let secrets: Secrets = serde_json::from_str(&text).map_err(|error| broken(path, error))?;
        for service in ServiceName::ALL {
            let own = secrets.of(*service).ok_or_else(|| broken(path, format!("nothing for {service}")))?;
            let _key: SigningKey =
                own.signing_key.parse().map_err(|error| broken(path, format!("{service}: {error}")))?;
        }
        Ok(Some(secrets))
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

impl Mark {
    fn read(directory: &Path) -> Result<Option<Self>, StateError> {
        let path = directory.join(MARK);
        let Some(text) = read(&path)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| StateError::Unmarked { path, reason: error.to_string() })
    }
}

/// Ours is what has our mark, or what a first start may have left that was killed before it could set it.
fn refuse_foreign(directory: &Path) -> Result<(), StateError> {
    if directory.join(MARK).exists() {
        return Ok(());
    }
    let first = [DirectoryLock::FILE.to_owned(), SECRETS.to_owned(), new_of(SECRETS), new_of(MARK)];
    for entry in fs::read_dir(directory).map_err(|error| LocalError::of_io(directory, error))? {
        let name = entry.map_err(|error| LocalError::of_io(directory, error))?.file_name();
        if !first.iter().any(|first| name == first.as_str()) {
            return Err(StateError::Foreign(directory.to_owned()));
        }
    }
    Ok(())
}

/// Deletes what the platform has made, and nothing else.
async fn empty(directory: &Path) -> Result<(), StateError> {
    wait_until_servers_ended(directory).await?;
    for name in SERVERS.map(|(name, _)| name).into_iter().chain([SECRETS, ENVIRONMENT]) {
        let path = directory.join(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(LocalError::of_io(&path, error).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whole or not at all: a file that was half written when the machine went off would be a broken one.
fn write(path: &Path, value: &impl Serialize) -> Result<(), StateError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = path.with_file_name(new_of(&name));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(serde_json::to_string_pretty(value)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|error| LocalError::of_io(path, error).into())
}

fn new_of(name: &str) -> String {
    format!("{name}.new")
}

fn read(path: &Path) -> Result<Option<String>, StateError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(broken(path, error)),
        Err(error) => Err(LocalError::of_io(path, error).into()),
    }
}

fn broken(path: &Path, reason: impl std::fmt::Display) -> StateError {
    StateError::Broken { path: path.to_owned(), reason: reason.to_string() }
}

fn directory_of(path: &Path) -> std::path::Display<'_> {
    path.parent().unwrap_or(path).display()
}

#[cfg(test)]
mod tests {
    use testkit::ScratchDirectory;

    use super::*;

    fn write_text(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn password(directory: &Path, reset: bool) -> String {
        let state = State::open(directory, reset).await.unwrap();
        state.secrets.of(ServiceName::Order).unwrap().owner_password.clone()
    }

    #[tokio::test]
    async fn what_is_kept_is_found_again_and_deleted_by_a_reset_with_nothing_else() {
        let scratch = ScratchDirectory::create();
        let directory = scratch.join("state");
        let first = password(&directory, false).await;
        assert_eq!(password(&directory, false).await, first);
        write_text(directory.join("postgres/data/PG_VERSION"), "15");
        write_text(directory.join("letter"), "mine");
        assert_ne!(password(&directory, true).await, first);
        assert!(!directory.join("postgres").exists());
        assert_eq!(fs::read_to_string(directory.join("letter")).unwrap(), "mine");
    }

    #[tokio::test]
    async fn a_reset_that_was_interrupted_is_finished_by_the_next_start() {
        let scratch = ScratchDirectory::create();
        let first = password(scratch.path(), false).await;
        write_text(scratch.join("streams/data/half"), "deleted");
        write(&scratch.join(MARK), &Mark { format: FORMAT, resetting: true }).unwrap();
        let second = password(scratch.path(), false).await;
        assert_ne!(second, first);
        assert!(!scratch.join("streams").exists());
        assert_eq!(password(scratch.path(), false).await, second, "once is enough");
    }

    #[tokio::test]
    async fn a_first_start_that_was_killed_before_it_set_its_mark_is_gone_on_with() {
        let scratch = ScratchDirectory::create();
        let first = password(scratch.path(), false).await;
        fs::rename(scratch.join(MARK), scratch.join(&new_of(MARK))).unwrap();
        assert_eq!(password(scratch.path(), false).await, first);
    }

    #[tokio::test]
    async fn its_files_are_for_nobody_else() {
        let scratch = ScratchDirectory::create();
        let state = State::open(scratch.path(), false).await.unwrap();
        state.keep_environment(&[("JWT_SECRET".to_owned(), "x".to_owned())]).unwrap();
        for name in [SECRETS, ENVIRONMENT, MARK, DirectoryLock::FILE] {
            assert_eq!(fs::metadata(scratch.join(name)).unwrap().mode() & 0o777, 0o600, "{name}");
        }
        assert_eq!(environment_of(scratch.path()).unwrap()["JWT_SECRET"], "x");
    }
}
