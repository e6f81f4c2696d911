//! Time as the node knows it.

use serde::{Deserialize, Serialize};

/// Ticks of the node's free-running timer since boot.
///
/// The hardware counter is 32 bits wide and wraps; the node extends it to 64 bits before anything
/// leaves it, so on the wire ticks only go back when the node reboots. How long a tick lasts is in
/// [`crate::Hello::tick_hz`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NodeTicks(pub u64);

impl NodeTicks {
    /// The instant `ticks` later. Saturates at the end of time.
    #[must_use]
    pub const fn plus(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// Ticks from `earlier` to `self`, zero when `earlier` is in fact later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
