//! The state directory: everything a server keeps, and the lock that lets only one run have it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;
use rustix::process::Signal;

use crate::account::Account;
use crate::error::{LocalError, Program, at};
use crate::process::{command_line, send, wait_until_gone};

/// Letters and digits, so that it needs no quoting in a URL or a configuration file; about 190 bits.
pub fn generate_password() -> String {
    rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect()
}

/// Held by the run that has the directory, and the mark of a directory that is ours.
const LOCK: &str = "lock";

/// See [`StateDirectory::process_file`].
const PROCESS: &str = "server.pid";

/// A directory that only one run has at a time: for as long as this lives, also against this process itself. It ends with the
/// process, however that ends.
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// The file that is locked: it names the process that holds it.
    pub const FILE: &str = LOCK;

    /// # Errors
    /// [`LocalError::InUse`] names the process that has it; else that the file cannot be written.
    pub fn take(directory: &Path) -> Result<Self, LocalError> {
        let path = directory.join(LOCK);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(directory, &mut file)),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        file.set_len(0).map_err(at(&path))?;
        file.write_all(std::process::id().to_string().as_bytes()).map_err(at(&path))?;
        Ok(DirectoryLock { _file: file })
    }

    /// Whether a run has the directory, without keeping it from one.
    ///
    /// # Errors
    /// [`LocalError::InUse`] names the process that has it; else that the file cannot be read.
    pub fn check(directory: &Path) -> Result<(), LocalError> {
        let path = directory.join(LOCK);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(at(&path))?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(in_use(directory, &mut file)),
            Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        }
    }
}

fn in_use(directory: &Path, lock: &mut File) -> LocalError {
    let mut holder = String::new();
    // Whoever holds it may not have written its number yet; the sentence is as true without.
    let _ = lock.read_to_string(&mut holder);
    let holder = if holder.is_empty() { "just starting".to_owned() } else { holder };
    LocalError::InUse { directory: directory.to_owned(), holder }
}

/// Waits until the server of a state directory has ended, which was told to, was dropped, or lost its parent; ends it if it does
/// not within seconds.
///
/// # Errors
/// [`LocalError::InUse`] if not even a kill ends it.
pub async fn wait_until_ended(directory: &Path, program: Program) -> Result<(), LocalError> {
    match directory.canonicalize() {
        Ok(path) => end_left_over(&path, program).await,
        // Without a directory there is no server.
        Err(_) => Ok(()),
    }
}

/// One server's directory, locked for as long as this lives.
pub(crate) struct StateDirectory {
    pub path: PathBuf,
    pub program: Program,
    pub account: Option<Account>,
    _lock: DirectoryLock,
}

impl StateDirectory {
    /// Makes the directory if it is not there yet. It and what is made in it belong to the account that the server runs as.
    pub fn open(path: &Path, program: Program) -> Result<Self, LocalError> {
        fs::create_dir_all(path).map_err(at(path))?;
        // Programs are started with this path from elsewhere, and it is compared with what they were started with.
        let path = path.canonicalize().map_err(at(path))?;
        refuse_foreign(&path)?;
        let lock = DirectoryLock::take(&path)?;
        let account = Account::for_servers()?;
        if let Some(account) = &account {
            account.check_reachable(&path, program)?;
        }
        let state = StateDirectory { path, program, account, _lock: lock };
        state.take_over(&state.path)?;
        set_mode(&state.path, 0o700)?;
        Ok(state)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The file in which a server's process notes itself before it starts, to be found again after a run that was killed.
    pub fn process_file(&self) -> PathBuf {
        self.join(PROCESS)
    }

    /// An empty or existing directory that only the server may enter.
    pub fn directory(&self, name: &str) -> Result<PathBuf, LocalError> {
        let path = self.join(name);
        fs::create_dir_all(&path).map_err(at(&path))?;
        set_mode(&path, 0o700)?;
        self.take_over(&path)?;
        Ok(path)
    }

    /// Writes a file that only the server may read.
    pub fn write_private(&self, path: &Path, text: &str) -> Result<(), LocalError> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(at(path))?;
        file.write_all(text.as_bytes()).map_err(at(path))?;
        self.take_over(path)
    }

    /// The generated password that this state directory keeps, if it has one yet.
    pub fn stored_password(&self) -> Result<Option<String>, LocalError> {
        let path = self.join("password");
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    pub fn new_password(&self) -> Result<String, LocalError> {
        let password = generate_password();
        self.keep_password(&password)?;
        Ok(password)
    }

    pub fn keep_password(&self, password: &str) -> Result<(), LocalError> {
        self.write_private(&self.join("password"), password)
    }

    /// The log, with the place where what is written from now on begins.
    pub fn open_log(&self) -> Result<Log, LocalError> {
        const ROTATE_AT: u64 = 16 << 20;
        let path = self.join("log");
        if fs::metadata(&path).is_ok_and(|found| found.len() > ROTATE_AT) {
            fs::rename(&path, self.join("log.1")).map_err(at(&path))?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(at(&path))?;
        self.take_over(&path)?;
        let start = file.metadata().map_err(at(&path))?.len();
        Ok(Log { path, start, file: Arc::new(file) })
    }

    /// Ends a server that a killed run left behind: it may still be shutting down, and two on the same data destroy it.
    pub async fn end_left_over(&self) -> Result<(), LocalError> {
        end_left_over(&self.path, self.program).await
    }

    /// Whether this process was started on this directory: its number alone may belong to another one by now.
    pub fn is_ours(&self, pid: i32) -> bool {
        is_of(&self.path, pid)
    }

    /// Gives what is there to the account that the server runs as.
    pub fn take_over(&self, path: &Path) -> Result<(), LocalError> {
        self.account.as_ref().map_or(Ok(()), |account| account.own(path))
    }
}

async fn end_left_over(directory: &Path, program: Program) -> Result<(), LocalError> {
    const GRACE: Duration = Duration::from_secs(5);
    let Some(pid) = read_first_number(&directory.join(PROCESS)).filter(|pid| is_of(directory, *pid)) else {
        return Ok(());
    };
    tracing::info!(%program, pid, "waits for the end of what an earlier run left behind");
    if wait_until_gone(pid, GRACE).await {
        return Ok(());
    }
    for signal in [Signal::INT, Signal::KILL] {
        send(pid, signal);
        if wait_until_gone(pid, GRACE).await {
            return Ok(());
        }
    }
    Err(LocalError::InUse { directory: directory.to_owned(), holder: pid.to_string() })
}

fn is_of(directory: &Path, pid: i32) -> bool {
    let ours = format!("{}/", directory.display());
    command_line(pid).is_some_and(|command| command.contains(&ours))
}

/// A server's log; clones share the file.
#[derive(Clone)]
pub(crate) struct Log {
    path: PathBuf,
    start: u64,
    pub file: Arc<File>,
}

impl Log {
    /// The end of what was written since this was opened. What cannot be read is left out: this only explains.
    pub fn tail(&self) -> String {
        const LONGEST: u64 = 16 << 10;
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.start.max(length.saturating_sub(LONGEST))))?;
            let mut bytes = Vec::new();
            file.take(LONGEST).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }
}

pub(crate) fn read_first_number(path: &Path) -> Option<i32> {
    fs::read_to_string(path).ok()?.lines().next()?.trim().parse().ok()
}

/// A directory that is taken over changes its owner and its mode: not one that somebody named by mistake, such as `/tmp`.
fn refuse_foreign(directory: &Path) -> Result<(), LocalError> {
    let is_empty = fs::read_dir(directory).map_err(at(directory))?.next().is_none();
    if is_empty || directory.join(LOCK).exists() {
        return Ok(());
    }
    Err(LocalError::Foreign { directory: directory.to_owned() })
}

fn set_mode(path: &Path, mode: u32) -> Result<(), LocalError> {
    if fs::metadata(path).map_err(at(path))?.mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(at(path))
}
