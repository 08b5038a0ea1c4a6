//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal was closed). From its making on, none of them ends the process by itself.
pub struct StopSignals([Signal; 3]);

impl StopSignals {
    pub fn new() -> std::io::Result<Self> {
        let [terminate, interrupt, hangup] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(StopSignals([terminate?, interrupt?, hangup?]))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// As shells have it: 128 and the signal's number, here Ctrl-C's.
pub const ENDED_AT_ONCE: u8 = 130;
