//! A directory that goes with the test, also if the test is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use std::os::unix::process::CommandExt;

/// Removed when this is dropped or when its process ends, however that happens: a shell that waits for the end of a pipe
/// removes it, since the values of statics are never dropped and a killed process drops nothing.
pub struct ScratchDirectory {
    path: PathBuf,
    remover: Child,
}

impl ScratchDirectory {
    pub fn create() -> Self {
        let path = std::env::temp_dir().join(format!("haat-test-{:016x}", rand::random::<u64>()));
        std::fs::create_dir(&path).expect("a directory for the test");
        // Servers that are just ending may write once more while it removes.
        const REMOVE: &str = r#"read -r _; n=0
            until rm -rf -- "$1" 2>/dev/null || [ $n -ge 100 ]; do n=$((n + 1)); sleep 0.1; done"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", REMOVE, "sh"]).arg(&path).process_group(0);
        // Its outputs are not the test's, or who waits for the end of those would wait for this.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let remover = command.spawn().expect("/bin/sh removes the test's directory");
        ScratchDirectory { path, remover }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        drop(self.remover.stdin.take());
        let _ = self.remover.wait();
    }
}
