//! Machines that lack something: made of this one by mounts that only the command under test sees.

use std::path::Path;

use testkit::ScratchDirectory;
use tokio::process::Command;

use crate::process::{BINARY, Running, ended, haat, refusal, servers_of, shell};

/// A shell in a mount namespace of its own, or `None` where this account may not have one. Its `"$0"` is `haat`.
async fn with_mounts<'a>(script: &str, arguments: impl IntoIterator<Item = &'a Path>) -> Option<Command> {
    let as_whoever = ["--mount"].as_slice();
    let as_nobody_else = ["--user", "--map-root-user", "--mount"].as_slice();
    for namespaces in [as_whoever, as_nobody_else] {
        let mount = "mount -t tmpfs tmpfs /mnt";
        let works = Command::new("unshare").args(namespaces).args(["/bin/sh", "-c", mount]).output().await;
        if works.is_ok_and(|output| output.status.success()) {
            // Its environment is that of any `haat`.
            let haat = haat([""; 0]);
            let mut command = Command::new("unshare");
            command.env_clear().kill_on_drop(true).stdin(std::process::Stdio::null());
            command.envs(haat.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.args(namespaces).args(["/bin/sh", "-c", script, BINARY]).args(arguments);
            return Some(command);
        }
    }
    None
}

#[tokio::test]
async fn a_full_disk_is_named_and_with_room_again_the_platform_starts() {
    let scratch = ScratchDirectory::create();
    let disk = scratch.join("disk");
    let script = r#"set -e
        mkdir "$1"; mount -t tmpfs -o size=24m tmpfs "$1"
        ! "$0" up --state "$1/state" --port-base 0 >&2
        ! "$0" doctor --state "$1/state" --port-base 20000 >&2
        mount -o remount,size=800m "$1"
        exec "$0" up --state "$1/state" --port-base 0 --no-demo"#;
    let Some(command) = with_mounts(script, [disk.as_path()]).await else { return };
    let ended = Running::start(command).await.stop().await;
    let state = disk.join("state");
    let place = |line: &&str| line.starts_with(&format!("haat: the disk that holds {}", state.display()));
    let refused = ended.err.lines().find(place).unwrap_or_else(|| panic!("{ended:?}"));
    assert!(refused.ends_with(" is full: make room on it, or choose another directory with --state"), "{refused}");
    let room = format!("  ✗ room on the disk of {}: ", state.display());
    let told = ended.err.lines().find(|line| line.starts_with(&room)).unwrap_or_else(|| panic!("{ended:?}"));
    assert!(told.ends_with("and 500 should be: make room, or choose another state directory with --state"), "{told}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(servers_of(&state), [""; 0]);
}

#[tokio::test]
async fn files_that_may_not_grow_are_named_with_the_limit() {
    let scratch = ScratchDirectory::create();
    let state = scratch.join("state");
    let script = r#"ulimit -f 2048; exec "$0" up --port-base 0 --state "$1""#;
    let refused = refusal(shell(script, [&state])).await;
    let place = format!("a file in {} may not grow as it must", state.join("postgres/data").display());
    assert_eq!(refused, format!("{place}: raise the limit of a file's size (`ulimit -f`)"));
    assert_eq!(servers_of(&state), [""; 0]);
}

#[tokio::test]
async fn a_missing_program_is_named_with_the_packages_that_bring_it() {
    let scratch = ScratchDirectory::create();
    let state = scratch.join("state");
    for (hide, sentence) in [
        (
            "mount -t tmpfs tmpfs /usr/lib/postgresql",
            "PostgreSQL's initdb was not found: install it with `apt-get install postgresql` (Debian, Ubuntu) or \
             `brew install postgresql@17` (macOS)",
        ),
        (
            r#"mount --bind /dev/null "$(readlink -f /usr/bin/redis-server)""#,
            "redis-server was not found: install it with `apt-get install redis-server` (Debian, Ubuntu) or \
             `brew install redis` (macOS)",
        ),
    ] {
        let script = format!(
            r#"export PATH=/usr/bin:/bin:/usr/sbin:/sbin; {hide} || exit 9; "$0" doctor --state "$1"; exec "$0" up --port-base 0 --state "$1""#
        );
        let Some(command) = with_mounts(&script, [state.as_path()]).await else { return };
        let refused = ended(command).await;
        assert_eq!(refused.sentence(), sentence);
        let told = format!("  ✗ the programs of PostgreSQL and Redis: {sentence}");
        assert!(refused.out.lines().any(|line| line == told), "{refused:?}");
        assert!(!state.join("postgres").exists() && !state.join("streams").exists(), "servers were made");
    }
}
