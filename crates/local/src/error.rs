//! Why a server does not run, each as one sentence that says what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    PostgreSql,
    Redis,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Program::PostgreSql => "PostgreSQL",
            Program::Redis => "Redis",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error(
        "{binary} was not found: install it with `apt-get install {package}` (Debian, Ubuntu) or `brew install {formula}` (macOS)"
    )]
    MissingBinary { binary: &'static str, package: &'static str, formula: &'static str },
    #[error("{program} cannot listen on port {port}, which is in use: stop what listens there or choose another port")]
    PortInUse { program: Program, port: u16 },
    #[error("the disk that holds {} is full: make room on it", .path.display())]
    DiskFull { path: PathBuf },
    #[error("a file in {} may not grow as it must: raise the limit of a file's size (`ulimit -f`)", .path.display())]
    FileLimit { path: PathBuf },
    #[error("the state directory {} is in use by another run (process {holder}): stop that one first", .directory.display())]
    InUse { directory: PathBuf, holder: String },
    #[error("{} holds files that are not Haat's: choose another state directory", .directory.display())]
    Foreign { directory: PathBuf },
    #[error("{} cannot be written: {reason}", .path.display())]
    NotWritable { path: PathBuf, reason: io::Error },
    #[error(
        "{} may not be entered by {account}, as whom {program} runs when started by root: choose a state directory elsewhere",
        .directory.display()
    )]
    Unreachable { directory: PathBuf, account: String, program: Program },
    #[error(
        "{} was written by PostgreSQL {found}, but PostgreSQL {installed} is installed: install {found}, or start without that data",
        .directory.display()
    )]
    VersionMismatch { directory: PathBuf, found: String, installed: u32 },
    #[error("{program}'s data in {} is damaged ({detail})", .directory.display())]
    Damaged { program: Program, directory: PathBuf, detail: String },
    #[error("{program} did not start ({reason}){log}")]
    NotStarted { program: Program, reason: String, log: LogTail },
    #[error("{program} ended ({reason}){log}")]
    Exited { program: Program, reason: String, log: LogTail },
    #[error("PostgreSQL refused to prepare the databases: {0}")]
    Database(#[from] sqlx::Error),
    #[error("{}: {reason}", .path.display())]
    Io { path: PathBuf, reason: io::Error },
}

impl LocalError {
    /// Names the path, and the cause where a person can do something about it.
    pub fn of_io(path: &Path, reason: io::Error) -> Self {
        let path = path.to_owned();
        match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LocalError::DiskFull { path },
            io::ErrorKind::FileTooLarge => LocalError::FileLimit { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                LocalError::NotWritable { path, reason }
            }
            _ => LocalError::Io { path, reason },
        }
    }

    /// Whether only a start without the data that is there can help.
    pub fn is_about_the_data(&self) -> bool {
        matches!(self, LocalError::Damaged { .. } | LocalError::VersionMismatch { .. })
    }
}

/// The last lines of a server's log. Printed as the end of a sentence; nothing at all if the log is empty.
#[derive(Clone, Debug, Default)]
pub struct LogTail(Vec<String>);

impl LogTail {
    /// How many lines help; more would hide the sentence that they explain.
    const LINES: usize = 8;

    pub(crate) fn of(log: &str) -> Self {
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(Self::LINES);
        LogTail(lines.iter().skip(last).map(|line| (*line).to_owned()).collect())
    }
}

impl fmt::Display for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        f.write_str("; its log ends with:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// [`LocalError::of_io`], for `map_err`.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> LocalError {
    let path = path.to_owned();
    move |reason| LocalError::of_io(&path, reason)
}

/// What a server's log says of its end.
pub(crate) struct Failure<'a> {
    pub program: Program,
    pub data: &'a Path,
    pub port: u16,
    pub reason: String,
    pub log: &'a str,
}

impl Failure<'_> {
    /// Of a server that had started.
    pub fn of_running(self) -> LocalError {
        let full = self.full();
        let Failure { program, reason, log, .. } = self;
        full.unwrap_or_else(|| LocalError::Exited { program, reason, log: LogTail::of(log) })
    }

    /// Of a server that did not start.
    pub fn into_error(self) -> LocalError {
        if let Some(error) = self.full() {
            return error;
        }
        let Failure { program, data, port, reason, log } = self;
        if log.contains("Address already in use") {
            return LocalError::PortInUse { program, port };
        }
        let signs = match program {
            Program::PostgreSql => POSTGRES_DAMAGE,
            Program::Redis => REDIS_DAMAGE,
        };
        let sign = log.lines().find(|line| signs.iter().any(|sign| line.contains(sign)));
        match sign {
            Some(line) => {
                LocalError::Damaged { program, directory: data.to_owned(), detail: message_of(line).to_owned() }
            }
            None => LocalError::NotStarted { program, reason, log: LogTail::of(log) },
        }
    }

    fn full(&self) -> Option<LocalError> {
        let path = || self.data.to_owned();
        if ["No space left on device", "Disk quota exceeded"].iter().any(|sign| self.log.contains(sign)) {
            return Some(LocalError::DiskFull { path: path() });
        }
        self.log.contains("File too large").then(|| LocalError::FileLimit { path: path() })
    }
}

const POSTGRES_DAMAGE: &[&str] = &[
    "could not locate a valid checkpoint record",
    "could not locate required checkpoint record",
    "incorrect checksum in control file",
    "calculated CRC checksum does not match",
    "pg_control",
    "is not a valid data directory",
    "is missing or erroneous",
    "could not open directory",
    "requested timeline",
];

const REDIS_DAMAGE: &[&str] = &[
    "Bad file format reading the append only file",
    "Unexpected end of file reading the append only file",
    "The AOF manifest file",
    "Invalid AOF manifest file format",
    "Wrong signature trying to load DB from file",
    "Fatal error loading the DB",
    "AOF base file",
    "doesn't exist",
];

/// The message of a log's line without the time, the process and the level before it.
fn message_of(line: &str) -> &str {
    ["FATAL:", "PANIC:", "ERROR:", "LOG:", " # "]
        .iter()
        .find_map(|mark| line.split_once(mark))
        .map_or(line, |(_, message)| message)
        .trim()
}

pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(program: Program, log: &str) -> String {
        let reason = "exit code 1".to_owned();
        Failure { program, data: Path::new("/state/data"), port: 4711, reason, log }.into_error().to_string()
    }

    #[test]
    fn a_full_disk_is_read_from_the_log() {
        let log = "PANIC:  could not write to file \"pg_wal/xlogtemp.7\": No space left on device\n";
        assert_eq!(error_of(Program::PostgreSql, log), "the disk that holds /state/data is full: make room on it");
        let log = "initdb: error: could not write to file: File too large";
        assert!(error_of(Program::PostgreSql, log).starts_with("a file in /state/data may not grow as it must"));
    }

    #[test]
    fn damage_is_named_without_the_logs_decoration() {
        let log = "2026-11-01 10:00:00.000 UTC [7] @ PANIC:  could not locate a valid checkpoint record\n";
        assert_eq!(
            error_of(Program::PostgreSql, log),
            "PostgreSQL's data in /state/data is damaged (could not locate a valid checkpoint record)"
        );
    }

    #[test]
    fn an_unknown_failure_shows_the_end_of_the_log_only() {
        let log: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let error = error_of(Program::Redis, &log);
        assert!(error.starts_with("Redis did not start (exit code 1); its log ends with:\n  line 13\n"), "{error}");
        assert!(error.ends_with("line 20"), "{error}");
    }
}
