//! What a person sees at a terminal.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use testkit::ScratchDirectory;

use crate::process::up;

/// Runs a command at a terminal of its own and returns what it showed.
fn shown(mut command: std::process::Command) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let screen = File::options().read(true).write(true).open(name).unwrap();
    command.stdout(screen.try_clone().unwrap()).stderr(screen);
    let mut child = command.spawn().unwrap();
    // It holds the terminal open, whose end is when nobody does.
    drop(command);
    let mut shown = Vec::new();
    let mut terminal = File::from(terminal);
    let mut part = [0; 4096];
    while let Ok(length @ 1..) = terminal.read(&mut part) {
        shown.extend_from_slice(&part[..length]);
    }
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

/// The step that fails is the first one: PostgreSQL's data is of another version.
fn broken_state(directory: &Path) {
    std::fs::create_dir_all(directory.join("postgres/data")).unwrap();
    for (file, text) in [
        ("haat-state.json", r#"{"format":1}"#),
        ("postgres/lock", ""),
        ("postgres/password", "x"),
        ("postgres/data/PG_VERSION", "9"),
    ] {
        std::fs::write(directory.join(file), text).unwrap();
    }
}

#[tokio::test]
async fn a_running_step_turns_and_a_failed_one_is_marked_and_explained() {
    let scratch = ScratchDirectory::create();
    broken_state(scratch.path());
    let mut command = up(scratch.path()).into_std();
    command.env("TERM", "xterm");
    let shown = tokio::task::spawn_blocking(|| shown(command)).await.unwrap();
    assert!(shown.contains("\x1b["), "nothing turned: {shown:?}");
    assert!(shown.contains("  ✗ PostgreSQL, Redis\r\n"), "{shown:?}");
    assert!(shown.contains("haat: ") && shown.contains("was written by PostgreSQL 9"), "{shown:?}");
}
