//! The one key as an input line: 24 V while the box may be on the press. The line fails to off: a key that is turned, a wire that
//! breaks and a node that is gone are the same.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where the key stands; the tick turns it, the thread of the press looks. Neither waits for the other.
#[derive(Debug, Default)]
pub struct Key(AtomicU8);

// Zero: nobody said yet. A box without a key, or one whose node has not spoken since the start.
const ON: u8 = 1;
const OFF: u8 = 2;

impl Key {
    /// The line shows this.
    pub fn turn(&self, on: bool) {
        self.0.store(if on { ON } else { OFF }, Ordering::Relaxed);
    }

    /// Whether the box must be off the press. A box that starts has not been told: it writes nothing before a shot has ended, and
    /// by then the line was read.
    pub fn off(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OFF
    }
}
