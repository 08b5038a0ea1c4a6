//! Waiting for what must come true, without guessing how long it takes.

use std::fmt::Display;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

/// What one look may find: the value, or why it is not there yet.
pub trait Attempt {
    type Value;
    /// # Errors
    /// Says what was found instead.
    fn outcome(self) -> Result<Self::Value, String>;
}

impl<T> Attempt for Option<T> {
    type Value = T;
    fn outcome(self) -> Result<T, String> {
        self.ok_or_else(|| "there was nothing".to_owned())
    }
}

impl<T, E: Display> Attempt for Result<T, E> {
    type Value = T;
    fn outcome(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

impl Attempt for bool {
    type Value = ();
    fn outcome(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it was false".to_owned()) }
    }
}

/// Looks again and again until `attempt` finds what it looks for: an `Option`, a `Result` or a `bool`.
///
/// # Panics
/// When the deadline has passed, with the place of the call and what the last look found. A look that hangs counts too.
#[track_caller]
pub fn eventually<A, F, Fut>(deadline: Duration, mut attempt: F) -> impl Future<Output = A::Value>
where
    A: Attempt,
    F: FnMut() -> Fut,
    Fut: Future<Output = A>,
{
    let place = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        let mut pause = Duration::from_millis(2);
        let mut looks = 0u32;
        let mut last = None;
        loop {
            looks += 1;
            match tokio::time::timeout_at(end, attempt()).await.map(Attempt::outcome) {
                Ok(Ok(value)) => return value,
                Ok(Err(found)) => last = Some(found),
                Err(_) => {
                    let before = last.map(|found| format!(", the one before found: {found}")).unwrap_or_default();
                    panic!("{place}: not within {deadline:?}: look {looks} did not end{before}");
                }
            }
            if Instant::now() + pause >= end {
                panic!(
                    "{place}: not within {deadline:?}: the last of {looks} looks found: {}",
                    last.unwrap_or_default()
                );
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}
