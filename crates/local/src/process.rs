//! A child process that does not outlive us.
//!
//! Linux ends it by its parent-death signal. That signal comes when the *thread* that started the child ends, so each child
//! has a thread of its own, which waits for it. Where there is no such signal, a small shell waits for the end of a pipe
//! that only we hold open, and then ends the child.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::account::Account;
use crate::error::{LocalError, at};

/// What to run, and how it ends when we do.
pub(crate) struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub directory: PathBuf,
    pub account: Option<Account>,
    /// Takes what the program writes on both its outputs.
    pub output: Arc<File>,
    /// The program's process number is written here before it starts.
    pub process_file: PathBuf,
    /// Sent when we end or drop the process without having stopped it.
    pub end_signal: EndSignal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndSignal {
    Interrupt,
    Quit,
    Terminate,
}

impl EndSignal {
    /// As `setpriv` and `kill` call it, which take no numbers or other ones elsewhere.
    fn name(self) -> &'static str {
        match self {
            EndSignal::Interrupt => "INT",
            EndSignal::Quit => "QUIT",
            EndSignal::Terminate => "TERM",
        }
    }

    fn signal(self) -> Signal {
        match self {
            EndSignal::Interrupt => Signal::INT,
            EndSignal::Quit => Signal::QUIT,
            EndSignal::Terminate => Signal::TERM,
        }
    }
}

/// A running child. Dropped, it is told to end, without waiting for it.
pub(crate) struct Process {
    pid: i32,
    end_signal: EndSignal,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    pub async fn spawn(launch: Launch) -> Result<Self, LocalError> {
        Self::spawn_with(launch, Leash::of_this_machine()).await
    }

    async fn spawn_with(launch: Launch, leash: &'static Leash) -> Result<Self, LocalError> {
        let Launch { program, end_signal, .. } = &launch;
        let (program, end_signal) = (program.clone(), *end_signal);
        let (started, start) = oneshot::channel();
        let (exited, exit) = watch::channel(None);
        let watch_over = move || match leash.start(&launch) {
            Err(error) => drop(started.send(Err(error))),
            Ok((mut child, watchdog)) => {
                // If nobody waits for the start any more, nobody will ever stop this child.
                if started.send(Ok(child.id())).is_err() {
                    send(i32::try_from(child.id()).unwrap_or(0), end_signal.signal());
                }
                let status = child.wait();
                end_watchdog(watchdog);
                exited.send_replace(status.ok());
            }
        };
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        std::thread::Builder::new().name(name).spawn(watch_over).map_err(at(&program))?;
        let pid = match start.await {
            Ok(started) => started.map_err(at(&program))?,
            Err(_) => return Err(at(&program)(io::Error::other("the thread that starts it ended"))),
        };
        let pid = i32::try_from(pid).map_err(|_| at(&program)(io::Error::other("its process number is too large")))?;
        Ok(Process { pid, end_signal, exit })
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Resolves when the process has ended; `None` if the system did not tell how.
    pub fn exited(&self) -> impl Future<Output = Option<ExitStatus>> + Send + use<> {
        let mut exit = self.exit.clone();
        async move {
            // The sender goes only after it has sent, or with a child whose end could not be awaited.
            let ended = exit.wait_for(Option::is_some).await;
            ended.ok().and_then(|status| *status)
        }
    }

    pub fn has_ended(&self) -> bool {
        self.exit_status().is_some() || self.exit.has_changed().is_err()
    }

    pub fn signal(&self, signal: Signal) {
        if !self.has_ended() {
            send(self.pid, signal);
        }
    }

    /// Sends each signal and gives the process that long to end, until it does; SIGKILL at last.
    pub async fn stop(&self, steps: &[(Signal, Duration)]) {
        for (signal, patience) in steps {
            self.signal(*signal);
            if tokio::time::timeout(*patience, self.exited()).await.is_ok() {
                return;
            }
            tracing::info!(pid = self.pid, ?signal, "did not end in time");
        }
        self.kill().await;
    }

    pub async fn kill(&self) {
        self.signal(Signal::KILL);
        self.exited().await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(self.end_signal.signal());
    }
}

/// How a child is tied to us.
enum Leash {
    ParentDeathSignal { setpriv: PathBuf },
    Watchdog,
}

impl Leash {
    /// Decided once: a `setpriv` may be missing, or be BusyBox's, which knows no parent-death signal.
    fn of_this_machine() -> &'static Self {
        static LEASH: OnceLock<Leash> = OnceLock::new();
        LEASH.get_or_init(|| {
            let places = ["/usr/bin/setpriv", "/bin/setpriv"];
            let works = |setpriv: &&Path| {
                let mut probe = Command::new(setpriv);
                probe.args(["--pdeathsig", "TERM", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
                probe.status().is_ok_and(|status| status.success())
            };
            match places.iter().map(Path::new).find(works) {
                Some(setpriv) => Leash::ParentDeathSignal { setpriv: setpriv.to_owned() },
                None => Leash::Watchdog,
            }
        })
    }

    /// Starts the child, from the thread that stays with it.
    fn start(&self, launch: &Launch) -> io::Result<(Child, Option<Child>)> {
        // The shell becomes the program. If we die before the leash holds, it has another parent by now and gives up.
        const BECOME: &str = r#"[ "$PPID" = "$1" ] || exit 1; echo $$ >"$2" || exit 1; shift 2; exec "$@""#;
        let mut command = match self {
            // Without rights to lose at this point: setting the user would clear a signal that was set before.
            Leash::ParentDeathSignal { setpriv } => {
                let mut command = Command::new(setpriv);
                command.arg("--pdeathsig").arg(launch.end_signal.name()).arg("/bin/sh");
                command
            }
            Leash::Watchdog => Command::new("/bin/sh"),
        };
        command.args(["-c", BECOME, "sh"]).arg(std::process::id().to_string()).arg(&launch.process_file);
        command.arg(&launch.program).args(&launch.arguments).current_dir(&launch.directory);
        // Nothing of our environment is the server's: PGDATA or PGPORT would be taken for settings.
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(launch.output.try_clone()?).stderr(launch.output.try_clone()?);
        // Its own group: Ctrl-C in a terminal is for us, who stop the servers last.
        command.process_group(0);
        if let Some(account) = &launch.account {
            // Standard's Command clears the supplementary groups of root when it sets the user.
            command.uid(account.uid).gid(account.gid);
        }
        let mut child = command.spawn()?;
        let watchdog = match self {
            Leash::ParentDeathSignal { .. } => None,
            Leash::Watchdog => match watchdog(child.id(), launch.end_signal) {
                Ok(watchdog) => Some(watchdog),
                Err(error) => {
                    child.kill()?;
                    child.wait()?;
                    return Err(error);
                }
            },
        };
        Ok((child, watchdog))
    }
}

fn watchdog(child: u32, signal: EndSignal) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"read -r _; kill -"$1" "$2""#, "sh"]);
    command.arg(signal.name()).arg(child.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn()
}

/// Killed before its pipe closes, so that it never signals a number that belongs to somebody else by now.
fn end_watchdog(watchdog: Option<Child>) {
    if let Some(mut watchdog) = watchdog {
        let _ = watchdog.kill();
        let _ = watchdog.wait();
    }
}

/// Errors are left out: a process that is gone needs no signal, and nobody else's is ever named here.
pub(crate) fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// The command line of a process that runs; `None` for one that does not, also if nobody has buried it yet.
pub(crate) fn command_line(pid: i32) -> Option<String> {
    let text = match std::fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).replace('\0', " "),
        Err(_) if Path::new("/proc/self").exists() => return None,
        Err(_) => {
            let output = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
    };
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether any process has this number, a dead one that nobody has buried included.
pub(crate) fn number_is_taken(pid: i32) -> bool {
    let taken = |pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
    Pid::from_raw(pid).is_some_and(taken)
}

pub(crate) async fn wait_until_gone(pid: i32, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while command_line(pid).is_some() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(name: &str) -> (Launch, PathBuf) {
        let directory = std::env::temp_dir().join(format!("haat-process-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let launch = Launch {
            program: PathBuf::from("/bin/sleep"),
            arguments: vec!["600".into()],
            directory: directory.clone(),
            account: None,
            output: Arc::new(File::create(directory.join("log")).unwrap()),
            process_file: directory.join("server.pid"),
            end_signal: EndSignal::Terminate,
        };
        (launch, directory)
    }

    #[tokio::test]
    async fn a_dropped_process_ends() {
        let (launch, directory) = sleeper("dropped");
        let process = Process::spawn(launch).await.unwrap();
        let (pid, exited) = (process.pid(), process.exited());
        drop(process);
        assert!(tokio::time::timeout(Duration::from_secs(10), exited).await.is_ok());
        assert_eq!(command_line(pid), None);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[tokio::test]
    async fn without_a_parent_death_signal_the_watchdog_ends_the_child_when_its_pipe_closes() {
        let (launch, directory) = sleeper("watchdog");
        let (mut child, watchdog) = Leash::Watchdog.start(&launch).unwrap();
        let mut watchdog = watchdog.unwrap();
        drop(watchdog.stdin.take());
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert_eq!(crate::error::describe(ended), "killed by signal 15");
        watchdog.wait().unwrap();
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[tokio::test]
    async fn the_watchdog_goes_with_the_child() {
        static WATCHDOG: Leash = Leash::Watchdog;
        let (launch, directory) = sleeper("watched");
        let process = Process::spawn_with(launch, &WATCHDOG).await.unwrap();
        process.stop(&[(Signal::TERM, Duration::from_secs(10))]).await;
        assert_eq!(process.exit_status().map(crate::error::describe).as_deref(), Some("killed by signal 15"));
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let (mut launch, directory) = sleeper("absent");
        launch.directory = PathBuf::from("/nonexistent");
        let error = Process::spawn(launch).await.err().unwrap().to_string();
        assert!(error.starts_with("/bin/sleep: "), "{error}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
