//! How far a long run has come, told to whoever wants to show it.

use std::sync::atomic::{AtomicBool, Ordering};

/// What a run is doing with a subscription, or with the backup before its subscriptions are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A compressed backup is unpacked into the spool; counted in bytes of the compressed file.
    Spooling,
    /// First pass over its content archives: names and state files.
    Reading,
    /// Second pass: messages into the archive.
    Writing,
    /// The finished archive is read again.
    Checking,
}

/// Receives the progress of a run; called from several threads.
pub trait Progress: Sync {
    /// `domain`, or for [`Stage::Spooling`] the backup, entered a stage that will take about `bytes`
    /// bytes, where known.
    fn stage(&self, domain: &str, stage: Stage, bytes: Option<u64>);
    /// So many more bytes are done.
    fn advance(&self, domain: &str, bytes: u64);
    /// `domain` is done.
    fn done(&self, domain: &str);
}

/// Shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str, _: Stage, _: Option<u64>) {}
    fn advance(&self, _: &str, _: u64) {}
    fn done(&self, _: &str) {}
}

/// Set when the run should end early, by a signal or by a caller.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// Asks the run to end.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
