//! State directories that are not as they should be. Each is left as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use testkit::ScratchDirectory;

use crate::process::{refusal, servers_of, up};

/// What a directory holds, by path.
fn contents(directory: &Path) -> BTreeMap<String, Option<String>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => contents(&path).into_iter().chain([(path.display().to_string(), None)]).collect::<Vec<_>>(),
            false => vec![(path.display().to_string(), Some(fs::read_to_string(&path).unwrap()))],
        })
        .collect()
}

#[tokio::test]
async fn somebody_elses_directory_is_refused_and_left_alone_also_by_a_reset() {
    let scratch = ScratchDirectory::create();
    let home = scratch.join("home");
    fs::create_dir_all(home.join("postgres")).unwrap();
    fs::write(home.join("letter"), "mine").unwrap();
    fs::write(home.join("postgres/notes"), "mine too").unwrap();
    let before = contents(&home);
    for reset in [None, Some("--reset")] {
        let mut command = up(&home);
        command.args(reset);
        assert_eq!(
            refusal(command).await,
            format!("{} holds files that are not Haat's: choose another state directory with --state", home.display())
        );
        assert_eq!(contents(&home), before);
    }
}

#[tokio::test]
async fn a_file_is_no_directory() {
    let scratch = ScratchDirectory::create();
    let file = scratch.join("file");
    fs::write(&file, "mine").unwrap();
    let sentence = format!("{} is not a directory: choose one with --state", file.display());
    assert_eq!(refusal(up(&file)).await, sentence);
    assert_eq!(refusal(up(&file.join("below"))).await, sentence);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[tokio::test]
async fn the_state_of_a_newer_version_is_refused_and_kept() {
    let scratch = ScratchDirectory::create();
    fs::write(scratch.join("haat-state.json"), r#"{"format":99}"#).unwrap();
    let refused = refusal(up(scratch.path())).await;
    let state = scratch.path().display();
    assert!(refused.starts_with(&format!("the state directory {state} was written by a newer Haat")), "{refused}");
    assert!(
        refused.contains(&format!("begin anew with `haat up --reset --state {state}`, which deletes")),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(scratch.join("haat-state.json")).unwrap(), r#"{"format":99}"#);
}

#[tokio::test]
async fn damaged_files_are_named_with_the_way_out() {
    let scratch = ScratchDirectory::create();
    let state = scratch.path().display();
    let mark = scratch.join("haat-state.json");
    fs::write(&mark, "{").unwrap();
    let refused = refusal(up(scratch.path())).await;
    assert!(refused.starts_with(&format!("{} is broken (", mark.display())), "{refused}");
    assert!(
        refused.ends_with("if the directory is Haat's, delete it; else choose another one with --state"),
        "{refused}"
    );

    fs::write(&mark, r#"{"format":1}"#).unwrap();
    let secrets = scratch.join("secrets.json");
    for (text, reason) in
        [("{}", "nothing for gateway"), ("\u{0}", "expected value at line 1"), ("", "EOF while parsing")]
    {
        fs::write(&secrets, text).unwrap();
        let refused = refusal(up(scratch.path())).await;
        assert!(refused.starts_with(&format!("{} is broken ({reason}", secrets.display())), "{refused}");
        let way_out = format!("; `haat up --reset --state {state}` begins anew and deletes the data");
        assert!(refused.ends_with(&way_out), "{refused}");
        assert_eq!(fs::read_to_string(&secrets).unwrap(), text);
    }
}

#[tokio::test]
async fn damaged_data_is_named_with_the_way_out_and_no_server_is_left() {
    let scratch = ScratchDirectory::create();
    let state = scratch.path().display();
    fs::write(scratch.join("haat-state.json"), r#"{"format":1}"#).unwrap();
    let data = scratch.join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    for file in ["postgres/lock", "postgres/password"] {
        fs::write(scratch.join(file), "0").unwrap();
    }
    let way_out = format!("; `haat up --reset --state {state}` begins anew and deletes the data in it");
    let refused = refusal(up(scratch.path())).await;
    let start = format!("PostgreSQL's data in {} is damaged (PG_VERSION: ", data.display());
    assert!(refused.starts_with(&start) && refused.ends_with(&way_out), "{refused}");

    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refused = refusal(up(scratch.path())).await;
    let start = format!("{} was written by PostgreSQL 9, but PostgreSQL ", data.display());
    assert!(refused.starts_with(&start) && refused.ends_with(&way_out), "{refused}");
    // The two Redis servers were started beside it.
    assert_eq!(servers_of(scratch.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_may_not_be_written_is_named() {
    // Not even root may make a directory there.
    let refused = refusal(up(Path::new("/sys/haat"))).await;
    assert!(refused.starts_with("/sys/haat cannot be written: "), "{refused}");
    assert!(refused.ends_with("; choose another directory with --state"), "{refused}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn as_root_a_directory_that_the_servers_cannot_reach_is_named() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let scratch = ScratchDirectory::create();
    let closed = scratch.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = refusal(up(&closed.join("state"))).await;
    assert!(refused.starts_with(&format!("{} may not be entered by nobody, as whom ", closed.display())), "{refused}");
    assert!(refused.ends_with(": choose a state directory elsewhere, with --state"), "{refused}");
    assert_eq!(servers_of(&closed), [""; 0]);
}
