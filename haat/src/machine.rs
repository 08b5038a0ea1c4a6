//! What the machine gives us.

use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections to PostgreSQL, Redis and among eleven services, and those of clients: each is an open file.
pub const OPEN_FILES_NEEDED: u64 = 1024;
/// macOS refuses more, whatever it calls the limit.
const OPEN_FILES_WANTED: u64 = 10_240;

/// Raises the limit of open files as far as this process may, since macOS begins with 256; returns what it is then.
pub fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let possible = maximum.map_or(OPEN_FILES_WANTED, |maximum| maximum.min(OPEN_FILES_WANTED));
    match current {
        Some(now) if now < possible => {
            let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
            if raised.is_ok() { possible } else { now }
        }
        Some(now) => now,
        None => u64::MAX,
    }
}

/// Bytes that may still be written to the disk that holds this path, or its nearest parent that exists.
pub fn free_space(path: &Path) -> std::io::Result<u64> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(there)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
