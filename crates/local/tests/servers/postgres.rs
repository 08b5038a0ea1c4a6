use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use local::{LocalError, PostgresOptions, PostgresServer, Replication, Restore};
use sqlx::{Connection as _, PgConnection};

use crate::{Scratch, execute, gone, number, runs, soon};

fn options(scratch: &Scratch) -> PostgresOptions {
    PostgresOptions { durable: false, max_connections: 20, ..PostgresOptions::new(scratch.join("postgres")) }
}

async fn refused(options: PostgresOptions) -> LocalError {
    soon("the refusal", PostgresServer::start(options)).await.err().expect("the server must not start")
}

#[tokio::test]
async fn data_survives_a_stop_and_a_kill() {
    let scratch = Scratch::new();
    let mut server = PostgresServer::start(PostgresOptions { durable: true, ..options(&scratch) }).await.unwrap();
    let (url, port) = (server.admin_url(), server.port());
    execute(&url, "CREATE TABLE notes (n bigint); INSERT INTO notes VALUES (1)").await.unwrap();
    server.stop().await;
    assert!(execute(&url, "SELECT 1").await.is_err());
    server.restart().await.unwrap();
    execute(&url, "INSERT INTO notes VALUES (10)").await.unwrap();
    server.kill().await;
    server.restart().await.unwrap();
    assert_eq!(server.port(), port);
    assert_eq!(number(&url, "SELECT sum(n)::bigint FROM notes").await, 11);
    server.stop().await;

    drop(server);
    let again = PostgresServer::start(options(&scratch)).await.unwrap();
    assert_eq!(number(&again.admin_url(), "SELECT sum(n)::bigint FROM notes").await, 11);
    again.stop().await;
}

#[tokio::test]
async fn it_asks_everybody_for_the_password_and_keeps_its_files_to_itself() {
    let scratch = Scratch::new();
    let server = PostgresServer::start(options(&scratch)).await.unwrap();
    let wrong = execute(&server.url("haat", "guess", "postgres"), "SELECT 1").await.unwrap_err().to_string();
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    let socket = server.socket_directory().unwrap();
    let over_socket = format!("postgres://haat:guess@localhost:{}/postgres?host={}", server.port(), socket.display());
    let wrong = execute(&over_socket, "SELECT 1").await.unwrap_err().to_string();
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    for (name, mode) in [("", 0o700), ("data", 0o700), ("password", 0o600), ("log", 0o600), ("socket", 0o700)] {
        let found = std::fs::metadata(scratch.join("postgres").join(name)).unwrap();
        assert_eq!(found.mode() & 0o777, mode, "{name}");
        assert_ne!(found.uid(), 0, "root owns {name}, which the server must read");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_server_is_restored_to_a_moment_between_two_writes() {
    let scratch = Scratch::new();
    let log = scratch.join("archive");
    std::fs::create_dir(&log).unwrap();
    std::fs::set_permissions(&log, std::fs::Permissions::from_mode(0o777)).unwrap();
    let archive =
        [("archive_mode", "on".to_owned()), ("archive_command", format!("cp \"%p\" \"{}/%f\"", log.display()))];
    let settings = archive.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let server = PostgresOptions { replication: Replication::Primary, settings, ..options(&scratch) };
    let server = PostgresServer::start(server).await.unwrap();
    let url = server.admin_url();
    execute(&url, "CREATE TABLE notes (n bigint); INSERT INTO notes VALUES (1)").await.unwrap();
    let backup = server.back_up(&scratch.join("backup")).await.unwrap();
    assert!(!format!("{backup:?}").contains(&std::fs::read_to_string(scratch.join("postgres/password")).unwrap()));
    let again = server.back_up(&scratch.join("backup")).await.unwrap_err().to_string();
    assert!(again.contains("exists but is not empty"), "{again}");
    execute(&url, "INSERT INTO notes VALUES (10)").await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let until: String = sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&mut connection).await.unwrap();
    execute(&url, "INSERT INTO notes VALUES (100)").await.unwrap();
    let end = "SELECT pg_walfile_name(pg_switch_wal())";
    let end: String = sqlx::query_scalar(end).fetch_one(&mut connection).await.unwrap();
    let archived = format!("SELECT (coalesce(last_archived_wal, '') >= '{end}')::int::bigint FROM pg_stat_archiver");
    soon("the archive", async { while number(&url, &archived).await == 0 {} }).await;
    server.kill().await;

    let replication = Replication::RestoredTo(Restore { backup, log, until });
    let restored = PostgresOptions { state_dir: scratch.join("restored"), replication, ..options(&scratch) };
    let restored = PostgresServer::start(restored).await.unwrap();
    let url = restored.admin_url();
    soon("its recovery", async { while number(&url, "SELECT pg_is_in_recovery()::int::bigint").await != 0 {} }).await;
    assert_eq!(number(&url, "SELECT sum(n)::bigint FROM notes").await, 11);
    execute(&url, "INSERT INTO notes VALUES (1000)").await.unwrap();
    restored.stop().await;
}

#[tokio::test]
async fn a_replica_follows_its_primary_and_can_only_be_read() {
    let scratch = Scratch::new();
    let primary = PostgresOptions { replication: Replication::Primary, ..options(&scratch) };
    let primary = PostgresServer::start(primary).await.unwrap();
    execute(&primary.admin_url(), "CREATE TABLE notes (n bigint); INSERT INTO notes VALUES (1)").await.unwrap();
    let state_dir = scratch.join("replica");
    let replica =
        PostgresOptions { state_dir, replication: Replication::ReplicaOf(primary.upstream()), ..options(&scratch) };
    let mut replica = PostgresServer::start(replica).await.unwrap();
    let sum = async |server: &PostgresServer| number(&server.admin_url(), "SELECT sum(n)::bigint FROM notes").await;
    assert_eq!(sum(&replica).await, 1, "it begins with what was there");
    let refused = execute(&replica.admin_url(), "INSERT INTO notes VALUES (5)").await.unwrap_err().to_string();
    assert!(refused.contains("read-only transaction"), "{refused}");
    execute(&primary.admin_url(), "INSERT INTO notes VALUES (10)").await.unwrap();
    soon("what was written meanwhile", async { while sum(&replica).await != 11 {} }).await;
    replica.kill().await;
    execute(&primary.admin_url(), "INSERT INTO notes VALUES (100)").await.unwrap();
    replica.restart().await.unwrap();
    soon("what was written while it was away", async { while sum(&replica).await != 111 {} }).await;
    replica.stop().await;
    primary.stop().await;
}

#[tokio::test]
async fn a_replica_of_a_server_that_allows_none_says_why_it_does_not_start() {
    let scratch = Scratch::new();
    let alone = PostgresServer::start(options(&scratch)).await.unwrap();
    let state_dir = scratch.join("replica");
    let replica =
        PostgresOptions { state_dir, replication: Replication::ReplicaOf(alone.upstream()), ..options(&scratch) };
    let refused = refused(replica).await.to_string();
    assert!(refused.contains("max_wal_senders"), "{refused}");
    alone.stop().await;
}

#[tokio::test]
async fn settings_of_the_caller_win() {
    let scratch = Scratch::new();
    let settings = vec![("work_mem".to_owned(), "7MB".to_owned())];
    let server = PostgresServer::start(PostgresOptions { settings, ..options(&scratch) }).await.unwrap();
    let sql = "SELECT setting::bigint FROM pg_settings WHERE name = 'work_mem'";
    assert_eq!(number(&server.admin_url(), sql).await, 7 * 1024);
    server.stop().await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_only_costs_the_socket() {
    let scratch = Scratch::new();
    let state_dir = scratch.join(&"long".repeat(30));
    let server = PostgresServer::start(PostgresOptions { state_dir, ..options(&scratch) }).await.unwrap();
    assert_eq!(server.socket_directory(), None);
    assert_eq!(number(&server.admin_url(), "SELECT 1::bigint").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_second_run_on_the_same_directory_is_refused() {
    let scratch = Scratch::new();
    let server = PostgresServer::start(options(&scratch)).await.unwrap();
    let error = refused(options(&scratch)).await.to_string();
    let expected = format!(
        "the state directory {} is in use by another run (process {}): stop that one first",
        scratch.join("postgres").canonicalize().unwrap().display(),
        std::process::id()
    );
    assert_eq!(error, expected);
    assert_eq!(number(&server.admin_url(), "SELECT 1::bigint").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let scratch = Scratch::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = refused(PostgresOptions { port: Some(port), ..options(&scratch) }).await;
    assert!(matches!(error, LocalError::PortInUse { port: named, .. } if named == port), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "PostgreSQL cannot listen on port {port}, which is in use: stop what listens there or choose another port"
        )
    );
}

#[tokio::test]
async fn a_damaged_directory_is_named() {
    let scratch = Scratch::new();
    PostgresServer::start(options(&scratch)).await.unwrap().stop().await;
    let data = scratch.join("postgres/data");
    std::fs::remove_file(data.join("global/pg_control")).unwrap();
    let error = refused(options(&scratch)).await;
    assert!(matches!(error, LocalError::Damaged { .. }), "{error}");
    std::fs::remove_file(data.join("PG_VERSION")).unwrap();
    let error = refused(options(&scratch)).await.to_string();
    assert!(error.contains("is damaged (PG_VERSION: "), "{error}");
}

#[tokio::test]
async fn data_without_its_password_is_refused() {
    let scratch = Scratch::new();
    PostgresServer::start(options(&scratch)).await.unwrap().stop().await;
    std::fs::remove_file(scratch.join("postgres/password")).unwrap();
    let error = refused(options(&scratch)).await.to_string();
    assert!(error.contains("is damaged (its password file is missing)"), "{error}");
}

#[tokio::test]
async fn data_of_another_version_is_refused_with_both_versions() {
    let scratch = Scratch::new();
    PostgresServer::start(options(&scratch)).await.unwrap().stop().await;
    std::fs::write(scratch.join("postgres/data/PG_VERSION"), "9\n").unwrap();
    let error = refused(options(&scratch)).await.to_string();
    assert!(error.contains("data was written by PostgreSQL 9, but PostgreSQL "), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_named() {
    let scratch = Scratch::new();
    PostgresServer::start(options(&scratch)).await.unwrap().stop().await;
    let settings = scratch.join("postgres/data/postgresql.conf");
    std::fs::remove_file(&settings).unwrap();
    symlink("/dev/full", &settings).unwrap();
    let error = refused(options(&scratch)).await;
    assert!(matches!(error, LocalError::DiskFull { .. }), "{error}");
    assert!(error.to_string().starts_with("the disk that holds "), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    // Not even root may make a directory there.
    let error = refused(PostgresOptions::new("/sys/haat")).await;
    assert!(matches!(error, LocalError::NotWritable { .. }), "{error}");
    assert!(error.to_string().starts_with("/sys/haat cannot be written: "), "{error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn as_root_a_parent_that_nobody_may_enter_is_named() {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let scratch = Scratch::new();
    let closed = scratch.join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let state_dir = closed.join("deep/postgres");
    let error = refused(PostgresOptions { state_dir, ..options(&scratch) }).await.to_string();
    let expected = format!("{} may not be entered by nobody, as whom PostgreSQL runs", closed.display());
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test]
async fn a_directory_with_other_files_is_left_alone() {
    let scratch = Scratch::new();
    std::fs::write(scratch.join("letter"), "mine").unwrap();
    let before = std::fs::metadata(scratch.path()).unwrap();
    let error = refused(PostgresOptions::new(scratch.path())).await.to_string();
    assert!(error.contains("holds files that are not Haat's"), "{error}");
    let after = std::fs::metadata(scratch.path()).unwrap();
    assert_eq!((before.uid(), before.mode()), (after.uid(), after.mode()));
}

#[tokio::test]
async fn a_setting_that_postgresql_refuses_shows_its_log() {
    let scratch = Scratch::new();
    let settings = vec![("work_mem".to_owned(), "much".to_owned())];
    let error = refused(PostgresOptions { settings, ..options(&scratch) }).await.to_string();
    assert!(error.starts_with("PostgreSQL did not start (exit code 1); its log ends with:\n"), "{error}");
    assert!(error.contains("work_mem"), "{error}");
}

#[tokio::test]
async fn an_unexpected_end_is_told() {
    let scratch = Scratch::new();
    let server = PostgresServer::start(options(&scratch)).await.unwrap();
    let exited = server.exited();
    server.kill().await;
    let told = soon("the news of the end", exited).await.to_string();
    assert!(told.starts_with("PostgreSQL ended (killed by signal 9)"), "{told}");
}

#[tokio::test]
async fn a_dropped_server_ends_and_the_directory_can_be_used_at_once() {
    let scratch = Scratch::new();
    let server = PostgresServer::start(options(&scratch)).await.unwrap();
    let pid = server.pid();
    drop(server);
    let next = PostgresServer::start(options(&scratch)).await.unwrap();
    assert!(!runs(pid));
    let next_pid = next.pid();
    next.stop().await;
    gone(next_pid).await;
}

#[tokio::test]
async fn a_process_number_taken_by_a_stranger_does_not_stop_the_start() {
    let scratch = Scratch::new();
    let server = PostgresServer::start(options(&scratch)).await.unwrap();
    server.kill().await;
    drop(server);
    let left = scratch.join("postgres/data/postmaster.pid");
    let text = std::fs::read_to_string(&left).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    // A stranger of the server's own account: PostgreSQL by itself would refuse.
    let mut stranger = std::process::Command::new("/bin/sleep");
    let owner = std::fs::metadata(&left).unwrap().uid();
    if std::fs::metadata(scratch.path()).unwrap().uid() == 0 {
        std::os::unix::process::CommandExt::uid(&mut stranger, owner);
    }
    let mut stranger = stranger.arg("600").spawn().unwrap();
    std::fs::write(&left, format!("{}\n{rest}", stranger.id())).unwrap();
    std::fs::write(scratch.join("postgres/server.pid"), stranger.id().to_string()).unwrap();
    let next = PostgresServer::start(options(&scratch)).await;
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was ended");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    next.unwrap().stop().await;
}
