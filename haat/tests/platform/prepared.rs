//! A shop that was open before: making ten databases and filling them takes longer than most tests, so it is done once for each
//! build, and every test begins with a copy, also those of other test binaries.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use haat::up::{LocalPlatform, Quiet};
use testkit::ScratchDirectory;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::shop::options;

const NAME: &str = "shop-";
/// Some of the demonstration's dates are reckoned from its day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Puts the state of a platform with its demonstration, stopped, into a directory.
pub async fn copy_to(directory: &Path) {
    static PREPARED: OnceCell<PathBuf> = OnceCell::const_new();
    copy(PREPARED.get_or_init(prepared).await, directory);
}

async fn prepared() -> PathBuf {
    let all = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let prepared = all.join(format!("{NAME}{:016x}", this_build_today()));
    if prepared.exists() {
        return prepared;
    }
    let others = std::fs::read_dir(&all).unwrap().map(|entry| entry.unwrap().path());
    for other in others.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(NAME)) {
        // Another test may be doing the same.
        let _ = std::fs::remove_dir_all(other);
    }
    let state = ScratchDirectory::create();
    LocalPlatform::start(options(state.path(), &[]), &Quiet).await.unwrap().stop().await.unwrap();
    let unfinished = all.join(format!("{NAME}{}", Uuid::new_v4()));
    std::fs::create_dir(&unfinished).unwrap();
    copy(state.path(), &unfinished);
    // Fails if another test was faster.
    if std::fs::rename(&unfinished, &prepared).is_err() {
        std::fs::remove_dir_all(&unfinished).unwrap();
    }
    prepared
}

fn this_build_today() -> u64 {
    let binary = Path::new(env!("CARGO_BIN_EXE_haat")).metadata().unwrap();
    let mut hasher = DefaultHasher::new();
    (binary.len(), binary.modified().unwrap()).hash(&mut hasher);
    (UNIX_EPOCH.elapsed().unwrap().as_secs() / DAY.as_secs()).hash(&mut hasher);
    hasher.finish()
}

/// With owners and modes: the servers do not run as root.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap().success());
}
