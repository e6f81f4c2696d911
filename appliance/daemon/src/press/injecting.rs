//! The shot that injects, told by the tick the moment it sees it: the shot path learns of it later when the machine is busy.

use std::sync::atomic::{AtomicU64, Ordering};

/// Number of the newest shot that began; 0 before the first.
#[derive(Debug, Default)]
pub struct Injecting(AtomicU64);

impl Injecting {
    /// A shot began.
    pub fn began(&self, shot: u64) {
        self.0.store(shot, Ordering::Relaxed);
    }

    /// The newest that began.
    pub fn shot(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
