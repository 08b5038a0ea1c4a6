//! Where the servers' programs are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{LocalError, at};

/// Everything that Haat needs on one machine.
#[derive(Clone, Debug)]
pub struct Binaries {
    pub postgres: PostgresBinaries,
    pub redis_server: PathBuf,
}

/// The programs of one PostgreSQL installation.
#[derive(Clone, Debug)]
pub struct PostgresBinaries {
    pub initdb: PathBuf,
    pub postgres: PathBuf,
    /// 17 of 17.2.
    pub major: u32,
}

impl Binaries {
    /// # Errors
    /// [`LocalError::MissingBinary`] names the package to install.
    pub fn find() -> Result<Self, LocalError> {
        Ok(Binaries { postgres: PostgresBinaries::find()?, redis_server: find_redis_server()? })
    }
}

impl PostgresBinaries {
    /// What stands first on PATH, else the newest of the versions that are installed beside it.
    ///
    /// # Errors
    /// [`LocalError::MissingBinary`] names the package to install.
    pub fn find() -> Result<Self, LocalError> {
        Self::find_in(&search_path(), &INSTALLATIONS.map(PathBuf::from))
    }

    /// Those of this major version, if it is installed where packages put it.
    pub(crate) fn of_version(major: u32) -> Option<Self> {
        Self::of_version_in(&INSTALLATIONS.map(PathBuf::from), major)
    }

    fn of_version_in(installations: &[PathBuf], major: u32) -> Option<Self> {
        let mut versions = installations.iter().flat_map(|place| versions_in(place));
        let (_, folder) = versions.find(|(version, _)| *version == major)?;
        Some(PostgresBinaries { initdb: folder.join("initdb"), postgres: folder.join("postgres"), major })
    }

    /// Comes with the server, and is needed for replicas only.
    pub(crate) fn pg_basebackup(&self) -> PathBuf {
        // Beside the others, who may stand on PATH by a link.
        let initdb = self.initdb.canonicalize().unwrap_or_else(|_| self.initdb.clone());
        initdb.with_file_name("pg_basebackup")
    }

    fn find_in(path: &[PathBuf], installations: &[PathBuf]) -> Result<Self, LocalError> {
        let installed = installations.iter().flat_map(|place| versions_in(place)).max_by_key(|found| found.0);
        let on_path = path.iter().find(|folder| has_servers(folder)).cloned();
        let folder = on_path.or(installed.map(|found| found.1)).ok_or(LocalError::MissingBinary {
            binary: "PostgreSQL's initdb",
            package: "postgresql",
            formula: "postgresql@17",
        })?;
        let postgres = folder.join("postgres");
        let major = major_version(&postgres)?;
        Ok(PostgresBinaries { initdb: folder.join("initdb"), postgres, major })
    }
}

pub(crate) fn find_redis_server() -> Result<PathBuf, LocalError> {
    find_redis_server_in(&search_path())
}

/// Folders that hold one folder for each version: Debian's, Homebrew's on ARM and on Intel.
const INSTALLATIONS: [&str; 3] = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

/// Homebrew's folder and /usr/local's are on most people's PATH, but not on that of every launcher.
const USUAL_FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin"];

/// PATH is the machine's, not configuration of ours, so it is not read through `platform::env::Env`.
fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(USUAL_FOLDERS.map(PathBuf::from)).collect()
}

fn find_redis_server_in(path: &[PathBuf]) -> Result<PathBuf, LocalError> {
    path.iter().map(|folder| folder.join("redis-server")).find(|file| file.is_file()).ok_or(LocalError::MissingBinary {
        binary: "redis-server",
        package: "redis-server",
        formula: "redis",
    })
}

fn has_servers(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The versions under an installation's folder: `17` (Debian) or `postgresql@17` (Homebrew).
fn versions_in(place: &Path) -> Vec<(u32, PathBuf)> {
    let version = |name: OsString| name.to_str()?.trim_start_matches("postgresql@").parse::<u32>().ok();
    let folders = std::fs::read_dir(place).into_iter().flatten().flatten();
    folders
        .filter_map(|folder| Some((version(folder.file_name())?, folder.path().join("bin"))))
        .filter(|(_, folder)| has_servers(folder))
        .collect()
}

/// Of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, the 15.
fn major_version(postgres: &Path) -> Result<u32, LocalError> {
    let output = Command::new(postgres).arg("--version").output().map_err(at(postgres))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split(") ").nth(1).and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    version.and_then(|major| major.parse().ok()).ok_or_else(|| LocalError::Io {
        path: postgres.to_owned(),
        reason: std::io::Error::other(format!("says '{}' for its version", text.trim())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_is_one_sentence_that_names_the_package() {
        let nowhere = [PathBuf::from("/nonexistent")];
        assert_eq!(
            PostgresBinaries::find_in(&nowhere, &nowhere).unwrap_err().to_string(),
            "PostgreSQL's initdb was not found: install it with `apt-get install postgresql` (Debian, Ubuntu) or `brew install postgresql@17` (macOS)"
        );
        assert_eq!(
            find_redis_server_in(&nowhere).unwrap_err().to_string(),
            "redis-server was not found: install it with `apt-get install redis-server` (Debian, Ubuntu) or `brew install redis` (macOS)"
        );
    }

    #[test]
    fn several_versions_are_told_apart_by_number() {
        let place = std::env::temp_dir().join(format!("haat-binaries-{}", std::process::id()));
        for version in ["9", "15", "postgresql@17", "unrelated"] {
            let folder = place.join(version).join("bin");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("initdb"), "").unwrap();
            std::fs::write(folder.join("postgres"), "").unwrap();
        }
        let newest = versions_in(&place).into_iter().max();
        let fifteen = PostgresBinaries::of_version_in(std::slice::from_ref(&place), 15);
        let sixteen = PostgresBinaries::of_version_in(std::slice::from_ref(&place), 16);
        std::fs::remove_dir_all(&place).unwrap();
        assert_eq!(newest, Some((17, place.join("postgresql@17").join("bin"))));
        assert_eq!(fifteen.map(|found| found.initdb), Some(place.join("15").join("bin").join("initdb")));
        assert!(sixteen.is_none());
    }

    #[test]
    fn the_installed_servers_are_found() {
        let found = Binaries::find().unwrap();
        assert!(found.postgres.major >= 13, "{found:?}");
        assert!(found.postgres.initdb.is_file() && found.postgres.postgres.is_file() && found.redis_server.is_file());
    }
}
