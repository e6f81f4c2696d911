//! The last reading of the press, for the record of a shot.

use std::time::Instant;

use appliance_pipeline::ports::PressSignals;

use super::desk::Desk;

impl Desk {
    /// What the press said last, and when it was read; nothing while it cannot be read.
    pub fn seen(&self) -> Option<(PressSignals, Instant)> {
        let inner = self.lock();
        let readable = inner.link.lost.is_none() && !inner.link.stale;
        inner.link.signals.clone().filter(|_| readable)
    }
}
