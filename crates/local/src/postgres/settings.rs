//! `postgresql.conf` and `pg_hba.conf`, written anew at each start: nothing in them is anybody else's.

use std::fmt::Write;
use std::path::PathBuf;

use crate::error::LocalError;
use crate::postgres::PostgresOptions;
use crate::state::StateDirectory;

/// The longest path of a Unix socket is 104 bytes on macOS and 108 on Linux.
const LONGEST_SOCKET: usize = 100;

pub(super) fn socket_directory(state: &StateDirectory) -> Option<PathBuf> {
    let directory = state.join("socket");
    let longest = directory.join(".s.PGSQL.65535").as_os_str().len();
    (longest <= LONGEST_SOCKET).then_some(directory)
}

pub(super) fn write(
    state: &StateDirectory,
    options: &PostgresOptions,
    port: u16,
    major: u32,
) -> Result<(), LocalError> {
    let socket = match socket_directory(state) {
        Some(directory) => {
            state.directory("socket")?;
            directory.to_string_lossy().into_owned()
        }
        None => String::new(),
    };
    let max_connections = options.max_connections.to_string();
    let port = port.to_string();
    let mut settings: Vec<(&str, &str)> = vec![
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", &socket),
        ("max_connections", &max_connections),
        ("password_encryption", "scram-sha-256"),
        // A laptop's memory is wanted elsewhere, and the system's page cache serves what does not fit.
        ("shared_buffers", "64MB"),
        ("effective_cache_size", "1GB"),
        ("work_mem", "4MB"),
        ("maintenance_work_mem", "32MB"),
        // Short queries: compiling one takes longer than running it.
        ("jit", "off"),
        ("random_page_cost", "1.1"),
        // Nothing replicates logically.
        ("max_logical_replication_workers", "0"),
        ("min_wal_size", "80MB"),
        ("max_wal_size", "512MB"),
        ("checkpoint_timeout", "15min"),
        ("log_checkpoints", "off"),
        ("log_line_prefix", "%m [%p] %u@%d "),
        ("log_timezone", "UTC"),
        ("timezone", "UTC"),
        ("datestyle", "iso, ymd"),
        ("default_text_search_config", "pg_catalog.simple"),
        ("lc_messages", "C"),
    ];
    let replication = options.replication.settings();
    settings.extend(replication.iter().map(|(name, value)| (*name, value.as_str())));
    if cfg!(target_os = "linux") && major >= 14 {
        // After a crash: at once, not one by one the thousands of files of ten databases.
        settings.push(("recovery_init_sync_method", "syncfs"));
    }
    let durability = if options.durable { "on" } else { "off" };
    settings.extend(["fsync", "full_page_writes", "synchronous_commit"].map(|name| (name, durability)));
    settings.extend(options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));

    let mut text = "# Written by Haat at each start.\n".to_owned();
    for (name, value) in settings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
    }
    state.write_private(&state.join("data").join("postgresql.conf"), &text)?;
    let access = "# Written by Haat at each start.\n\
        local all all scram-sha-256\n\
        host all all 127.0.0.1/32 scram-sha-256\n\
        host replication all 127.0.0.1/32 scram-sha-256\n";
    state.write_private(&state.join("data").join("pg_hba.conf"), access)
}
