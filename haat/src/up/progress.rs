//! What a person sees while the platform starts.

use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use futures::future::LocalBoxFuture;
use indicatif::{ProgressBar, ProgressStyle};

/// Where the steps of a start are shown.
pub trait Progress {
    fn begin(&self, step: &str) -> Box<dyn Running>;
}

/// A step that has begun.
pub trait Running {
    fn done(self: Box<Self>, took: Duration);
    fn failed(self: Box<Self>);
}

impl dyn Progress + '_ {
    /// Shows a step while it is done, and how long it took.
    pub fn step<'a, T, E>(
        &'a self,
        name: &'a str,
        work: impl Future<Output = Result<T, E>> + 'a,
    ) -> LocalBoxFuture<'a, Result<T, E>>
    where
        T: 'a,
        E: 'a,
    {
        Box::pin(async move {
            let (running, started) = (self.begin(name), Instant::now());
            let result = work.await;
            match &result {
                Ok(_) => running.done(started.elapsed()),
                Err(_) => running.failed(),
            }
            result
        })
    }
}

/// Shows nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str) -> Box<dyn Running> {
        Box::new(Quiet)
    }
}

impl Running for Quiet {
    fn done(self: Box<Self>, _: Duration) {}
    fn failed(self: Box<Self>) {}
}

/// A line for each step, on standard output; on a terminal the running one turns.
pub struct Terminal {
    turns: bool,
}

impl Terminal {
    #[allow(clippy::new_without_default, reason = "asks what standard output is")]
    pub fn new() -> Self {
        Terminal { turns: std::io::stdout().is_terminal() }
    }

    pub fn say(&self, text: &str) {
        // Nobody may be reading any more; that is no reason to stop.
        let _closed = writeln!(std::io::stdout(), "{text}");
    }
}

struct Line {
    name: String,
    bar: Option<ProgressBar>,
}

impl Progress for Terminal {
    fn begin(&self, step: &str) -> Box<dyn Running> {
        let bar = self.turns.then(|| {
            let style =
                ProgressStyle::with_template("  {spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style).with_message(step.to_owned());
            bar.tick();
            bar.enable_steady_tick(Duration::from_millis(80));
            bar
        });
        Box::new(Line { name: step.to_owned(), bar })
    }
}

impl Line {
    fn end(mut self, text: &str) {
        self.clear();
        let _closed = writeln!(std::io::stdout(), "{text}");
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A step that is given up, by Ctrl-C for instance, leaves no turning line behind.
impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Running for Line {
    fn done(self: Box<Self>, took: Duration) {
        let text = format!("  ✓ {:<18} {:>6.2} s", self.name, took.as_secs_f64());
        self.end(&text);
    }

    fn failed(self: Box<Self>) {
        let text = format!("  ✗ {}", self.name);
        self.end(&text);
    }
}
