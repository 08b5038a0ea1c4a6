//! Where a figure was measured, without which it says nothing.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use local::Binaries;
use serde::Serialize;
use tokio::process::Command;

use crate::error::Error;

#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// UTC, to the minute.
    pub date: String,
    pub processor: String,
    pub cores: usize,
    pub memory_gib: u64,
    /// The kernel, and the file system that the databases are on.
    pub system: String,
    /// Of PostgreSQL and Redis.
    pub servers: Vec<String>,
}

impl Machine {
    pub async fn look(directory: &Path) -> Result<Self, Error> {
        let now = Timestamp::try_from(SystemTime::now()).map_err(|error| Error::failed(error.to_string()))?;
        let read = |file: &str| fs::read_to_string(file).map_err(|error| Error::io(file, error));
        let (processors, memory) = (read("/proc/cpuinfo")?, read("/proc/meminfo")?);
        let (kernel, mounts) = (read("/proc/sys/kernel/osrelease")?, read("/proc/mounts")?);
        let directory = directory.canonicalize().map_err(|error| Error::io(directory.display(), error))?;
        let kibibytes: u64 =
            field(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
        let binaries = Binaries::find()?;
        Ok(Machine {
            date: now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string(),
            processor: field(&processors, "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_gib: (kibibytes + (1 << 19)) >> 20,
            system: format!("Linux {}, {}", kernel.trim(), file_system(&mounts, &directory)),
            servers: vec![version(&binaries.postgres.postgres).await?, version(&binaries.redis_server).await?],
        })
    }
}

fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().strip_prefix(':')?.trim()))
}

/// Of the mount that the directory is below most closely.
fn file_system(mounts: &str, directory: &Path) -> String {
    let mounts = mounts.lines().filter_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        [_, place, kind, ..] if directory.starts_with(place) => Some((place.len(), kind)),
        _ => None,
    });
    mounts.max().map_or("unknown", |(_, kind)| kind).to_owned()
}

async fn version(program: &Path) -> Result<String, Error> {
    let mut command = Command::new(program);
    let output = command.arg("--version").stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| Error::io(program.display(), error))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/bench")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/work")), "ext4");
    }

    #[test]
    fn a_field_is_read() {
        assert_eq!(field("processor\t: 0\nmodel name\t: A B\n", "model name"), Some("A B"));
        assert_eq!(field("MemTotal:       24576 kB\n", "MemTotal"), Some("24576 kB"));
    }
}
